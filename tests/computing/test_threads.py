"""Threads that compute: a few at once, and a tenant's own number leaves room for another's."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from earmark.computing.threads import AT_ONCE, compute, compute_for

OURS, THEIRS = (1, None), (2, None)


async def computing_for(owner: tuple[int, None], work: object, *args: object) -> object:
    compute_for(owner)
    return await compute(work, *args)  # type: ignore[arg-type]


async def test_a_tenant_that_computes_without_end_leaves_a_thread_for_another() -> None:
    go_on, begun = threading.Event(), threading.Semaphore(0)

    def endless() -> None:
        begun.release()
        go_on.wait(60)

    theirs = [asyncio.create_task(computing_for(THEIRS, endless)) for _ in range(4 * AT_ONCE)]
    for _ in range(AT_ONCE // 2):
        await asyncio.to_thread(begun.acquire)
    assert await computing_for(OURS, lambda: 42) == 42
    assert not begun.acquire(blocking=False), "more than its number of theirs have begun"
    go_on.set()
    await asyncio.gather(*theirs)


async def test_a_cancelled_caller_keeps_its_slot_until_its_thread_is_free() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(60)

    first = [asyncio.create_task(computing_for(OURS, slow)) for _ in range(AT_ONCE // 2)]
    await asyncio.to_thread(begun.wait)
    for one in first:
        one.cancel()
    next_one = asyncio.create_task(computing_for(OURS, lambda: "next"))
    await asyncio.gather(*first, return_exceptions=True)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not next_one.done()
    go_on.set()
    assert await next_one == "next"


async def test_what_a_computation_raises_reaches_its_caller_and_frees_the_slot() -> None:
    def fail() -> None:
        raise ValueError("no")

    for _ in range(2 * AT_ONCE):
        with pytest.raises(ValueError, match="no"):
            await computing_for(OURS, fail)


async def test_a_computation_sees_its_callers_context() -> None:
    named: ContextVar[str] = ContextVar("named", default="nobody")
    named.set("somebody")
    assert await compute(named.get) == "somebody"
