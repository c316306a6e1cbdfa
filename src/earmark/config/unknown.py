"""Settings that nobody knows: misspelt variables and misspelt keys of the TOML file."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Final

from earmark.config.loading import field_of, read_environment, settings_file
from earmark.config.settings import Settings

_PREFIX: Final = "EARMARK_"
_OF_OTHERS: Final = frozenset({"EARMARK_DOMAIN", "EARMARK_KEY", "EARMARK_MCP_TOKEN"})
"""Variables of the guides, of clients and of Compose files, which are no settings of the server."""


def find_unknown_settings() -> list[str]:
    """Return a sentence for each variable `EARMARK_…` and each key of the settings file that is no setting."""
    known = list(Settings.model_fields)
    variables = [
        _say(
            f"{name} is not a setting",
            f"{_PREFIX}{found.upper()}" if (found := _nearest(field_of(name), known)) else None,
        )
        for name in read_environment()
        if _is_unknown(name, known)
    ]
    file = settings_file()
    keys = [key for key in _keys_of(file) if key not in known]
    return variables + [_say(f"{key} in {file} is not a setting", _nearest(key.lower(), known)) for key in keys]


def _is_unknown(name: str, known: list[str]) -> bool:
    """Whether a variable sets nothing; what stands behind `__` was checked when the settings were read."""
    return name.upper() not in _OF_OTHERS and field_of(name) not in known


def _nearest(field: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(field, known, 1)), None)


def _say(sentence: str, nearest: str | None) -> str:
    return f"{sentence}; did you mean {nearest}?" if nearest else f"{sentence}."


def _keys_of(file: Path) -> list[str]:
    try:
        return list(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):  # reading the settings says what is wrong
        return []
