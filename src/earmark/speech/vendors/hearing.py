"""A vendor as an engine: audio is decoded and encoded here, sent part by part, and each answer is passed on at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Final, Protocol

import httpx

from earmark.media.store import StoredFile
from earmark.speech.decoding.process import decoding
from earmark.speech.decoding.types import UndecodableError
from earmark.speech.encoding.process import EncoderCrashedError, Part, encoding
from earmark.speech.errors import HearingError
from earmark.speech.local import end_of
from earmark.speech.types import End, Heard, HeardChunk, Progress, ProviderName, Sent, Task
from earmark.speech.vendors.answers import Answer, UnreadableAnswerError
from earmark.speech.vendors.http import VendorHttp

_SHORTEST_MS: Final = 1_000
"""Less is not sent: no transcript is made of it."""


class Vendor(Protocol):
    """What differs from vendor to vendor.

    Args:
        provider: which of the API's providers it is; None: none of them.
        can_diarize: whether it tells speakers apart.
        keeps_copies: whether it keeps what it heard until `delete`.
        part_ms: the longest part that is sent at once.
    """

    http: VendorHttp
    provider: ProviderName | None
    can_diarize: bool
    keeps_copies: bool
    part_ms: int

    async def send(self, client: httpx.AsyncClient, part: Part, task: Task) -> Answer | str:
        """Send a part; return what was heard, or the id under which the vendor works on it.

        Raises: HearingError; UnreadableAnswerError.
        """

    async def fetch(self, client: httpx.AsyncClient, vendor_id: str, length_ms: int) -> Answer | None:
        """Wait for what was heard in a part that was sent; None if the vendor doesn't know it.

        Raises: as `send`.
        """

    async def delete(self, client: httpx.AsyncClient, copy_id: str) -> None:
        """Delete what the vendor keeps. Raises: HearingError."""


class VendorHearing:
    """An engine that a vendor runs."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    @asynccontextmanager
    async def hear(self, file: StoredFile, task: Task) -> AsyncIterator[AsyncIterator[Heard]]:
        """Have a vendor listen to a file; leaving the block ends the request and both processes.

        Raises: HearingError.
        """
        async with aclosing(self._hear(file, task)) as heard:
            yield heard

    async def _hear(self, file: StoredFile, task: Task) -> AsyncGenerator[Heard]:
        start_ms = task.start_ms
        async with self._vendor.http.session() as client:
            if (sent := task.sent) is not None:
                with self._named():
                    answer = await self._vendor.fetch(client, sent.vendor_id, sent.end_ms - sent.start_ms)
                if answer is not None:
                    yield _chunk(answer, sent.start_ms, sent.end_ms, None)
                    start_ms = sent.end_ms
                    if sent.decoded_ms is not None:
                        yield End(sent.end_ms, sent.decoded_ms, sent.is_partial)
                        return
            async with aclosing(self._listen(client, file, replace(task, start_ms=start_ms))) as heard:
                async for one in heard:
                    yield one

    async def _listen(self, client: httpx.AsyncClient, file: StoredFile, task: Task) -> AsyncGenerator[Heard]:
        """Decode and encode from the task's start, and send every part."""
        with self._named():
            async with decoding(file, skip_ms=task.start_ms, max_ms=task.max_ms) as decoded:
                length_ms = decoded.header.duration_ms
                if length_ms is not None and length_ms > task.max_ms:
                    raise HearingError("audio_too_long")  # before anything is billed
                async with encoding(
                    decoded.stdout_fd, channels=decoded.header.channels, start_ms=task.start_ms,
                    part_ms=self._vendor.part_ms, max_ms=task.max_ms,
                ) as parts:  # fmt: skip
                    decoded.close_stdout()
                    async for part in parts:
                        end = end_of(await decoded.report(), part.end_ms) if part.is_last else None
                        async for one in self._part(client, part, task, length_ms, end):
                            yield one
                        if end is not None:
                            yield end

    async def _part(
        self, client: httpx.AsyncClient, part: Part, task: Task, length_ms: int | None, end: End | None
    ) -> AsyncIterator[Heard]:
        if part.is_silent or part.end_ms < _SHORTEST_MS:
            yield Progress(part.end_ms, length_ms)
            return
        answer = await self._vendor.send(client, part, task)
        if isinstance(answer, str):
            decoded_ms, is_partial = (end.decoded_ms, end.is_partial) if end else (None, False)
            yield Sent(answer, part.start_ms, part.end_ms, decoded_ms, is_partial)
            fetched = await self._vendor.fetch(client, answer, part.length_ms)
            if fetched is None:
                raise self._vendor.http.bad_answer("forgotten")
            answer = fetched
        yield _chunk(answer, part.start_ms, part.end_ms, length_ms)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Give what can go wrong the code that a failed job has."""
        try:
            yield
        except UndecodableError as error:
            raise HearingError(error.problem) from error
        except EncoderCrashedError as error:
            raise HearingError("engine_crashed", is_temporary=True) from error
        except UnreadableAnswerError as error:
            raise self._vendor.http.bad_answer("unexpected form") from error

    # ---- copies ----------------------------------------------------------------------------------------

    async def delete(self, copy_id: str) -> None:
        """Delete a copy at the vendor. Raises: HearingError."""
        async with self._vendor.http.session() as client:
            await self._vendor.delete(client, copy_id)


def _chunk(answer: Answer, start_ms: int, end_ms: int, length_ms: int | None) -> HeardChunk:
    """Return an answer with times of the recording; a speaker of a later part is not taken for one of the first."""
    segments = tuple(
        replace(
            one, start_ms=one.start_ms + start_ms, end_ms=one.end_ms + start_ms,
            speaker=f"{start_ms} {one.speaker}" if one.speaker and start_ms else one.speaker,
        )
        for one in answer.segments
    )  # fmt: skip
    return HeardChunk(start_ms, end_ms, end_ms, answer.language, segments, length_ms, answer.copy_id)
