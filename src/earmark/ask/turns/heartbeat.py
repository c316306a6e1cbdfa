"""Heartbeat of a process: renews its turns' leases, polls for cancels, persists their events.

Each beat costs one read a tenant, and one unit of work where a turn has said something or a lease grows old, for
all of the tenant's turns together. A turn that is over within its first beat costs neither.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Final

from earmark.ask.errors import SessionNotFoundError, TurnLostError
from earmark.ask.turns import queries as turn_queries
from earmark.ask.turns.held_turn import HeldTurn
from earmark.ask.turns.log import append_batches, read_events
from earmark.ask.turns.queue import LEASE_US
from earmark.clock import now_us
from earmark.clock_jumps import jumps
from earmark.contexts import start_shared
from earmark.errors import UnavailableError
from earmark.storage.signals import Waiter
from earmark.storage.tenant import Tenant

BEAT_S: Final = 0.25
_RENEW_S: Final = 5.0


class Heartbeat:
    """Beats while turns run in this process; one that runs no turn costs nothing."""

    def __init__(self) -> None:
        self._held: set[HeldTurn] = set()
        self._next = Waiter()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def holding(self, held: HeldTurn) -> AsyncIterator[None]:
        """Include a turn in every beat while the block runs.

        At its end a write of the turn that is under way is finished first.
        """
        self._held.add(held)
        if self._task is None or self._task.done():
            self._task = start_shared(self._beat_on())
        try:
            yield
        finally:
            self._held.discard(held)
            if not self._held:
                self.hurry()
            await held.until_written()

    def hurry(self) -> None:
        """Beat now instead of at the next tick."""
        self._next.wake()

    async def _beat_on(self) -> None:
        try:
            while self._held:
                await self._next.wait(BEAT_S)
                await self._beat()
        finally:  # whatever ended the heartbeat, no turn may go on without it
            for held in self._held:
                held.stop(TurnLostError())

    async def _beat(self) -> None:
        turns = sorted(self._held, key=lambda one: one.tenant.key.tenant_id)
        for _, group in groupby(turns, key=lambda one: one.tenant.key.tenant_id):
            await _beat_safely(list(group))


async def _beat_safely(turns: Sequence[HeldTurn]) -> None:
    """Beat; where something unexpected breaks it, only the turn concerned fails."""
    task = asyncio.create_task(beat(turns))
    await asyncio.wait({task})
    error = task.exception()
    if isinstance(error, UnavailableError):  # leases outlive a moment without the database
        for held in turns:
            held.is_unsure = True
    elif error is not None and len(turns) == 1:
        turns[0].stop(error)
    elif error is not None:
        for held in turns:
            await _beat_safely([held])


async def beat(turns: Sequence[HeldTurn]) -> None:
    """Stop, persist and renew running turns of one tenant, as each needs it."""
    tenant = turns[0].tenant.whole_tenant()
    await _look(tenant, turns)
    running = [held for held in turns if not held.is_stopped]
    now_s, jumped = time.monotonic(), jumps.look()
    is_due = any(now_s - held.renewed_s > _RENEW_S or held.renewed_after != jumped for held in running)
    due = running if is_due else [held for held in running if held.has_news]
    if due:
        await _write(tenant, due, is_renewing=is_due)


async def _look(tenant: Tenant, turns: Sequence[HeldTurn]) -> None:
    """Stop the turns that were lost or cancelled."""
    rows = await tenant.fetch_all(turn_queries.select_turn_signs, {"session_ids": [held.session_id for held in turns]})
    signs = {session_id: (holder, cancel) for session_id, holder, cancel in rows}
    for held in turns:
        holder, cancel = signs.get(held.session_id, (None, None))
        if held.session_id not in signs:
            held.stop(SessionNotFoundError())
        elif holder != held.holder:
            held.stop(TurnLostError())
        elif cancel:
            held.cancel()


async def _write(tenant: Tenant, turns: Sequence[HeldTurn], *, is_renewing: bool) -> None:
    """Persist what the turns said, and renew their leases where asked, in one unit of work.

    A session that somebody else is changing this moment is left to the next beat, so that no turn waits for another.
    """
    for held in turns:
        held.begin_writing()
    renewed_after = jumps.look() if is_renewing else None  # first: a jump from here on asks for another renewal
    try:
        async with tenant.writing(is_urgent=True) as work:
            held_by = {"session_ids": [held.session_id for held in turns], "holders": [held.holder for held in turns]}
            ours = {row[0] for row in await work.fetch_all(turn_queries.select_held_turns, held_by)}
            if is_renewing:
                changed = {**held_by, "session_ids": sorted(ours), "new_turn_expires_us": now_us() + LEASE_US}
                await work.execute(turn_queries.update_turn_leases, changed)
            written = [held for held in turns if held.session_id in ours]
            batches = [(held.place, await _count_written(work, held) + 1, held.unwritten()) for held in written]
            until = [first + len(events) - 1 for _, first, events in batches]
            await append_batches(work, [batch for batch in batches if batch[2]])
        for held, number in zip(written, until, strict=True):
            held.note_written(number, renewed_after=renewed_after)
    finally:
        for held in turns:
            held.end_writing()


async def _count_written(work: Tenant, held: HeldTurn) -> int:
    """Return how many events are persisted; query it if a commit's outcome is unknown."""
    if held.is_unsure:
        place = held.place
        kept, _ = await read_events(work, place["session_id"], place["message_id"], from_seq=held.written + 1)
        held.written = kept[-1][0] if kept else held.written
        held.is_unsure = False
    return held.written
