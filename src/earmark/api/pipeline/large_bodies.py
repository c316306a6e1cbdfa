"""Parses large request bodies on a worker thread or apart, so that other requests are served meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, ParamSpec, TypeVar

from earmark.computing.process import Apart, Work
from earmark.computing.threads import compute
from earmark.fair_slots import Owner

P = ParamSpec("P")
T = TypeVar("T")
_LARGE_BYTES: Final = 64 * 1024
"""Of JSON: about a millisecond to parse and validate, many times what a change of threads costs."""


def is_large(size_bytes: int) -> bool:
    """Whether `run_sized` takes a thread for a body of this size."""
    return size_bytes > _LARGE_BYTES


async def run_sized(size_bytes: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` on a thread if it is about a large body, else at once."""
    if is_large(size_bytes):
        return await compute(work, *args, **kwargs)
    return work(*args, **kwargs)


async def run_apart(size_bytes: int, apart: Apart, owner: Owner, work: Work, pieces: Sequence[Any]) -> list[Any]:
    """Run `work` in a process of its own if it is about a large body, else at once."""
    return await apart.run(owner, work, pieces) if is_large(size_bytes) else list(work(iter(pieces)))
