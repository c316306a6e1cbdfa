"""Parses large request bodies on a worker thread, so that other requests are served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

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
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
