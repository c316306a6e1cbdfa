"""Starts the listening process and reads what it hears."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import earmark
from earmark.errors import EarmarkError
from earmark.speech.listening.errors import (
    EngineCrashedError,
    LanguageNotSupportedError,
    NoSoundError,
    SpeechUnavailableError,
)
from earmark.speech.listening.messages import LINE_BYTES, ChunkHeard, Ended, Problem, Progress, parse_line

_ERRORS: Final[dict[str, type[EarmarkError]]] = {
    one.reason: one for one in (EngineCrashedError, LanguageNotSupportedError, NoSoundError, SpeechUnavailableError)
}

_ENVIRONMENT: Final = {"PYTHONPATH": str(Path(earmark.__file__).parent.parent), "OMP_NUM_THREADS": "1"}
"""All that the process gets of it: no settings, which hold secrets. Nor does it import from the folder it runs in."""


@asynccontextmanager
async def listening(
    stdin_fd: int,
    engine: str,
    *,
    models_dir: Path | None = None,
    voice_dir: Path | None = None,
    language: str | None = None,
    start_ms: int = 0,
    vocabulary: Sequence[str] = (),
    channels: int | None = None,
    is_understood: bool = False,
) -> AsyncIterator[AsyncIterator[ChunkHeard | Progress | Ended]]:
    """Run an engine over decoded audio; leaving the block kills it with its whole process group.

    Args:
        stdin_fd: where the decoder's output is read from; the caller closes it.
        engine: a name of `ENGINES`.
        models_dir: the folder of the engine's model, or None for the installed one.
        voice_dir: the folder of the voice activity model, or None for `models_dir`.
        language: the BCP 47 tag of the speech, or None to leave it to the engine.
        start_ms: the time of the first sample in the recording.
        vocabulary: terms that the engine should know, if it can.
        channels: of the samples, if the decoder's header was read already; None: it comes first.
        is_understood: whether an earlier run found that the engine understands the recording.

    Yields: an iterator of chunks as they are finished, of progress, and at last the end. The engine goes on when the
        next is asked for, so that what its reader stored meanwhile is never more than one chunk behind. It raises
        EngineCrashedError, LanguageNotSupportedError, NoSoundError or SpeechUnavailableError.
    """
    given = {"models-dir": models_dir, "voice-dir": voice_dir, "language": language, "channels": channels}
    command = [sys.executable, "-P", "-m", "earmark.speech.listening", "--engine", engine, "--start-ms", str(start_ms)]
    command += [f"--{name}={value}" for name, value in given.items() if value is not None]
    command += ["--is-understood"] if is_understood else []
    stored_fd, told_fd = os.pipe()
    try:
        async with _running(command, stdin_fd, stored_fd, vocabulary) as process:
            yield _messages(process, told_fd)
    finally:
        os.close(told_fd)


@asynccontextmanager
async def _running(
    command: list[str], stdin_fd: int, stored_fd: int, vocabulary: Sequence[str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the process, and kill it at the end; `stored_fd` is its own from then on."""
    try:
        with _vocabulary_file(vocabulary) as descriptors:
            process = await asyncio.create_subprocess_exec(
                *command,
                f"--stored-fd={stored_fd}",
                *(f"--vocabulary-fd={descriptor}" for descriptor in descriptors),
                stdin=stdin_fd,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_ENVIRONMENT,
                limit=LINE_BYTES,
                start_new_session=True,
                pass_fds=(stored_fd, *descriptors),
            )
    finally:
        os.close(stored_fd)
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _messages(process: asyncio.subprocess.Process, told_fd: int) -> AsyncIterator[ChunkHeard | Progress | Ended]:
    assert process.stdout is not None
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError as error:  # the line is longer than the limit
            raise EngineCrashedError("The speech engine's process wrote an invalid line.") from error
        if not line.endswith(b"\n"):
            raise EngineCrashedError("The speech engine's process ended before the audio did.")
        message = parse_line(line)
        if isinstance(message, Problem):
            raise _ERRORS.get(message.code, EngineCrashedError)(message.message)
        yield message
        if isinstance(message, Ended):
            return
        if isinstance(message, ChunkHeard):
            with suppress(BrokenPipeError):  # the end of its output says the same
                os.write(told_fd, b"\n")


@contextmanager
def _vocabulary_file(vocabulary: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Yield the descriptor of a file with the terms; none if there are none."""
    if not vocabulary:
        yield ()
        return
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(list(vocabulary)).encode())
        file.seek(0)
        file.flush()
        yield (file.fileno(),)
