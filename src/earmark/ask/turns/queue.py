"""One turn of a session at a time, across all processes, in order of arrival.

The running turn is a lease on the session's row; sends that find it taken stand in line as rows of
`ask_turn_waiters`. Leases are renewed while their holder lives, so a crashed process blocks its
session only until its lease runs out. Waiting stores nothing but the place in line.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from earmark.ask import queries
from earmark.ask.errors import TooManyWaitingError, TurnWaitedTooLongError
from earmark.ask.sessions.sessions import get_state
from earmark.ask.turns.signals import Listener, TurnSignals, line_channel
from earmark.ask.types import SessionState
from earmark.clock import now_us
from earmark.clock_jumps import SETTLES_S, is_lease_alive, jumps
from earmark.ids import random_text
from earmark.storage.tenant import Tenant

T = TypeVar("T")
LEASE_US = 20_000_000
_RENEW_S = 5.0
MOST_WAITING = 10
"""Sends that may wait for a session's turn."""

StartTurn = Callable[[Tenant, SessionState], Awaitable[T]]


def new_holder() -> str:
    """Return the name under which one turn holds its lease."""
    return random_text(16)


def refuse_if_full(signals: TurnSignals, session_id: str) -> None:
    """Raise TooManyWaitingError if as many sends of this process alone wait as may; costs no transaction."""
    if signals.count_in_line(session_id) >= MOST_WAITING:
        raise TooManyWaitingError(MOST_WAITING)


async def start_in_order(
    tenant: Tenant, session_id: str, holder: str, start: StartTurn[T], *, signals: TurnSignals, wait_s: float
) -> T:
    """Take the session's turn when it is ours and run `start` in the same unit of work.

    Raises: TooManyWaitingError; TurnWaitedTooLongError after `wait_s`; whatever `start` raises, having stored nothing.
    """
    if (
        signals.count_in_line(session_id) >= MOST_WAITING
    ):  # those of this process suffice: refused without a transaction
        raise TooManyWaitingError(MOST_WAITING)
    deadline_s = time.monotonic() + wait_s
    with signals.listening(session_id, tenant.database.signals) as listener:
        try:
            while True:
                async with tenant.writing() as work:
                    state = await get_state(work, session_id, for_update=True)
                    if await _is_our_turn(work, state, holder, listener):
                        await work.execute(queries.delete_waiter, _waiter(session_id, holder))
                        return await start(work, state)
                    await _stand_in_line(work, state, holder)
                with signals.in_line(session_id):
                    await _wait_for_change(tenant, state, holder, listener, deadline_s)
        except BaseException:
            await asyncio.shield(_leave_line(tenant, session_id, holder))
            signals.wake(session_id)  # the next in line may be first now
            raise


def _waiter(session_id: str, holder: str) -> dict[str, object]:
    """Name a place in line, and all that are over."""
    over_us = now_us() if jumps.quiet_s() >= SETTLES_S else 0
    return {"session_id": session_id, "holder": holder, "now_us": over_us}


async def _is_our_turn(tenant: Tenant, state: SessionState, holder: str, listener: Listener) -> bool:
    # A turn of this process is alive whatever its lease says: under load, renewing it may be late.
    if is_running(state) or listener.is_running(state.turn_holder):
        return False
    ahead = await _living_waiters(tenant, state.id)
    return not ahead or ahead[0] == holder


def is_running(state: SessionState) -> bool:
    """Whether a turn holds a living lease."""
    return is_held(state.turn_holder, state.turn_expires_us)


def is_held(holder: str | None, expires_us: int | None) -> bool:
    """Whether this lease on a session's turn lives."""
    return holder is not None and expires_us is not None and _is_alive(expires_us)


def _is_alive(expires_us: int) -> bool:
    return is_lease_alive(expires_us - now_us(), LEASE_US)


async def _living_waiters(tenant: Tenant, session_id: str) -> list[str]:
    rows = await tenant.fetch_all(queries.select_waiters, {"session_id": session_id})
    return [holder for _, holder, expires_us in rows if _is_alive(expires_us)]


async def _stand_in_line(work: Tenant, state: SessionState, holder: str) -> None:
    rows = await work.fetch_all(queries.select_waiters, {"session_id": state.id})
    expires_us = now_us() + LEASE_US
    if any(row[1] == holder for row in rows):
        params = {"session_id": state.id, "holder": holder, "new_expires_us": expires_us}
        await work.execute(queries.update_waiter, params)
        return
    if sum(_is_alive(expires_us) for _, _, expires_us in rows) >= MOST_WAITING:
        raise TooManyWaitingError(MOST_WAITING)
    ticket = 1 + max((row[0] for row in rows), default=0)
    row = {"session_id": state.id, "ticket": ticket, "end_user_id": state.end_user_id, "holder": holder}
    await work.execute(queries.insert_waiter, {**row, "expires_us": expires_us})


async def _wait_for_change(
    tenant: Tenant, state: SessionState, holder: str, listener: Listener, deadline_s: float
) -> None:
    """Return when it may be our turn, or when our place in line wants renewing."""
    until_s = min(time.monotonic() + _RENEW_S, deadline_s)
    while (left_s := until_s - time.monotonic()) > 0:
        await listener.wait(left_s, holder=state.turn_holder)
        async with tenant.reading() as snapshot:
            state = await get_state(snapshot, state.id)
            if await _is_our_turn(snapshot, state, holder, listener):
                return
    if time.monotonic() >= deadline_s:
        raise TurnWaitedTooLongError


async def _leave_line(tenant: Tenant, session_id: str, holder: str) -> None:
    rows = await tenant.fetch_all(queries.select_waiters, {"session_id": session_id})
    if any(row[1] == holder for row in rows):
        async with tenant.writing() as work:
            await work.execute(queries.delete_waiter, _waiter(session_id, holder))
            work.signal(line_channel(session_id))


async def take_turn(work: Tenant, session_id: str, holder: str, message_id: str) -> None:
    """Hold the session's turn; part of the unit of work that stores the question."""
    params = {"session_id": session_id, "new_turn_holder": holder, "new_turn_message_id": message_id}
    await work.execute(queries.update_turn, {**params, "new_turn_expires_us": now_us() + LEASE_US})


async def release_turn(work: Tenant, session_id: str, holder: str) -> bool:
    """Let the turn go; False if it was no longer ours."""
    work.signal(line_channel(session_id))
    return await work.execute(queries.clear_turn, {"session_id": session_id, "holder": holder}) > 0
