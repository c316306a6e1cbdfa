"""What turns said, stored in batches for other processes until 5 minutes after their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from earmark.ask.answers.feed import TurnEvent, is_last
from earmark.ask.turns import queries as turn_queries
from earmark.ask.turns.stored_events import LoggedEvent, dump_events, load_events
from earmark.clock import now_us
from earmark.identity.projects import list_tenants
from earmark.storage.tenant import Operator, Tenant

RETENTION_US = 5 * 60 * 1_000_000
_SWEPT_US = 30 * 60 * 1_000_000


Batch = tuple[dict[str, Any], int, Sequence[TurnEvent]]
"""Where events are stored (session, message and end user), the number of the first, and the events."""


def turn_channel(session_id: str) -> str:
    """Return the channel that is signalled when the session's turn has said something, or the session is deleted."""
    return f"turn {session_id}"


async def append_events(work: Tenant, place: dict[str, Any], first_seq: int, events: Sequence[TurnEvent]) -> None:
    """Store a batch, in the caller's unit of work. `place` names the session, the message and the end user."""
    await append_batches(work, [(place, first_seq, events)])


async def append_batches(work: Tenant, batches: Sequence[Batch]) -> None:
    """Store batches of several turns, in the caller's unit of work."""
    await work.execute_many(turn_queries.insert_events, [_row(*batch) for batch in batches])
    for place, _, _ in batches:
        work.signal(turn_channel(place["session_id"]))


def _row(place: dict[str, Any], first_seq: int, events: Sequence[TurnEvent]) -> dict[str, Any]:
    return {
        **place,
        "first_seq": first_seq,
        "events_json": dump_events(events),
        "created_us": now_us(),
        "ended_us": now_us() if is_last(events[-1]) else None,
    }


async def read_events(
    tenant: Tenant, session_id: str, message_id: str, *, from_seq: int = 1
) -> tuple[list[tuple[int, LoggedEvent]], int | None]:
    """Return the numbered events stored so far, and when the turn ended, if it has.

    Batches that begin before `from_seq` are left out, but for the one that ends the turn.
    """
    params = {"session_id": session_id, "message_id": message_id, "from_seq": from_seq}
    rows = await tenant.fetch_all(turn_queries.select_events, params)
    events: list[tuple[int, LoggedEvent]] = []
    ended = None
    for first_seq, events_json, ended_us in rows:
        ended = ended_us or ended
        events += enumerate(load_events(events_json), start=first_seq)
    return events, ended


async def forget_events(work: Tenant, session_id: str, message_id: str) -> None:
    """Forget what an earlier turn on the same question said."""
    await work.execute(turn_queries.delete_events, {"session_id": session_id, "message_id": message_id})


async def sweep_events(operator: Operator) -> None:
    """Delete what no reader can ask for any more, in every tenant."""
    before = {"before_us": now_us() - _SWEPT_US}
    for tenant in await list_tenants(operator):
        if await tenant.fetch_one(turn_queries.select_old_event, before) is not None:
            async with tenant.writing() as work:
                await work.execute(turn_queries.delete_old_events, before)
