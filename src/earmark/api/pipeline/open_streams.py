"""What all open streams of a process need now and then: a comment when they are silent, a look at their credentials.

One task does it for all of them, while there are any.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

from earmark.contexts import start_shared
from earmark.errors import EarmarkError
from earmark.identity.keys import find_refused
from earmark.storage.database import Database

COMMENT_S: Final = 15.0
_RECHECK_S: Final = 5.0
_TICK_S: Final = 0.5


class OpenStream(Protocol):
    """A stream that waits for its next event."""

    authorization: str | None
    said_s: float
    """When it said something last, by `time.monotonic`."""

    def comment(self) -> None:
        """Say that the stream is still there."""

    def refuse(self) -> None:
        """End: the credential is no longer valid."""


class OpenStreams:
    """The open streams of a process."""

    def __init__(self) -> None:
        self._streams: set[OpenStream] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def holding(self, stream: OpenStream, database: Database) -> Iterator[None]:
        """Look after a stream while the block runs."""
        self._streams.add(stream)
        if self._task is None or self._task.done():
            self._task = start_shared(self._look_after(database))
        try:
            yield
        finally:
            self._streams.discard(stream)

    async def _look_after(self, database: Database) -> None:
        checked_s = time.monotonic()
        while self._streams:
            await asyncio.sleep(_TICK_S)
            now_s = time.monotonic()
            for stream in self._streams:
                if now_s - stream.said_s >= COMMENT_S - _TICK_S:
                    stream.comment()
            if now_s - checked_s >= _RECHECK_S:
                checked_s = now_s
                with suppress(EarmarkError):  # the database is away: the next look will tell
                    await self._recheck(database)

    async def _recheck(self, database: Database) -> None:
        refused = await find_refused(database, {stream.authorization for stream in self._streams})
        for stream in self._streams if refused else ():
            if stream.authorization in refused:
                stream.refuse()
