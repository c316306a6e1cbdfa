"""Keeps a running turn: renews its lease, listens for a cancel, and writes down what it says for other processes.

One task a turn, and nothing at all for a turn that is over within its first tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any

from earmark.ask import queries, turn_queries
from earmark.ask.errors import SessionNotFoundError, TurnLostError
from earmark.ask.turn_feed import TurnEvent, TurnFeed
from earmark.ask.turn_log import append_events, forget_events, read_events
from earmark.ask.turn_queue import LEASE_US
from earmark.clock import now_us
from earmark.errors import UnavailableError
from earmark.storage.tenant import Tenant

TICK_S = 0.2
_RENEW_US = 5_000_000


class Keeper:
    """The keeper of one turn; `place` names its session, its message and its end user."""

    def __init__(self, tenant: Tenant, place: dict[str, Any], holder: str, feed: TurnFeed) -> None:
        self._tenant, self._place, self._holder, self._feed = tenant, place, holder, feed
        self._stopped = asyncio.Event()
        self._wake = asyncio.Event()
        self._renewed_us = now_us()
        self._task: asyncio.Task[None] | None = None
        self._lost: Exception | None = None
        self._is_unsure = False
        """Whether a commit's outcome is unknown: what is written has to be looked up."""
        self.written = 0
        """How many events other processes can read."""
        self.is_cancelled = False

    async def __aenter__(self) -> Keeper:
        """Start keeping."""
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop keeping; a write that is under way is finished first."""
        assert self._task is not None
        self._stopped.set()
        self._wake.set()
        with suppress(Exception):
            await self._task

    def wake(self) -> None:
        """Look now instead of at the next tick."""
        self._wake.set()

    async def unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, or until the turn is cancelled.

        Raises: TurnLostError, SessionNotFoundError if the turn is no longer ours; what the keeping broke with.
        """
        task = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for one in (task, stopped):
                if not one.done():
                    one.cancel()
                    await asyncio.wait({one})
        if self._lost is not None:
            raise self._lost
        if self._task is not None and self._task.done():
            self._task.result()

    async def _keep(self) -> None:
        try:
            while not self._stopped.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), TICK_S)
                self._wake.clear()
                if not self._stopped.is_set():
                    await self._tick_safely()
        finally:  # whatever ended the keeping, the turn must not go on unseen
            self._stopped.set()

    async def _tick_safely(self) -> None:
        try:
            await self._tick()
        except UnavailableError:  # the lease outlives a moment without the database
            self._is_unsure = True

    async def _tick(self) -> None:
        until = len(self._feed.events)
        must_renew = now_us() - self._renewed_us > _RENEW_US
        if until == self.written and not must_renew:
            await self._look(self._tenant)
            return
        async with self._tenant.writing() as work:
            await self._look(work)
            if self._stopped.is_set():
                return
            if not await self._renew(work):  # lost in between
                await self._look(work)
                return
            await self._write_events(work, await self._count_written(work), until)
        self.written, self._is_unsure = until, False

    async def _count_written(self, work: Tenant) -> int:
        """Return how many events are written, in the unit of work that goes on from there."""
        if not self._is_unsure:
            return self.written
        place = self._place
        kept, _ = await read_events(work, place["session_id"], place["message_id"], from_seq=self.written + 1)
        return kept[-1][0] if kept else self.written

    async def _look(self, tenant: Tenant) -> None:
        signs = await tenant.fetch_one(turn_queries.select_turn_signs, {"session_id": self._place["session_id"]})
        if signs is None:
            self._lost = SessionNotFoundError()
        elif signs[0] != self._holder:
            self._lost = TurnLostError()
        elif signs[1]:
            self.is_cancelled = True
        if self._lost is not None or self.is_cancelled:
            self._stopped.set()

    async def _renew(self, work: Tenant) -> bool:
        """Return whether the turn is still ours."""
        params = {"session_id": self._place["session_id"], "holder": self._holder}
        changed = {**params, "new_turn_expires_us": now_us() + LEASE_US}
        is_ours = await work.execute(queries.update_turn_lease, changed) > 0
        self._renewed_us = now_us()
        return is_ours

    async def _write_events(self, work: Tenant, written: int, until: int) -> None:
        pending = self._feed.events[written:until]
        if pending:
            await append_events(work, self._place, written + 1, pending)

    async def write_last(self, work: Tenant, last: TurnEvent) -> None:
        """Write down the whole turn with the event that ends it, in the unit of work that ends it."""
        await forget_events(work, self._place["session_id"], self._place["message_id"])
        await append_events(work, self._place, 1, [*self._feed.events, last])
