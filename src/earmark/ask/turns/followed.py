"""The turns of other processes that are followed here: each is read once, however many follow it.

One task a process looks, while somebody follows, for all of them together: where PostgreSQL signals a session, where
SQLite's file has changed, and every few seconds, since a signal may be lost and nobody signals that a process died.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import structlog

from earmark.ask.answers.feed import Follower, SourcesFound, TurnCompleted, TurnEvent, TurnFailed, TurnFeed
from earmark.ask.errors import SessionNotFoundError, TurnInterruptedError
from earmark.ask.sessions.messages import find_answer, get_message, with_sources
from earmark.ask.turns import queries as turn_queries
from earmark.ask.turns.log import read_events, turn_channel
from earmark.ask.turns.queue import is_held
from earmark.ask.turns.stored_events import LoggedEvent, Unlogged
from earmark.contexts import start_shared
from earmark.errors import EarmarkError, UnavailableError
from earmark.logs import frames_of
from earmark.storage.database import Database
from earmark.storage.signals import Waiter
from earmark.storage.tenant import Tenant

MARKER_S: Final = 0.1
"""How often the file's marker is read, where nothing is signalled."""
UNSIGNALLED_S: Final = 0.25
"""Between looks where signals are to come, but the connection for them is broken."""
FALLBACK_S: Final = 5.0
"""Between looks at everything, signalled or not."""
log = structlog.get_logger("earmark.ask")


class _Mark(NamedTuple):
    """What differs between two looks when a turn has said something or is over."""

    last_batch: int
    ends: int


class FollowedTurn:
    """A turn of another process, and what of it has been read."""

    def __init__(self, tenant: Tenant, session_id: str, message_id: str) -> None:
        self.tenant = tenant
        self.session_id = session_id
        self.message_id = message_id
        self.feed = TurnFeed()
        self.mark: _Mark | None = None
        self.listening = ExitStack()

    @property
    def key(self) -> tuple[int, str, str]:
        """Which turn it is."""
        return self.tenant.key.tenant_id, self.session_id, self.message_id


class FollowedTurns:
    """All of them; looks only while there are any."""

    def __init__(self) -> None:
        self._turns: dict[tuple[int, str, str], FollowedTurn] = {}
        self._woken: set[FollowedTurn] = set()
        self._next = Waiter()
        self._task: asyncio.Task[None] | None = None

    def follow(self, tenant: Tenant, session_id: str, message_id: str, after: int) -> Follower:
        """Return what reads the turn's events behind number `after`."""
        wanted = FollowedTurn(tenant, session_id, message_id)

        def join() -> TurnFeed:
            return (self._turns.get(wanted.key) or self._add(wanted)).feed

        def leave(feed: TurnFeed) -> None:
            turn = self._turns.get(wanted.key)
            if turn is not None and turn.feed is feed and not feed.followers:
                self._remove(turn)

        return Follower(join, after, leave)

    def _add(self, turn: FollowedTurn) -> FollowedTurn:
        self._turns[turn.key] = turn
        database = turn.tenant.database
        turn.listening.enter_context(database.signals.waking(turn_channel(turn.session_id), _Wake(self, turn)))
        self.wake(turn)
        if self._task is None or self._task.done():
            self._task = start_shared(self._keep_looking(database))
        return turn

    def _remove(self, turn: FollowedTurn) -> None:
        """Look at it no more; followers that are slow still read what its feed has."""
        if self._turns.get(turn.key) is turn:
            del self._turns[turn.key]
            turn.listening.close()
            self._woken.discard(turn)
        if not self._turns:
            self._next.wake()

    def wake(self, turn: FollowedTurn) -> None:
        """Look at the turn now."""
        self._woken.add(turn)
        self._next.wake()

    async def _keep_looking(self, database: Database) -> None:
        try:
            await self._look_on(database)
        finally:  # whatever ended it, nobody may wait for it
            for turn in list(self._turns.values()):
                turn.feed.break_off(TurnInterruptedError(turn.session_id))
                self._remove(turn)

    async def _look_on(self, database: Database) -> None:
        now_s = asyncio.get_running_loop().time
        seen, looked_s = _marker_of(database), now_s()
        while self._turns:
            due, self._woken = self._woken, set()
            marker = _marker_of(database)
            every_s = FALLBACK_S if marker is not None or database.signals.is_shared else UNSIGNALLED_S
            if marker != seen or now_s() - looked_s >= every_s:
                due, seen, looked_s = set(self._turns.values()), marker, now_s()
            for turns in _by_tenant(due):
                await _look_safely(turns)
            for turn in due:
                if turn.feed.is_over:
                    self._remove(turn)
            await self._next.wait(max(0.0, looked_s + every_s - now_s()) if marker is None else MARKER_S)


@dataclass(frozen=True, slots=True, eq=False)
class _Wake:
    """Has one turn looked at when its session is signalled."""

    turns: FollowedTurns
    turn: FollowedTurn

    def wake(self) -> None:
        self.turns.wake(self.turn)


def _by_tenant(turns: Iterable[FollowedTurn]) -> Iterable[list[FollowedTurn]]:
    found: defaultdict[int, list[FollowedTurn]] = defaultdict(list)
    for turn in turns:
        found[turn.tenant.key.tenant_id].append(turn)
    return found.values()


async def _look_safely(turns: Sequence[FollowedTurn]) -> None:
    """Look; while the database is away followers wait for the next look, and a bug ends only the turn concerned."""
    task = asyncio.create_task(_look(turns))
    await asyncio.wait({task})
    error = task.exception()
    if error is None or isinstance(error, UnavailableError):
        return
    if len(turns) == 1:
        log.error("turn.not_followed", error=type(error).__name__, trace=frames_of(error))
        turns[0].feed.break_off(EarmarkError("Internal error."))
        return
    for turn in turns:
        await _look_safely([turn])


def _marker_of(database: Database) -> int | None:
    """Return the marker; one that can't be read differs from every other."""
    try:
        return database.change_marker()
    except UnavailableError:
        return -1


async def _look(turns: Sequence[FollowedTurn]) -> None:
    """Read what turns of one tenant have said since the last look, in one snapshot."""
    asked = {"session_ids": sorted({turn.session_id for turn in turns})}
    async with turns[0].tenant.whole_tenant().reading() as snapshot:
        states = {row[0]: row[1:] for row in await snapshot.fetch_all(turn_queries.select_turn_leases, asked)}
        rows = await snapshot.fetch_all(turn_queries.select_event_marks, asked)
        marks = {(session_id, message_id): _Mark(*mark) for session_id, message_id, *mark in rows}
        for turn in turns:
            mark = marks.get((turn.session_id, turn.message_id))
            if mark is not None and mark != turn.mark:
                await _read(snapshot, turn)
                turn.mark = mark
            if not turn.feed.is_over and not _runs(states.get(turn.session_id), turn.message_id):
                is_gone = turn.session_id not in states
                turn.feed.break_off(SessionNotFoundError() if is_gone else TurnInterruptedError(turn.session_id))


def _runs(state: tuple[Any, ...] | None, message_id: str) -> bool:
    if state is None:
        return False
    holder, expires_us, running_id = state
    return is_held(holder, expires_us) and running_id == message_id


async def _read(snapshot: Tenant, turn: FollowedTurn) -> None:
    seen = len(turn.feed.events)
    events, _ = await read_events(snapshot, turn.session_id, turn.message_id, from_seq=seen + 1)
    for number, event in events:
        if number > seen:
            turn.feed.publish_at(number, await restored(snapshot, turn.session_id, turn.message_id, event))


async def restored(tenant: Tenant, session_id: str, message_id: str, event: LoggedEvent) -> TurnEvent:
    """A completed turn is stored without its answer and its sources; its reader gets them as they are now."""
    if not isinstance(event, Unlogged):
        return event
    asked = await get_message(tenant, session_id, message_id)
    answer = await find_answer(tenant, session_id, asked)
    if answer is None:
        return TurnFailed(TurnInterruptedError(session_id))
    result = await with_sources(tenant, session_id, answer)
    return TurnCompleted(result) if event.what == "completed" else SourcesFound(result.sources)
