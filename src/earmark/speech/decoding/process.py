"""Runs the decoding process: limits, what it inherits, its header and report, and its end.

The child gets the media as standard input, the write end of a pipe as standard output and reports on standard error;
it inherits nothing else, and can't write to files. The read end of the pipe can be handed to another process, so that
samples don't pass through the server.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

import earmark
from earmark.speech.decoding.types import RATE, DecoderKilledError, DecodingLimits, Header, Report, UndecodableError

_MODULE: Final = "earmark.speech.decoding"
_ENVIRONMENT: Final = {
    "PYTHONPATH": str(Path(earmark.__file__).parent.parent),
    "OPENBLAS_NUM_THREADS": "1",  # each thread would take address space
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
_MAX_LINE_BYTES: Final = 4 << 10
_KILLS: Final = frozenset(
    -getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGKILL", "SIGTERM") if hasattr(signal, name)
)
"""Exit statuses of a process that an operator, a service manager or a machine without memory ended."""


class OpenFile(Protocol):
    """A regular file that is open for reading; its position isn't used or changed."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


class DecodedStream:
    """PCM that is being decoded.

    Attributes:
        header: what the PCM is.
        decoded_ms: how far decoding is, about once a minute of audio.
    """

    def __init__(self, process: Process, fd: int) -> None:
        self._process = process
        self._fd: int | None = fd
        self._report: Report | None = None
        self._reporting = asyncio.ensure_future(self._follow())
        self.header = Header(1, None, RATE)
        self.decoded_ms = 0

    @property
    def pid(self) -> int:
        """The process, which is also its group."""
        return self._process.pid

    @property
    def stdout_fd(self) -> int:
        """The read end of the pipe, in blocking mode, at the first sample.

        Give it to a process as its standard input, then call `close_stdout`: otherwise the decoder never learns that
        its reader is gone.

        Raises: ValueError once it is closed.
        """
        if self._fd is None:
            raise ValueError("the stream's pipe is closed here")
        return self._fd

    def close_stdout(self) -> None:
        """Close the read end in this process."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    async def read(self, size_bytes: int = 64 << 10) -> bytes:
        """Return the next samples, b"" at the end; for callers that have no process to give the pipe to."""
        return await self._in_thread(os.read, self.stdout_fd, size_bytes)

    async def report(self) -> Report:
        """Return how decoding ended; wait for it. The samples have to be read by somebody meanwhile.

        A process that died is a damaged file: whatever it decoded before is part of it.

        Raises: DecoderKilledError if it was killed.
        """
        await asyncio.shield(self._reporting)
        if self._report is not None:
            return self._report
        if self._process.returncode in _KILLS:
            raise DecoderKilledError
        return Report(self.decoded_ms, True, "audio_corrupt", "", "")

    async def _begin(self) -> None:
        """Read the header.

        Raises: UndecodableError if there is none; DecoderKilledError.
        """
        line = await self._in_thread(_read_line, self.stdout_fd)
        try:
            self.header = Header(**json.loads(line))
        except (ValueError, TypeError):
            raise UndecodableError((await self.report()).problem or "audio_corrupt") from None

    async def _end(self) -> None:
        """Kill the process with everything that it started, and wait until it is gone."""
        await _kill(self._process)
        await self._reporting
        self.close_stdout()

    async def _in_thread(self, function: Any, *arguments: Any) -> bytes:
        """Run a read that blocks; if this is cancelled, the process is killed and the read therefore ends."""
        reading = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
        try:
            result: bytes = await asyncio.shield(reading)
        except asyncio.CancelledError:
            await _kill(self._process)
            await reading
            raise
        return result

    async def _follow(self) -> None:
        """Read reports until the process closes them; a line that is none is a crash's message."""
        reports = self._process.stderr
        if reports is None:
            return
        async for line in _lines(reports):
            with suppress(ValueError, TypeError, KeyError):
                values = json.loads(line)
                self.decoded_ms = int(values["decoded_ms"])
                if len(values) > 1:
                    self._report = Report(**values)
        await self._process.wait()


@asynccontextmanager
async def decoding(
    file: OpenFile, *, skip_ms: int = 0, max_ms: int, limits: DecodingLimits | None = None,
    begin_s: float | None = None, refuses_long: bool = False,
) -> AsyncIterator[DecodedStream]:  # fmt: skip
    """Decode an open file in a process of its own, which is killed when the block is left.

    Args:
        skip_ms: the PCM begins here, to the sample.
        max_ms: decoding ends here.
        refuses_long: whether nothing is decoded of a file that is known to be longer.
        begin_s: how long the first samples may take; None: as long as the limits allow.

    Raises: UndecodableError if nothing can be decoded; DecoderKilledError.
    """
    options = ["--refuse-long"] if refuses_long else []
    process, read_fd = await _start(file, limits or DecodingLimits(), max_ms, f"--skip-ms={skip_ms}", *options)
    stream = DecodedStream(process, read_fd)
    try:
        await _in_time(stream._begin(), begin_s)
        yield stream
    finally:
        await asyncio.shield(asyncio.ensure_future(stream._end()))


async def _in_time(beginning: Awaitable[None], most_s: float | None) -> None:
    try:
        async with asyncio.timeout(most_s):
            await beginning
    except TimeoutError as error:
        raise DecoderKilledError from error


async def first_line(file: OpenFile, limits: DecodingLimits) -> bytes:
    """Return what the process answers to `--probe`; b"" if it died."""
    process, read_fd = await _start(file, limits, 0, "--probe")
    stream = DecodedStream(process, read_fd)
    try:
        return await stream._in_thread(_read_line, read_fd)
    finally:
        await asyncio.shield(asyncio.ensure_future(stream._end()))


async def _start(file: OpenFile, limits: DecodingLimits, max_ms: int, *arguments: str) -> tuple[Process, int]:
    """Start the process; return it and the read end of its pipe."""
    media = file.fileno()
    cpu_s = limits.cpu_s(os.fstat(media).st_size, max_ms)
    read_fd, write_fd = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-B", "-m", _MODULE, "--fd=0", "--report-fd=2", f"--max-ms={max_ms}",
            f"--memory-bytes={limits.memory_bytes}", f"--cpu-s={cpu_s}", *arguments,
            stdin=media, stdout=write_fd, stderr=PIPE, env=_ENVIRONMENT, start_new_session=True, limit=_MAX_LINE_BYTES,
        )  # fmt: skip
    except BaseException:
        os.close(read_fd)
        raise
    finally:
        os.close(write_fd)
    return process, read_fd


async def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        if process.returncode is None and hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()
    await process.wait()


def _read_line(fd: int) -> bytes:
    """Return the first line and leave the pipe just behind it."""
    line = bytearray()
    while len(line) < _MAX_LINE_BYTES and not line.endswith(b"\n"):
        byte = os.read(fd, 1)
        if not byte:
            break
        line += byte
    return bytes(line)


async def _lines(reports: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines; one that is too long is left out."""
    while True:
        try:
            line = await reports.readline()
        except ValueError:
            continue
        if not line:
            return
        yield line
