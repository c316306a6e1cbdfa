"""What turns said, kept in batches for other processes until 5 minutes after their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from earmark.ask.answers.feed import TurnEvent
from earmark.ask.turns import queries as turn_queries
from earmark.ask.types import AskResult
from earmark.clock import now_us
from earmark.errors import EarmarkError, ProviderError
from earmark.identity.projects import list_tenants
from earmark.storage.tenant import Operator, Tenant

KEPT_US = 5 * 60 * 1_000_000
_SWEPT_US = 30 * 60 * 1_000_000


class KeptFailureError(ProviderError):
    """A failure as another process met it."""

    def __init__(self, kept: dict[str, Any]) -> None:
        super().__init__(kept["message"])
        self.code = kept["code"]  # type: ignore[misc]
        self.status = kept["status"]  # type: ignore[misc]
        self.session_id = kept.get("session_id")


Batch = tuple[dict[str, Any], int, Sequence[TurnEvent]]
"""Where events are kept (session, message and end user), the number of the first, and the events."""


async def append_events(work: Tenant, place: dict[str, Any], first_seq: int, events: Sequence[TurnEvent]) -> None:
    """Keep a batch, in the caller's unit of work. `place` names the session, the message and the end user."""
    await work.execute(turn_queries.insert_events, _row(place, first_seq, events))


async def append_batches(work: Tenant, batches: Sequence[Batch]) -> None:
    """Store batches of several turns, in the caller's unit of work."""
    await work.execute_many(turn_queries.insert_events, [_row(*batch) for batch in batches])


def _row(place: dict[str, Any], first_seq: int, events: Sequence[TurnEvent]) -> dict[str, Any]:
    """Return the row of a batch.

    Of an ended turn no sources are kept here: its readers get those that the answer still has, so that nothing
    of a deleted recording is said again.
    """
    is_last = events[-1].name in ("turn.completed", "turn.failed")
    kept = [TurnEvent(one.name, None) if is_last and one.name == "turn.sources" else one for one in events]
    return {
        **place,
        "first_seq": first_seq,
        "events_json": orjson.dumps([[event.name, _kept(event.data)] for event in kept]).decode(),
        "created_us": now_us(),
        "ended_us": now_us() if is_last else None,
    }


def _kept(data: Any) -> Any:
    if isinstance(data, AskResult):
        return {"message_id": data.message.id}
    if isinstance(data, EarmarkError):
        return {"code": data.code, "status": data.status, "message": data.message, "session_id": data.session_id}
    return data


async def read_events(
    tenant: Tenant, session_id: str, message_id: str, *, from_seq: int = 1
) -> tuple[list[tuple[int, TurnEvent]], int | None]:
    """Return the numbered events kept so far, and when the turn ended, if it has.

    Batches that begin before `from_seq` are left out, but for the one that ends the turn.
    """
    params = {"session_id": session_id, "message_id": message_id, "from_seq": from_seq}
    rows = await tenant.fetch_all(turn_queries.select_events, params)
    events, ended = [], None
    for first_seq, events_json, ended_us in rows:
        ended = ended_us or ended
        for number, (name, data) in enumerate(orjson.loads(events_json), start=first_seq):
            events.append((number, TurnEvent(name, KeptFailureError(data) if name == "turn.failed" else data)))
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
