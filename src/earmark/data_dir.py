"""The folder that the data lies in: for its owner only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS = 0o077


def mode_for_others(folder: Path) -> int:
    """Return the folder's mode if others than its owner may read or write in it, else 0."""
    try:
        kind = folder.stat().st_mode
    except OSError:  # not there yet; what else is wrong with it the database says
        return 0
    return stat.S_IMODE(kind) if stat.S_ISDIR(kind) and kind & _OTHERS else 0


def make_private(folder: Path) -> bool:
    """Take the folder from others if it is ours; return whether it is its owner's alone.

    One that is somebody else's stays as it is, and so does one with a sticky bit: such as `/tmp` are meant for all.
    """
    mode = mode_for_others(folder)
    if not mode:
        return True
    try:
        if folder.stat().st_uid == os.geteuid() and not mode & stat.S_ISVTX:
            folder.chmod(mode & ~_OTHERS)
    except OSError:
        return False
    return not mode_for_others(folder)
