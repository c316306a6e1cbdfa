"""Finds what has arrived in a folder and is complete: files that have not changed for a while, each state of them once.

There is no way to ask whether a program still writes to a file, on every system and over a network; waiting until it
stops changing holds for all (Syncthing and rsync write under another name first, which is neither audio nor text).
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Final

from earmark.imports.archives import list_folder
from earmark.imports.grouping import group_files
from earmark.imports.types import File, Group

_ARCHIVE: Final = ".zip"
State = tuple[Hashable, ...]


class Watch:
    """What is new in a folder, look by look.

    Args:
        settle_s: for how long nothing of a recording's files may have changed.
    """

    def __init__(self, folder: Path, settle_s: float) -> None:
        self._folder = folder
        self._settle_s = settle_s
        self._since: dict[str, tuple[State, float]] = {}
        self._done: dict[str, State] = {}

    def look(self, now_s: float) -> list[Group | File]:
        """Return the recordings, and the archives, that are complete and were not returned in this state before.

        Args:
            now_s: of a clock that only goes forward.

        Raises: OSError if the folder can't be read.
        """
        next(self._folder.iterdir(), None)  # a folder that is away would look like an empty one
        there = {one.name: (one, _state(one)) for one in self._list()}
        self._since = {
            name: self._since[name] if self._since.get(name, (None, 0.0))[0] == state else (state, now_s)
            for name, (_, state) in there.items()
        }
        self._done = {name: state for name, state in self._done.items() if name in there}
        ready = []
        for name, (found, state) in there.items():
            if now_s - self._since[name][1] >= self._settle_s and self._done.get(name) != state:
                self._done[name] = state
                ready.append(found)
        return ready

    @property
    def is_settled(self) -> bool:
        """Whether nothing that is there still has to be waited for."""
        return all(self._done.get(name) == state for name, (state, _) in self._since.items())

    def again(self, name: str) -> None:
        """Return what has this name once more, at the next look."""
        self._done.pop(name, None)

    def _list(self) -> list[Group | File]:
        groups, others = group_files(list_folder(self._folder), root=str(self._folder))
        return [*groups, *(one for one in others if one.base.lower().endswith(_ARCHIVE))]


def _state(found: Group | File) -> State:
    """Return what changes when somebody writes to a file of it, or a file joins it."""
    files = (found,) if isinstance(found, File) else (found.transcript, found.audio)
    return tuple(_file_state(file) for file in files if file is not None)


def _file_state(file: File) -> State:
    try:
        found = Path(file.name).stat()
    except OSError:  # it left meanwhile
        return (file.name, None)
    return (file.name, found.st_size, found.st_mtime_ns)
