"""Limits of the decoding process, which it sets for itself before it loads a decoder."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

_OPEN_FILES: Final = 64
_NICENESS: Final = 19
_CPU_SLACK_S: Final = 5
"""At the hard limit a process gets SIGKILL, from which nobody could tell that the file was to blame."""


def limit_process(memory_bytes: int, cpu_s: int) -> None:
    """Limit memory, CPU time and files, forbid core dumps and writing files, and give way to all other processes."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    if resource is None:
        return
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CPU, cpu_s, cpu_s + _CPU_SLACK_S)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)


def forbid_opening() -> None:
    """Forbid this process to open anything more: files, sockets, pipes. What is open stays usable."""
    if resource is not None:
        _limit(resource.RLIMIT_NOFILE, 0)


def _limit(kind: int, value: int, hard: int | None = None) -> None:
    with suppress(OSError, ValueError):  # a system may lack one of them, or have a lower one already
        resource.setrlimit(kind, (value, value if hard is None else hard))
