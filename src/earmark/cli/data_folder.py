"""What `earmark doctor` says of the data folder: whether it is one, can be used, and by whom."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from earmark.cli.findings import Finding
from earmark.data_dir import make_private, mode_for_others

_OWNER = stat.S_IRWXU


def check_folder(folder: Path) -> Finding:
    """Check that the folder can be used, and its mode, before opening the runtime makes it private."""
    fault = _find_fault(folder)
    if fault is not None:
        return _finding(fault, is_ok=False)
    mode = mode_for_others(folder)
    if not mode:
        return _finding("accessible to its owner only", is_ok=True)
    if make_private(folder):
        return _finding(f"was accessible to others ({mode:04o}); now to its owner only", is_ok=True)
    return _finding(f"{folder} is accessible to others ({mode:04o}); run chmod 700 as its owner", is_ok=False)


def _finding(says: str, *, is_ok: bool) -> Finding:
    return Finding("data folder", is_ok, says)


def _find_fault(folder: Path) -> str | None:
    """Return why the folder can't be used, if it can't."""
    try:
        kind = folder.stat().st_mode
    except FileNotFoundError:
        return _find_obstacle(folder)
    except OSError as error:
        return f"{folder} can't be used: {(error.strerror or 'unknown error').lower()}"
    if not stat.S_ISDIR(kind):
        return f"{folder} is a file, not a folder"
    if kind & _OWNER != _OWNER:
        return f"{folder} denies its own owner access ({stat.S_IMODE(kind):04o}); run chmod 700 as its owner"
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"{folder} can't be read and written by this user, or its disk is read-only"
    return None


def _find_obstacle(folder: Path) -> str:
    above = next(path for path in folder.absolute().parents if path.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        return f"{folder} does not exist, and this user can't create it in {above}"
    return f"{folder} does not exist"
