"""What a turn says while it runs, numbered from 1: kept in memory for whoever follows it in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Self

from earmark.ask.types import AskResult, CitationPart, Source
from earmark.errors import EarmarkError


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The question is stored."""

    session_id: str
    user_message_id: str


@dataclass(frozen=True, slots=True)
class SourcesFound:
    """The evidence that the model gets, best first."""

    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class TextAdded:
    """Text of the answer's part of this number."""

    text: str
    part: int
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class TurnCompleted:
    """The answer is stored."""

    result: AskResult


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn ended without an answer."""

    error: EarmarkError


TurnEvent = TurnStarted | SourcesFound | TextAdded | CitationPart | TurnCompleted | TurnFailed
"""One event of a turn; a citation is an event by itself."""


def is_last(event: TurnEvent) -> bool:
    """Whether no event of its turn follows."""
    return isinstance(event, TurnCompleted | TurnFailed)


_NOT_STORED: Final = TextAdded("", 0)
"""Stands for an event that was said but is not stored; compared by identity."""


class TurnFeed:
    """Grows while the turn runs; any number of followers read it at their own pace."""

    __slots__ = ("events", "failure", "followers")

    def __init__(self) -> None:
        self.events: list[TurnEvent] = []
        self.failure: EarmarkError | None = None
        """Why no event comes any more although the last one didn't; each follower gets it behind what it has read."""
        self.followers: set[Follower] = set()

    @property
    def is_ended(self) -> bool:
        """Whether the last event is in."""
        return bool(self.events) and is_last(self.events[-1])

    @property
    def is_over(self) -> bool:
        """Whether nothing comes any more."""
        return self.failure is not None or self.is_ended

    def publish(self, event: TurnEvent) -> None:
        """Add an event and wake all followers."""
        self.events.append(event)
        self._wake()

    def publish_at(self, number: int, event: TurnEvent) -> None:
        """Add an event with its number; those between that and the last were said, but are not stored."""
        self.events += [_NOT_STORED] * (number - 1 - len(self.events))
        self.publish(event)

    def break_off(self, failure: EarmarkError) -> None:
        """End all followers with a failure that is no event of the turn."""
        self.failure = failure
        self._wake()

    def _wake(self) -> None:
        for follower in self.followers:
            follower.wake()

    def follow(self, after: int = 0) -> Follower:
        """Return what reads every event behind number `after`, to the end of the turn."""
        return Follower(lambda: self, after)


class Follower:
    """One reader of a feed, within `with` or by `async for`.

    An idle one is this object and a future: there may be thousands.
    """

    __slots__ = ("_feed", "_has_failure", "_left", "_open", "_woken", "after")

    def __init__(
        self, open_feed: Callable[[], TurnFeed], after: int, left: Callable[[TurnFeed], None] = lambda _: None
    ) -> None:
        self._open = open_feed
        self._left = left
        self._feed: TurnFeed | None = None
        self._woken: asyncio.Future[None] | None = None
        self._has_failure = False
        self.after = after
        """The number of the last event that was taken."""

    def __enter__(self) -> Self:
        self._feed = self._open()
        self._feed.followers.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._feed is not None
        self._feed.followers.discard(self)
        self._left(self._feed)

    async def __aiter__(self) -> AsyncIterator[tuple[int, TurnEvent]]:
        """Yield (number, event) of all that is to come."""
        with self:
            while True:
                while (one := self.take()) is not None:
                    yield one
                if self.is_over:
                    return
                await self.wait()

    def take(self) -> tuple[int, TurnEvent] | None:
        """Return the next event and its number, if it is here."""
        assert self._feed is not None
        while self.after < len(self._feed.events):
            self.after += 1
            event = self._feed.events[self.after - 1]
            if event is not _NOT_STORED:
                return self.after, event
        if self._feed.failure is None or self._has_failure:
            return None
        self._has_failure = True
        self.after += 1
        return self.after, TurnFailed(self._feed.failure)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to wait for, once `take` returns nothing."""
        assert self._feed is not None
        return self._feed.is_over

    def wake(self) -> None:
        """End the wait that is under way."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def wait(self) -> None:
        """Return when woken; whoever waits has looked since it last ran, so that nothing is missed."""
        self._woken = asyncio.get_running_loop().create_future()
        try:
            await self._woken
        finally:
            self._woken = None
