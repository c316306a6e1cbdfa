"""Starts the encoding process and reads its parts, each into a file without a name."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import earmark
from earmark.speech.encoding.types import PartHeader

_ENVIRONMENT: Final = {
    "PYTHONPATH": str(Path(earmark.__file__).parent.parent),
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
_MEMORY_BYTES: Final = 1 << 30
_BASE_CPU_S, _CPU_S_PER_HOUR = 60, 300
_PIECE_BYTES: Final = 256 << 10


class EncoderCrashedError(Exception):
    """The encoding process ended before the audio did."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the audio as an Ogg file, which is empty if the part is silent. Times as in `PartHeader`."""

    start_ms: int
    end_ms: int
    size_bytes: int
    is_last: bool
    is_silent: bool
    file: IO[bytes]

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.start_ms

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield its bytes, from the beginning whenever it is called."""
        offset = 0
        while piece := await asyncio.to_thread(os.pread, self.file.fileno(), _PIECE_BYTES, offset):
            yield piece
            offset += len(piece)


@asynccontextmanager
async def encoding(
    stdin_fd: int, *, channels: int, start_ms: int, part_ms: int, max_ms: int
) -> AsyncIterator[AsyncIterator[Part]]:
    """Encode decoded audio; leaving the block kills the process.

    Args:
        stdin_fd: where the samples are read from; the caller closes it.
        channels: of the samples; two are mixed.
        start_ms: the time of the first sample.
        part_ms: the longest part.
        max_ms: the longest audio, which bounds the process's CPU time.

    Yields: an iterator of parts, each readable until the next is asked for. It raises EncoderCrashedError.
    """
    cpu_s = _BASE_CPU_S + _CPU_S_PER_HOUR * max_ms // 3_600_000
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-B", "-m", "earmark.speech.encoding", f"--channels={channels}",
        f"--start-ms={start_ms}", f"--part-ms={part_ms}", f"--memory-bytes={_MEMORY_BYTES}", f"--cpu-s={cpu_s}",
        stdin=stdin_fd, stdout=PIPE, stderr=DEVNULL, env=_ENVIRONMENT, start_new_session=True, limit=_PIECE_BYTES,
    )  # fmt: skip
    try:
        async with aclosing(_parts(process)) as parts:
            yield parts
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _parts(process: Process) -> AsyncGenerator[Part]:
    output = process.stdout
    assert output is not None
    is_last = False
    while not is_last:
        header = await _header(output)
        is_last = header.is_last
        with tempfile.TemporaryFile() as file:
            await _receive(output, header.size_bytes, file)
            yield Part(**header._asdict(), file=file)


async def _header(output: asyncio.StreamReader) -> PartHeader:
    try:
        line = await output.readline()
        return PartHeader(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise EncoderCrashedError from error


async def _receive(output: asyncio.StreamReader, size_bytes: int, file: IO[bytes]) -> None:
    left = size_bytes
    while left:
        piece = await output.read(min(left, _PIECE_BYTES))
        if not piece:
            raise EncoderCrashedError
        await asyncio.to_thread(file.write, piece)
        left -= len(piece)
    await asyncio.to_thread(file.flush)
