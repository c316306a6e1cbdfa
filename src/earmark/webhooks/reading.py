"""Reads the outbox: each event becomes part of a job of its tenant that queues deliveries.

Only tenants that have had an endpoint are read for, so that an installation without webhooks does no work for them: a
reader's row (`webhooks:` and the tenant's number) says so, and from which position on. The jobs and the position of the
reader `webhooks` are one unit of work: a process that dies in between leaves no gap, and hands nothing on twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from earmark.errors import UnavailableError
from earmark.jobs.outbox import EVENTS, Event, read_once
from earmark.jobs.queue import enqueue_for_tenant
from earmark.jobs.types import NewJob
from earmark.storage.tenant import Operator, Tenant
from earmark.webhooks import queries

FAN_OUT: Final = "webhooks.fan_out"
_READER: Final = "webhooks"
_LAST: Final = ""
"""The reader whose position is the last one that the outbox has given."""
_AT_ONCE: Final = 20
"""Events in a job: those that carry words read transcripts."""
_POLL_S, _POLL_SIGNALLED_S = 2.0, 30.0


def _reader_of(tenant_id: int) -> str:
    return f"{_READER}:{tenant_id}"


async def ensure_read(work: Tenant) -> None:
    """Let a tenant's events be read from now on; holds its reader's row until the commit."""
    name = _reader_of(work.key.tenant_id)
    known = await work.fetch_all(queries.select_readers, {"names": [_LAST, _READER, name]})
    positions: dict[str, int] = dict(known)
    last = {"position": positions.get(_LAST, 0)}
    for one in (_READER, name):
        if one not in positions:
            await work.execute(queries.insert_reader_once, {"name": one, **last})
    await work.fetch_all(queries.select_reader_held, {"of_name": name})


async def relay(operator: Operator, *, poll_s: float = _POLL_S) -> None:
    """Hand on events as they are committed, until cancelled; what was committed before is handed on first.

    Args:
        poll_s: between looks where no signal of other processes arrives.
    """
    signals = operator.database.signals
    with signals.listening(EVENTS) as waiter:
        while True:
            with suppress(UnavailableError):  # the database is away: the same events are there afterwards
                await relay_waiting(operator)
            await waiter.wait(_POLL_SIGNALLED_S if signals.is_shared else poll_s)


async def relay_waiting(operator: Operator) -> None:
    """Hand on what is committed now."""
    between = {"first": _reader_of(0)[:-1], "last": f"{_READER};"}  # `;` is the character after `:`
    if await operator.fetch_all(queries.select_readers_between, between):
        while await read_once(operator, _READER, _enqueue):
            pass


async def _enqueue(work: Operator, events: Sequence[Event]) -> None:
    """Add a job for some events of a tenant at a time, named by their positions."""
    by_tenant: defaultdict[int, list[int]] = defaultdict(list)
    for event in events:
        by_tenant[event.tenant_id].append(event.position or 0)
    names = {_reader_of(tenant_id): tenant_id for tenant_id in by_tenant}
    for name, since in await work.fetch_all(queries.select_readers, {"names": list(names)}):
        positions = [position for position in by_tenant[names[name]] if position > since]
        for start in range(0, len(positions), _AT_ONCE):
            some = positions[start : start + _AT_ONCE]
            payload: dict[str, Any] = {"after": some[0] - 1, "until": some[-1]}
            await enqueue_for_tenant(work, names[name], NewJob(FAN_OUT, payload=payload))
