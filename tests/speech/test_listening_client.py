"""The parent's side of the listening process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earmark.speech.listening.client import listening
from earmark.speech.listening.errors import (
    EngineCrashedError,
    LanguageNotSupportedError,
    NoSoundError,
    SpeechUnavailableError,
)
from earmark.speech.listening.messages import ChunkHeard, Ended, Message, Progress, parse_line
from tests.speech.conftest import header

ENGINE = "moonshine-tiny-en"


@contextmanager
def file_of(path: Path, content: bytes) -> Iterator[int]:
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def _all(messages: AsyncIterator[Message]) -> list[Message]:
    return [message async for message in messages]


async def test_chunks_arrive_and_then_the_end(tmp_path: Path, beckett: np.ndarray[Any, Any]) -> None:
    with file_of(tmp_path / "pcm", header() + beckett.tobytes()) as descriptor:
        async with listening(descriptor, ENGINE, language="en", vocabulary=["Beckett"]) as messages:
            found = [message for message in await _all(messages) if not isinstance(message, Progress)]
    chunk, end = found
    assert isinstance(chunk, ChunkHeard)
    assert chunk.segments[0].text.startswith("Ever tried")
    assert isinstance(end, Ended)
    assert end.language == "en"


@pytest.mark.parametrize(
    ("content", "options", "error"),
    [
        (b"no header\n", {}, NoSoundError),
        (header(), {"language": "fr"}, LanguageNotSupportedError),
        (header(), {"models_dir": Path("/nowhere")}, SpeechUnavailableError),
    ],
)
async def test_a_problem_is_raised_as_its_error(
    tmp_path: Path, content: bytes, options: dict[str, Any], error: type[Exception]
) -> None:
    with file_of(tmp_path / "pcm", content) as descriptor:
        async with listening(descriptor, ENGINE, **options) as messages:
            with pytest.raises(error):
                await _all(messages)


async def test_leaving_the_block_kills_the_process_at_once() -> None:
    reading, writing = os.pipe()
    os.write(writing, header())
    try:
        async with listening(reading, ENGINE) as messages:
            assert isinstance(await anext(messages), Progress)  # it runs, and waits for samples
            children = _children()
        assert children
        assert not any(_is_alive(child) for child in children)  # an orderly end waits for the end of stdin, for ever
    finally:
        os.close(reading)
        os.close(writing)


async def test_cancelling_the_reader_kills_the_process() -> None:
    reading, writing = os.pipe()
    os.write(writing, header())
    started = asyncio.Event()

    async def read() -> None:
        async with listening(reading, ENGINE) as messages:
            async for _ in messages:
                started.set()

    task = asyncio.create_task(read())
    try:
        await started.wait()
        children = _children()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert children
        assert not any(_is_alive(child) for child in children)
    finally:
        os.close(reading)
        os.close(writing)


async def test_a_process_that_dies_is_a_crash() -> None:
    reading, writing = os.pipe()
    os.write(writing, header())
    try:
        async with listening(reading, ENGINE) as messages:
            assert isinstance(await anext(messages), Progress)
            for child in _children():
                os.kill(child, signal.SIGKILL)
            with pytest.raises(EngineCrashedError):
                await _all(messages)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize(
    "printed",
    [
        "hello", "{}", "[]", "null", "1", '{"chunk": {}}', '{"end": null}', '{"chunk": {"start_ms": "1"}}', "[" * 50_000,
        '{"progress": {"heard_until_ms": -1}}', '{"progress": {"heard_until_ms": true}}', '{"other": {}}',
        '{"progress": {"heard_until_ms": 1}, "end": {}}', '{"problem": {"code": "x", "message": "y"}}', "\ud800",
        '{"chunk": {"start_ms": 0, "end_ms": 1, "heard_until_ms": 1, "language": 3, "segments": []}}',
        '{"chunk": {"start_ms": 0, "end_ms": 1, "heard_until_ms": 1, "language": "en", "segments": [{"start_ms": 5, '
        '"end_ms": 1, "text": "x", "speaker": null, "confidence": null}]}}',
        '{"chunk": {"start_ms": 0, "end_ms": 1, "heard_until_ms": 1, "language": "en", "segments": [{"start_ms": 0, '
        '"end_ms": 1, "text": "x", "speaker": null, "confidence": NaN}]}}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_message_is_a_crash(printed: str) -> None:
    line = printed.encode(errors="surrogatepass")
    try:
        message = parse_line(line)
    except EngineCrashedError:
        return
    assert type(message).__name__ == "Problem"


def _children() -> list[int]:
    """Return the listening processes that this test's process started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent_of(entry) == os.getpid():
            found.append(int(entry.name))
    return found


def _parent_of(entry: Path) -> int | None:
    try:
        command = (entry / "cmdline").read_bytes()
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    is_ours = b"earmark.speech.listening" in command and sys.executable.encode() in command
    return int(fields[1]) if is_ours and fields[0] != "Z" else None


def _is_alive(process: int) -> bool:
    return _parent_of(Path("/proc") / str(process)) is not None
