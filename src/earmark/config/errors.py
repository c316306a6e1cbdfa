"""Why settings can't be used; no message repeats a file's content."""

from __future__ import annotations

import re
from pathlib import Path

from earmark.errors import InvalidError

_PLACE = re.compile(r"at line \d+, column \d+|at end of document")
"""The part of a TOML parser's message that is safe to show; the rest may repeat the file's content."""


class SettingsError(InvalidError):
    """A setting has an invalid value."""


class NotTomlError(SettingsError):
    """The settings file is not valid TOML; the message gives the position, never the content."""

    def __init__(self, file: Path, error: ValueError) -> None:
        where = _PLACE.search(str(error))
        place = f" ({where.group()})" if where else ""
        super().__init__(f"EARMARK_CONFIG: {file} is not valid TOML{place}.", param="EARMARK_CONFIG")
