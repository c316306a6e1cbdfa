"""The outbox: what others should hear of, written in the transaction of its change and read by position.

An event gets its position after its commit, under a lock, in a transaction of its own: a reader that has seen
position n has seen every event up to n, whatever order the transactions committed in. Readers that act on events
move their position in the transaction of what they do (`read_once`), so that each event has its effect once; those
that only look (`follow`) begin at the present and hold their position in memory.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from earmark.clock import now_us
from earmark.errors import UnavailableError
from earmark.ids import new_id
from earmark.jobs import event_queries as queries
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Operator, Tenant

EVENTS = "events"
"""The channel that is signalled when there are new events."""
TYPES: Final = (
    "recording.created", "recording.uploaded", "recording.updated", "recording.deleted",
    "transcription.started", "transcription.completed", "transcription.failed",
    "summary.started", "summary.completed", "summary.failed",
    "ask_turn.completed", "ask_turn.failed", "end_user.deleted",
    "webhook_endpoint.disabled", "webhook_endpoint.test",
)  # fmt: skip
"""The types of events, as the contract names them for webhooks."""
_LAST = ""
"""The reader whose position is the last one that was given."""
_AT_ONCE = 500
_POLL_S, _POLL_SIGNALLED_S = 2.0, 30.0
_GATHER_S = 0.25
"""A follower waits so long for more events: placing them is a write, which many then share."""
_LIFE_US = 30 * 24 * 3_600 * 1_000_000


class Event(NamedTuple):
    """One row of `events`; `position` is None until it is placed."""

    tenant_id: int
    id: str
    end_user_id: str | None
    type: str
    subject_id: str | None
    data_json: str
    created_us: int
    position: int | None

    @property
    def data(self) -> dict[str, Any]:
        """Ids, statuses and numbers."""
        found: dict[str, Any] = json.loads(self.data_json)
        return found


async def emit(
    work: Tenant, type_: str, *, end_user_id: str | None, subject_id: str | None = None, data: Mapping[str, Any]
) -> Event:
    """Write an event in the caller's unit of work; return it.

    Args:
        type_: one of `TYPES`.
        subject_id: the recording or session with which the event is erased; None: it outlives its subject.
        data: ids, statuses and numbers, nobody's words.
    """
    if type_ not in TYPES:
        raise ValueError(f"{type_} is not a type of event")
    event = Event(
        work.key.tenant_id, new_id("evt"), end_user_id, type_, subject_id, json.dumps(dict(data)), now_us(), None
    )
    await work.whole_tenant().execute(queries.insert_event, event._asdict())  # the number is the tenant's
    work.signal(EVENTS)
    return event


async def delete_about(work: Tenant, subject_id: str) -> None:
    """Delete the events about a recording or session; part of deleting it."""
    await work.execute(queries.delete_events_about, {"subject_id": subject_id})


async def delete_of_end_user(work: Tenant, end_user_id: str) -> None:
    """Delete the events of an end user; part of erasing it."""
    await work.execute(queries.delete_events_of_end_user, {"erased_id": end_user_id})


async def read_after(operator: Operator, position: int, most: int = _AT_ONCE) -> list[Event]:
    """Return the events after a position, in order, those committed this instant included."""
    await _place(operator)
    params = {"after_position": position, "most": most}
    return [Event._make(row) for row in await operator.fetch_all(queries.select_events_after, params)]


async def read_once(
    operator: Operator, reader: str, handle: Callable[[Operator, Sequence[Event]], Awaitable[None]]
) -> int:
    """Hand the next events to a named reader; its effects and its new position are one unit of work.

    Returns how many there were. Two processes that read under one name take turns.
    """
    await _place(operator)
    await _ensure_reader(operator, reader)
    async with operator.writing() as work:
        position = (await work.fetch_all(queries.select_reader, {"of_name": reader}, for_update=True))[0][0]
        params = {"after_position": position, "most": _AT_ONCE}
        found = [Event._make(row) for row in await work.fetch_all(queries.select_events_after, params)]
        if found:
            await handle(work, found)
            await work.execute(queries.update_reader, {"of_name": reader, "new_position": found[-1].position})
    return len(found)


async def read_own_between(work: Tenant, after: int, until: int) -> list[Event]:
    """Return the tenant's events at positions after `after` up to `until`, locked against their erasure."""
    params = {"after_position": after, "until_position": until}
    return [Event._make(row) for row in await work.fetch_all(queries.select_own_events_between, params)]


async def lock_about(work: Tenant, *, subject_id: str | None = None, end_user_id: str | None = None) -> None:
    """Lock the events about a recording, a session or a person: what is made of them is committed before, or never."""
    if subject_id is not None:
        await work.fetch_all(queries.select_events_about, {"subject_id": subject_id})
    if end_user_id is not None:
        await work.fetch_all(queries.select_events_of_end_user, {"erased_id": end_user_id})


async def follow(operator: Operator) -> AsyncIterator[Event]:
    """Yield events from now on, as they are committed, until the caller stops."""
    with operator.database.signals.listening(EVENTS) as waiter:
        position = await last_position(operator)
        while True:
            found: list[Event] = []
            with suppress(UnavailableError):  # the database is away: the same events are there afterwards
                found = await read_after(operator, position)
            for event in found:
                position = event.position or position
                yield event
            if not found:
                await waiter.wait(_POLL_SIGNALLED_S if operator.database.signals.is_shared else _POLL_S)
                await asyncio.sleep(_GATHER_S)


async def last_position(operator: Operator) -> int:
    """Return the position of the newest event."""
    await _place(operator)
    rows = await operator.fetch_all(queries.select_reader, {"of_name": _LAST}, for_update=False)
    return rows[0][0] if rows else 0


async def prune(operator: Operator) -> None:
    """Delete events that are older than 30 days."""
    await operator.write((queries.delete_events_before, {"before_us": now_us() - _LIFE_US}))


async def _place(operator: Operator) -> None:
    """Give positions to committed events, in batches; whoever reads does it."""
    while await operator.fetch_all(queries.select_unplaced, {"most": 1}):
        await _ensure_reader(operator, _LAST)
        async with operator.writing() as work:
            position = (await work.fetch_all(queries.select_reader, {"of_name": _LAST}, for_update=True))[0][0]
            rows = await work.fetch_all(queries.select_unplaced, {"most": _AT_ONCE})
            placed = [
                {"of_tenant": tenant_id, "of_id": event_id, "new_position": position + number}
                for number, (tenant_id, event_id) in enumerate(rows, start=1)
            ]
            await work.execute_many(queries.place_event, placed)
            await work.execute(queries.update_reader, {"of_name": _LAST, "new_position": position + len(rows)})


async def _ensure_reader(operator: Operator, name: str) -> None:
    if not await operator.fetch_all(queries.select_reader, {"of_name": name}, for_update=False):
        with suppress(UniqueViolationError):  # another process was first
            await operator.write((queries.insert_reader, {"name": name, "position": 0}))
