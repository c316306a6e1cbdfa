"""Computations on threads of the server's process: a few at once, tenants in turn.

Each thread that computes in Python takes the interpreter from the event loop again and again, so that a list of twenty
rows waits twenty times. Hence few run at once, and a tenant's own number leaves room for another tenant's.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from typing import Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from earmark.contexts import begin_on
from earmark.fair_slots import NOBODY, FairSlots, Owner

P = ParamSpec("P")
T = TypeVar("T")
AT_ONCE: Final = min(4, max(2, os.cpu_count() or 2))
_owner: ContextVar[Owner] = ContextVar("earmark_computing_owner", default=NOBODY)
_NICE: Final = 5
LATER: Final = 15
"""For what nobody waits for at this moment, such as the vectors of an import."""


def give_way(nice: int = _NICE) -> None:
    """Lower this thread's priority: what comes before it, when it has something to do, gets the core at once."""
    with suppress(AttributeError, OSError):  # not everywhere
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.nice(0) + nice)


_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="earmark-compute", initializer=give_way)
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, FairSlots] = WeakKeyDictionary()


def compute_for(owner: Owner) -> None:
    """Name whose computations the rest of this task starts, and the tasks that it starts."""
    _owner.set(owner)


async def compute(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` on a thread when it is its owner's turn (`compute_for`).

    A caller that is cancelled doesn't wait for it; the slot is free when the thread is.
    """
    loop, owner = asyncio.get_running_loop(), _owner.get()
    slots = _slots.get(loop)
    if slots is None:
        slots = _slots[loop] = FairSlots(AT_ONCE, most_each=AT_ONCE // 2)
    await slots.acquire(owner)
    running = begin_on(_threads, lambda: work(*args, **kwargs))

    def release(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for a slot
            loop.call_soon_threadsafe(slots.release, owner)

    running.add_done_callback(release)
    return await asyncio.wrap_future(running)
