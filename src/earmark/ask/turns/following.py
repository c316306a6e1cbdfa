"""Following a turn that somebody else started, from any process, and stopping it."""

from __future__ import annotations

import time
from typing import Literal

from earmark.ask.answers.feed import Follower
from earmark.ask.errors import (
    EventsGoneError,
    MessageNotFoundError,
    SessionNotFoundError,
    TurnStillRunningError,
)
from earmark.ask.sessions.messages import find_answer, get_message
from earmark.ask.sessions.sessions import get_state
from earmark.ask.turns import queries as turn_queries
from earmark.ask.turns.log import RETENTION_US, read_events
from earmark.ask.turns.queue import is_running
from earmark.ask.turns.running import RunningTurns
from earmark.ask.turns.signals import TurnSignals
from earmark.clock import now_us
from earmark.storage.tenant import Tenant

_CANCEL_S = 10.0


async def follow_turn(tenant: Tenant, running: RunningTurns, session_id: str, message_id: str, after: int) -> Follower:
    """Return what reads the numbered events of a question's turn behind number `after`, to its end.

    Raises: MessageNotFoundError; EventsGoneError when nothing of them is stored.
    """
    asked = await get_message(tenant, session_id, message_id)
    if asked.role != "user":
        raise MessageNotFoundError
    here = running.find((tenant.key.tenant_id, session_id, message_id))
    if here is not None:
        return here.feed.follow(after)
    events, ended_us = await read_events(tenant, session_id, message_id)
    is_stored = events and (ended_us is None or ended_us + RETENTION_US > now_us())
    if not is_stored and not await _runs(tenant, session_id, message_id):
        raise EventsGoneError
    return running.followed.follow(tenant, session_id, message_id, after)


async def _runs(tenant: Tenant, session_id: str, message_id: str) -> bool:
    try:
        state = await get_state(tenant, session_id)
    except SessionNotFoundError:
        return False
    return is_running(state) and state.turn_message_id == message_id


async def cancel_turn(
    tenant: Tenant, running: RunningTurns, session_id: str, message_id: str
) -> Literal["cancelled", "finished"]:
    """Stop a question's turn, wherever it runs, and wait until it has stopped; what was said so far is stored.

    Raises: MessageNotFoundError; TurnStillRunningError if it hasn't stopped within ten seconds.
    """
    asked = await get_message(tenant, session_id, message_id)
    if asked.role != "user":
        raise MessageNotFoundError
    here = running.find((tenant.key.tenant_id, session_id, message_id))
    if await _runs(tenant, session_id, message_id):
        async with tenant.writing() as work:
            await work.execute(turn_queries.update_turn_cancel, {"session_id": session_id, "message_id": message_id})
        running.heartbeat.hurry()
        await _until_over(tenant, running.signals, session_id, message_id)
    if here is not None and here.is_cancelled:  # also where the old answer stays, which was not cancelled
        return "cancelled"
    answer = await find_answer(tenant, session_id, asked)
    is_cancelled = answer is not None and answer.finish_reason == "cancelled"
    return "cancelled" if is_cancelled else "finished"


async def _until_over(tenant: Tenant, signals: TurnSignals, session_id: str, message_id: str) -> None:
    deadline_s = time.monotonic() + _CANCEL_S
    with signals.listening(session_id, tenant.database.signals) as listener:
        while await _runs(tenant, session_id, message_id):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise TurnStillRunningError
            await listener.wait(left_s)
