"""Reads request bodies with limits on their time, their size and their total memory."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Final

from earmark.api.pipeline.draining import Draining
from earmark.api.pipeline.errors import BodyBrokenOffError, BodyTooLargeError
from earmark.api.pipeline.reply import Receive
from earmark.fair_slots import Owner
from earmark.limits.shares import Parts, Shares

PATIENCE_S: Final = 30.0
"""Base timeout of a body, extended by 1 s per `SLOWEST_BYTES` received."""
SLOWEST_BYTES: Final = 16_384
ROOM_BYTES: Final = 256 << 20
"""Memory that large bodies may take together, per process: those being read or handled, and replies being sent."""


class Bodies:
    """Reads bodies; a request waiting for its client does not count as active."""

    patience_s = PATIENCE_S

    def __init__(self, draining: Draining, parts: Parts) -> None:
        self._draining = draining
        self.room = Shares("large bodies", ROOM_BYTES, parts)

    def waiting(self) -> AbstractContextManager[None]:
        """Exclude a request that waits for its client's bytes from the concurrency limit."""
        return self._draining.waiting()

    def storing(self, owner: Owner, size_bytes: int) -> AbstractContextManager[None]:
        """Count a body that was read for as long as its request waits and works."""
        return self.room.taking(owner, size_bytes)

    async def read(self, receive: Receive, limit_bytes: int, owner: Owner) -> bytes:
        """Return the body.

        Raises: BodyTooLargeError, BodyBrokenOffError, ShareUsedUpError, OverloadedError.
        """
        pieces: list[bytes] = []
        with self.waiting():
            try:
                async with asyncio.timeout(self.patience_s) as deadline:
                    await self._take(receive, limit_bytes, owner, pieces, deadline)
            except TimeoutError as error:
                raise BodyBrokenOffError from error
            finally:
                self.room.give_back(owner, sum(map(len, pieces)))
        return b"".join(pieces)

    async def _take(
        self, receive: Receive, limit_bytes: int, owner: Owner, pieces: list[bytes], deadline: asyncio.Timeout
    ) -> None:
        size_bytes, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BodyBrokenOffError
            piece = message.get("body", b"")
            more = message.get("more_body", False)
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                raise BodyTooLargeError(limit_bytes)
            self.room.take(owner, len(piece))
            pieces.append(piece)
            if more and (until := deadline.when()) is not None:
                deadline.reschedule(until + len(piece) / SLOWEST_BYTES)
