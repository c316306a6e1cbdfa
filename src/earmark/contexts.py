"""Which request or job work belongs to: threads are told it, and what serves all of them leaves it behind.

`asyncio.create_task` and `asyncio.to_thread` pass the caller's context on by themselves.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from contextvars import Context, copy_context
from typing import Any, TypeVar

T = TypeVar("T")


def log_lost_apart(loop: asyncio.AbstractEventLoop) -> None:
    """Log errors of tasks that nobody awaited outside of any request or job.

    They are noticed when the task is collected, in the context of whoever runs then. From Python 3.12 on asyncio logs
    them in their own.
    """
    if sys.version_info < (3, 12):
        loop.set_exception_handler(lambda loop, what: Context().run(loop.default_exception_handler, what))


def run_on(executor: Executor, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
    """Run `work` on a thread of `executor`, in a copy of the caller's context."""
    return asyncio.get_running_loop().run_in_executor(executor, copy_context().run, work, *args)


def begin_on(executor: Executor, work: Callable[..., T], *args: Any) -> Future[T]:
    """Like `run_on`; the result says when the thread is free, not only when the caller stops waiting."""
    return executor.submit(copy_context().run, work, *args)


def start_shared(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task that serves more than the request or job that happens to start it: in an empty context."""
    return asyncio.create_task(work, context=Context())
