"""What goes on beside requests, in each server process, until it goes down."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from earmark.ask.turn_log import sweep_events
from earmark.errors import EarmarkError
from earmark.identity import idempotency
from earmark.media.erasure import keep_sweeping
from earmark.metrics import Metrics
from earmark.runtime import Runtime

_SWEEP_S = 600
log = structlog.get_logger("earmark.api")


def upkeep_of(runtime: Runtime) -> list[Coroutine[Any, Any, None]]:
    """Return the work, each to be made a task of and cancelled in the end."""
    return [
        runtime.ingester.resume(runtime.operator),
        runtime.last_used.keep_writing(),
        _sweep(runtime),
        keep_sweeping(runtime.operator, runtime.media),
        _keep_counting(runtime.metrics),
        runtime.rates.keep_together(),
    ]


async def _sweep(runtime: Runtime) -> None:
    """Now and then, delete kept answers that are older than a day, and what turns said a while ago."""
    while True:
        try:
            await idempotency.sweep(runtime.operator)
            await runtime.rates.sweep(runtime.operator)
            await sweep_events(runtime.operator)
        except EarmarkError as error:  # the database is away: the next round finds the same rows
            log.warning("sweep.failed", error=type(error).__name__)
        await asyncio.sleep(_SWEEP_S)


async def _keep_counting(metrics: Metrics | None) -> None:
    if metrics is not None:
        await metrics.keep_writing()
