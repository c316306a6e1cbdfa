"""Following a turn that somebody else started, from any process, and stopping it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Literal

from earmark.ask.answers.feed import TurnEvent
from earmark.ask.errors import (
    EventsGoneError,
    MessageNotFoundError,
    SessionNotFoundError,
    TurnInterruptedError,
    TurnStillRunningError,
)
from earmark.ask.sessions.messages import find_answer, get_message, with_sources
from earmark.ask.sessions.sessions import get_state
from earmark.ask.turns import queries as turn_queries
from earmark.ask.turns.log import KEPT_US, read_events
from earmark.ask.turns.queue import is_running
from earmark.ask.turns.running import RunningTurns
from earmark.ask.turns.signals import TurnSignals
from earmark.clock import now_us
from earmark.storage.tenant import Tenant

_CANCEL_S = 10.0
_LOOK_S: Final = 1.0
"""How long at most nobody looks whether the process of a followed turn still lives."""


async def follow_turn(
    tenant: Tenant, running: RunningTurns, session_id: str, message_id: str, after: int
) -> AsyncIterator[tuple[int, TurnEvent]]:
    """Return the numbered events of a question's turn behind number `after`, to its end.

    Raises: MessageNotFoundError; EventsGoneError when nothing of them is kept.
    """
    asked = await get_message(tenant, session_id, message_id)
    if asked.role != "user":
        raise MessageNotFoundError
    here = running.find((tenant.key.tenant_id, session_id, message_id))
    if here is not None:
        return here.feed.follow(after)
    events, ended_us = await read_events(tenant, session_id, message_id)
    is_kept = events and (ended_us is None or ended_us + KEPT_US > now_us())
    if not is_kept and not await _runs(tenant, session_id, message_id):
        raise EventsGoneError
    return _follow_kept(tenant, running.signals, session_id, message_id, after)


async def _follow_kept(
    tenant: Tenant, signals: TurnSignals, session_id: str, message_id: str, after: int
) -> AsyncIterator[tuple[int, TurnEvent]]:
    from_seq = 1  # the first batch that is read may hold numbers before and behind `after`
    with signals.listening(session_id) as listener:
        while True:
            is_over = not await _runs(tenant, session_id, message_id)  # looked at first, so that its end is read then
            events, ended_us = await read_events(tenant, session_id, message_id, from_seq=from_seq)
            from_seq = events[-1][0] + 1 if events else from_seq
            for number, event in events:
                if number > after:
                    after = number
                    yield number, await _restored(tenant, session_id, message_id, event)
            if ended_us is not None:
                return
            if is_over:
                yield after + 1, TurnEvent("turn.failed", await _why_over(tenant, session_id))
                return
            await listener.wait(_LOOK_S)


async def _runs(tenant: Tenant, session_id: str, message_id: str) -> bool:
    try:
        state = await get_state(tenant, session_id)
    except SessionNotFoundError:
        return False
    return is_running(state) and state.turn_message_id == message_id


async def _why_over(tenant: Tenant, session_id: str) -> SessionNotFoundError | TurnInterruptedError:
    try:
        await get_state(tenant, session_id)
    except SessionNotFoundError as error:
        return error
    return TurnInterruptedError(session_id)


async def _restored(tenant: Tenant, session_id: str, message_id: str, event: TurnEvent) -> TurnEvent:
    """A completed turn is kept without its answer and its sources; its reader gets them as they are now."""
    if event.name != "turn.completed" and (event.name, event.data) != ("turn.sources", None):
        return event
    asked = await get_message(tenant, session_id, message_id)
    answer = await find_answer(tenant, session_id, asked)
    if answer is None:
        return TurnEvent("turn.failed", TurnInterruptedError(session_id))
    result = await with_sources(tenant, session_id, answer)
    return TurnEvent(event.name, {"sources": result.sources} if event.name == "turn.sources" else result)


async def cancel_turn(
    tenant: Tenant, running: RunningTurns, session_id: str, message_id: str
) -> Literal["cancelled", "finished"]:
    """Stop a question's turn, wherever it runs, and wait until it has stopped; what was said so far is kept.

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
    deadline_us = now_us() + int(_CANCEL_S * 1_000_000)
    with signals.listening(session_id) as listener:
        while await _runs(tenant, session_id, message_id):
            left_us = deadline_us - now_us()
            if left_us <= 0:
                raise TurnStillRunningError
            await listener.wait(left_us / 1_000_000)
