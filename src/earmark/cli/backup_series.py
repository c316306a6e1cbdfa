"""Backups that are written again and again into one folder: their names, and which are deleted."""

from __future__ import annotations

import re
import time
from pathlib import Path

import typer

from earmark.cli.backup_files import NotABackupError, read_installation
from earmark.errors import ConflictError

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


class OtherInstallationError(ConflictError):
    """The folder has a backup of another installation than the one backed up now, or one that can't be read."""

    def __init__(self, new: Path, other: Path) -> None:
        super().__init__(
            f"{new} is written, and no older file was deleted: {other.name} is of another installation. "
            "Check EARMARK_DATA_DIR and EARMARK_DATABASE_URL; each installation needs its own folder of backups."
        )


def prune(folder: Path, keep: int, *, new: Path) -> list[Path]:
    """Delete all but the newest `keep` backups of a folder, and return them; files of other names stay.

    Raises: OtherInstallationError if one of them is of another installation than `new`; then none is deleted.
    """
    found = _backups(folder)
    installation = read_installation(new)
    for path in found:
        if not _may_be_of(path, installation):
            raise OtherInstallationError(new, path)
    surplus = found[:-keep]
    for path in surplus:
        path.unlink(missing_ok=True)
    return surplus


def _may_be_of(path: Path, installation: str) -> bool:
    """Whether a backup is of an installation; so counts what is no backup at all, since nobody can restore it."""
    try:
        return read_installation(path) == installation
    except NotABackupError:
        return True
    except OSError:
        return False
