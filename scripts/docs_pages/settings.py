"""`docs/reference/settings.md`: every setting with its default as it would be typed, from the classes that read them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from earmark.config import ServerSettings, Settings

GROUPS = {
    "Files and database": ("config", "data_dir", "database", "migration_database", "allow_unsafe"),
    "Address and access": ("host", "port", "public_url", "cors", "trusted"),
    "Processes and limits": ("workers", "requests", "shutdown", "turn_wait", "rate_limit", "upload_limit"),
    "Logs, metrics and traces": ("log", "metrics", "traces"),
    "Search": ("embedd", "vector"),
    "Who answers": ("default_provider", "project_providers", "fallback", "provider_aliases", "long_", "improve"),
    "Language models": ("gemini", "openai", "claude", "servers", "model_"),
}
"""Heading -> how the names of its settings begin; what fits nowhere stands under "Other"."""
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

Written by `make docs` from `src/earmark/config.py`.
"""
_SERVERS = """## Servers by name

Each server of `EARMARK_SERVERS` has these, here for one named `OLLAMA`; `MODEL` and `BASE_URL` are required.
"""


def render_settings() -> str:
    """Return the page."""
    groups: dict[str, list[str]] = {heading: [] for heading in (*GROUPS, "Other")}
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        groups[_group_of(name)] += _rows(f"EARMARK_{name.upper()}", default, _meanings(Settings)[name])
    lines = [_INTRO]
    for heading, rows in groups.items():
        if rows:
            lines += [f"## {heading}", "", *_HEAD, *rows, ""]
    lines += [_SERVERS, *_HEAD]
    for name, field in ServerSettings.model_fields.items():
        lines += _rows(f"EARMARK_SERVERS__OLLAMA__{name.upper()}", field.default, _meanings(ServerSettings)[name])
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


def _group_of(name: str) -> str:
    return next((heading for heading, starts in GROUPS.items() if name.startswith(starts)), "Other")


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
    sources = [inspect.getsource(one) for one in reversed(kind.__mro__) if one.__module__ == Settings.__module__]
    return dict(_FIELD.findall("\n".join(sources)))
