"""Which versions of the SQLite library have faults that matter here."""

from __future__ import annotations

import sqlite3
from typing import Final

_FIXED: Final = (3, 51, 3)
"""Before it, a commit during a second checkpoint may leave the WAL's index wrong, and the file damaged.

Source: https://www.sqlite.org/wal.html, "The WAL-Reset Bug".
"""


def warn_of_version(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str | None:
    """Return a sentence about the library's known fault, or None."""
    if version >= _FIXED:
        return None
    has, fixed = (".".join(map(str, one)) for one in (version, _FIXED))
    return (
        f"SQLite {has} has a fault that can, very rarely, damage the file when two connections write or checkpoint at "
        f"once (fixed in {fixed}; your system may have patched it): update the library that Python uses, or use "
        "PostgreSQL, and keep backups"
    )
