"""Backups that are written again and again into one folder: their names, and which are deleted."""

from __future__ import annotations

import re
import time
from pathlib import Path

import typer

_NAME = re.compile(r"earmark-\d{8}T\d{6}Z\.zip\Z")


def next_file(folder: Path) -> Path:
    """Return the file to write now.

    Raises: typer.BadParameter if there is no such folder.
    """
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder; with --keep, name the folder of the backups.")
    return folder / time.strftime("earmark-%Y%m%dT%H%M%SZ.zip", time.gmtime())


def newest(folder: Path) -> Path:
    """Return the newest backup of a folder.

    Raises: typer.BadParameter if there is none.
    """
    found = _backups(folder)
    if not found:
        raise typer.BadParameter(f"{folder} has no backup that `earmark backup --keep` wrote.")
    return found[-1]


def _backups(folder: Path) -> list[Path]:
    """Return the backups of a folder, the oldest first."""
    return sorted(path for path in folder.iterdir() if _NAME.match(path.name) and path.is_file())


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups of a folder, and return them; files of other names stay."""
    surplus = _backups(folder)[:-keep]
    for path in surplus:
        path.unlink(missing_ok=True)
    return surplus
