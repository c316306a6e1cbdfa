"""Cuts the part of a recording's audio that a link to a moment shares, so that no more of it leaves the server."""

from __future__ import annotations

import asyncio
import os
import tempfile
from typing import IO

from earmark.media.store import StoredFile
from earmark.sharing.errors import LinkGoneError
from earmark.speech.decoding.process import decoding
from earmark.speech.decoding.types import DecoderKilledError, UndecodableError
from earmark.speech.encoding.process import EncoderCrashedError, encoding
from earmark.speech.encoding.types import CONTENT_TYPE

CLIP_TYPE = CONTENT_TYPE
_SLACK_MS = 1_000
"""So that the encoder never ends its part early."""


class Clip:
    """A clip in a file without a name, as a media store's open file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size_bytes = os.fstat(file.fileno()).st_size

    async def read(self, offset: int, size_bytes: int) -> bytes:
        """Return bytes from `offset`."""
        return await asyncio.to_thread(self.read_now, offset, size_bytes)

    def read_now(self, offset: int, size_bytes: int) -> bytes:
        """The same on the calling thread."""
        return os.pread(self._file.fileno(), size_bytes, offset)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._file.fileno()

    async def close(self) -> None:
        """Close the file, which deletes it."""
        self._file.close()


async def cut_clip(file: StoredFile, start_ms: int, end_ms: int) -> Clip:
    """Return a part of an audio file, encoded anew.

    Raises: LinkGoneError if it can't be decoded.
    """
    clip = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        await _encode(file, start_ms, end_ms, clip)
        clip.flush()
        return Clip(clip)
    except BaseException as error:
        clip.close()
        if isinstance(error, UndecodableError | DecoderKilledError | EncoderCrashedError):
            raise LinkGoneError from error
        raise


async def _encode(file: StoredFile, start_ms: int, end_ms: int, clip: IO[bytes]) -> None:
    async with (
        decoding(file, skip_ms=start_ms, max_ms=end_ms) as decoded,
        encoding(
            decoded.stdout_fd, channels=decoded.header.channels, start_ms=start_ms,
            part_ms=end_ms - start_ms + _SLACK_MS, max_ms=end_ms,
        ) as parts,
    ):  # fmt: skip
        decoded.close_stdout()
        async for part in parts:
            async for piece in part.pieces():
                clip.write(piece)
