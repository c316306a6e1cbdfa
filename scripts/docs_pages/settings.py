"""`docs/reference/settings.md`: every setting with its default as it would be typed, from the classes that read them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from earmark.config import ClaimRule, OidcSettings, ServerSettings, Settings, SpeechServerSettings

SUBJECTS = [one for one in Settings.__bases__ if one.__module__.startswith("earmark.config")]
"""A heading each, which the docstring is."""
_FIELD = re.compile(r'^    (\w+): .*\n    """(.*?)"""', re.MULTILINE)
_HEAD = ["| setting and default | meaning |", "|---|---|"]
_INTRO = """# Settings

A setting is an environment variable, or a line of a TOML file. The file is the one that `EARMARK_CONFIG` names, else
`earmark.toml` in the folder where the command is started. The environment wins over the file.

The first column shows each variable with its default, as you would type it. "Unset" means that there is no default;
"nothing" means that the default is an empty text, list or object. In the file a name has no prefix and is in lower case,
and two underscores become a table:

```toml
port = 9000
fallback = ["ollama", "earmark"]

[servers.ollama]
base_url = "http://127.0.0.1:11434/v1"
model = "llama3.2"
```

In the environment, lists and objects are written as JSON: `EARMARK_FALLBACK='["ollama", "earmark"]'`. Names that end in
`_s` are seconds, `_bytes` bytes, `_mb` megabytes. A value that can't be used stops the command with one sentence that
names the setting. A running server reads its settings once, at start.

Written by `make docs` from the classes in `src/earmark/config/`.
"""
_SERVERS = """## Servers by name

Each server of `EARMARK_SERVERS` has these, here for one named `OLLAMA`; `MODEL` and `BASE_URL` are required.
"""
_SPEECH_SERVERS = """
## Speech servers by name

Each server of `EARMARK_SPEECH_SERVERS` has these, here for one named `SPEACHES`; `MODEL` and `BASE_URL` are required.
"""
_PROVIDERS = """
## Sign-in providers by name

Each provider of `EARMARK_OIDC` has these, here for one named `COMPANY`; `ISSUER` and `CLIENT_ID` are required.
"""
_RULES = """
### Rules of a sign-in provider

Each rule of `RULES` has these; in the file it is a table of its own, `[[oidc.company.rules]]`
([how people sign in](../guides/sign-in.md)).

| name and default | meaning |
|---|---|
"""


def render_settings() -> str:
    """Return the page."""
    lines = [_INTRO]
    for subject in SUBJECTS:
        lines += [f"## {inspect.getdoc(subject)}".removesuffix("."), "", *_HEAD]
        for name in inspect.get_annotations(subject):
            default = Settings.model_fields[name].get_default(call_default_factory=True)
            lines += _rows(f"EARMARK_{name.upper()}", default, _meanings(subject)[name])
        lines.append("")
    lines += [_SERVERS, *_HEAD]
    for name, field in ServerSettings.model_fields.items():
        lines += _rows(f"EARMARK_SERVERS__OLLAMA__{name.upper()}", field.default, _meanings(ServerSettings)[name])
    lines += [_SPEECH_SERVERS, *_HEAD]
    for name, field in SpeechServerSettings.model_fields.items():
        meaning = _meanings(SpeechServerSettings)[name]
        lines += _rows(f"EARMARK_SPEECH_SERVERS__SPEACHES__{name.upper()}", field.default, meaning)
    lines += [_PROVIDERS, *_HEAD]
    for name, field in OidcSettings.model_fields.items():
        lines += _rows(f"EARMARK_OIDC__COMPANY__{name.upper()}", field.default, _meanings(OidcSettings)[name])
    lines.append(_RULES.rstrip())
    for name, field in ClaimRule.model_fields.items():
        lines += _rows(name, field.default, _meanings(ClaimRule)[name])
    return "\n".join(lines) + "\n"


def typed(default: Any) -> str | None:
    """Return a default as a person types it, or None for one that is empty or not there."""
    if default is None or default is PydanticUndefined or default in ("", (), [], {}):
        return None
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    if isinstance(default, dict | list | tuple):
        return f"'{json.dumps(default)}'"
    return str(default)


def _rows(variable: str, default: Any, meaning: str) -> Iterator[str]:
    if isinstance(default, BaseModel):
        for name in type(default).model_fields:
            yield from _rows(f"{variable}__{name.upper()}", getattr(default, name), _meanings(type(default))[name])
        return
    shown = typed(default)
    missing = "required" if default is PydanticUndefined else "unset" if default is None else "nothing"
    first = f"`{variable}` ({missing})" if shown is None else f"`{variable}={shown}`"
    yield f"| {first} | {meaning} |"


def _meanings(kind: type[BaseModel]) -> dict[str, str]:
    """Return the string under each field, of the class and those it extends."""
    sources = [inspect.getsource(one) for one in reversed(kind.__mro__) if one.__module__.startswith("earmark.config")]
    return dict(_FIELD.findall("\n".join(sources)))
