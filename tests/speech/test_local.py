"""The engines of this machine: both processes together, when one of them is missing, killed or stuck."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import wave
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earmark.speech import local
from earmark.speech.decoding import process as decoding_process
from earmark.speech.errors import NOT_INSTALLED, HearingError, describe
from earmark.speech.local import LocalHearing
from earmark.speech.types import End, Heard, HeardChunk, Task
from tests.speech.conftest import RATE, SAMPLES
from tests.speech.media_files import tones, write_wav

ENGINE = "moonshine-tiny-en"
HOUR_MS = 3_600_000


class OpenedFile:
    """A file of the disk as the store gives it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size_bytes = path.stat().st_size

    def fileno(self) -> int:
        return self._file.fileno()

    def read_now(self, offset: int, size_bytes: int) -> bytes:
        return os.pread(self.fileno(), size_bytes, offset)

    async def read(self, offset: int, size_bytes: int) -> bytes:
        return self.read_now(offset, size_bytes)

    async def close(self) -> None:
        self._file.close()


def task(start_ms: int = 0, *, is_understood: bool = False) -> Task:
    return Task(None, True, (), start_ms, HOUR_MS, is_understood=is_understood)


async def heard(
    path: Path, asked: Task, *, stall_s: float = local.STALL_S, models_dir: Path | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[Heard]:  # fmt: skip
    """Return all that is heard; `meanwhile` is called when something was."""
    file = OpenedFile(path)
    found: list[Heard] = []
    try:
        async with LocalHearing(ENGINE, models_dir, stall_s=stall_s).hear(file, asked) as messages:
            async for one in messages:
                found.append(one)
                meanwhile()
    finally:
        await file.close()
    return found


def children(module: str) -> list[int]:
    """Return this process's children that run a module."""
    tasks = Path("/proc/self/task").glob("*/children")
    pids = {pid for one in tasks for pid in one.read_text(encoding="utf-8").split()}
    return [int(pid) for pid in pids if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]


def send(module: str, number: int) -> Callable[[], None]:
    """Return what sends a signal to the children of a module."""

    def act() -> None:
        for pid in children(module):
            os.kill(pid, number)

    return act


def lengthened(path: Path, seconds: int) -> Path:
    """Make a WAV file so long, by silence that takes no room on the disk."""
    with path.open("r+b") as file:
        for at, size in ((4, 36 + seconds * 32_000), (40, seconds * 32_000)):
            file.seek(at)
            file.write(size.to_bytes(4, "little"))
        file.truncate(44 + seconds * 32_000)
    return path


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So much silence that the decoder waits for its reader."""
    return lengthened(write_wav(tmp_path_factory.mktemp("hours") / "media", tones(16_000, 1_000)), 3_600)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_decoder_that_is_killed_is_a_crash_and_not_the_end_of_the_audio(hours: Path, number: int) -> None:
    with pytest.raises(HearingError) as raised:
        await heard(hours, task(), meanwhile=send("earmark.speech.decoding", number))
    assert (raised.value.code, raised.value.is_temporary) == ("engine_crashed", True)


@pytest.mark.parametrize("module", ["earmark.speech.decoding", "earmark.speech.listening"])
async def test_a_process_that_is_stuck_is_a_crash_and_both_are_gone(hours: Path, module: str) -> None:
    with pytest.raises(HearingError) as raised:
        await heard(hours, task(), stall_s=3.0, meanwhile=send(module, signal.SIGSTOP))
    assert (raised.value.code, raised.value.is_temporary) == ("engine_crashed", True)
    assert not children("earmark.speech.decoding") + children("earmark.speech.listening")


async def test_what_is_missing_is_said_at_once_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HearingError) as raised:
        await heard(SAMPLES / "beckett.wav", task(), models_dir=tmp_path)
    assert (raised.value.code, raised.value.is_temporary) == (NOT_INSTALLED, False)
    assert "make install" in describe(raised.value.code)[1]


async def test_a_missing_decoder_is_not_taken_for_damaged_audio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "av").mkdir()
    (tmp_path / "av" / "__init__.py").write_text("raise ImportError('No module named av')")
    path = f"{tmp_path}{os.pathsep}{decoding_process._ENVIRONMENT['PYTHONPATH']}"
    monkeypatch.setitem(decoding_process._ENVIRONMENT, "PYTHONPATH", path)
    with pytest.raises(HearingError) as raised:
        await heard(SAMPLES / "beckett.wav", task())
    assert (raised.value.code, raised.value.is_temporary) == (NOT_INSTALLED, False)


async def test_the_engine_gets_no_settings_and_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: Path
) -> None:
    (tmp_path / "numpy.py").write_text("raise RuntimeError('imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARMARK_LLM_API_KEY", "canary")
    environments: list[bytes] = []

    def look() -> None:
        environments.extend(Path(f"/proc/{pid}/environ").read_bytes() for pid in children("earmark.speech.listening"))
        send("earmark.speech.listening", signal.SIGKILL)()

    with pytest.raises(HearingError):
        await heard(hours, task(), meanwhile=look)
    assert environments
    assert not any(b"canary" in one for one in environments)
    assert isinstance((await heard(SAMPLES / "beckett.wav", task()))[-1], End)


async def test_a_run_that_goes_on_does_not_decide_the_language_by_what_is_left(
    tmp_path: Path, two_cities: np.ndarray[Any, Any]
) -> None:
    """A recording that begins with what nobody understands is refused; one that goes on with it, after words, is not."""
    unclear = tmp_path / "unclear.wav"
    with wave.open(str(unclear), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(two_cities[::-1].tobytes())
    with pytest.raises(HearingError, match="language"):
        await heard(unclear, task())
    assert isinstance((await heard(unclear, task(is_understood=True)))[-1], End)


async def test_a_recording_that_is_too_long_is_refused_before_any_of_it_is_heard(hours: Path) -> None:
    said: list[object] = []
    with pytest.raises(HearingError) as raised:
        said += await heard(hours, replace(task(), max_ms=1_800_000))
    assert (raised.value.code, said) == ("audio_too_long", [])


# ---- ten hours of nothing ----------------------------------------------------------------------------

SILENT_HOURS = 10


def memory_mb() -> float:
    """Return what the decoder and the listener take together now."""
    pids = [*children("earmark.speech.decoding"), *children("earmark.speech.listening")]
    found = [re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8")) for pid in pids]
    return sum(int(one[1]) for one in found if one is not None) / 1_024


@pytest.mark.slow
async def test_ten_hours_of_silence_have_no_words_and_memory_stays_flat(tmp_path: Path) -> None:
    path = lengthened(write_wav(tmp_path / "media", np.zeros((1, RATE))), SILENT_HOURS * 3_600)
    samples: list[float] = []

    async def watch() -> None:
        while True:
            with suppress(FileNotFoundError, ProcessLookupError):
                samples.append(memory_mb())
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    try:
        found = await heard(path, replace(task(), max_ms=24 * HOUR_MS))
    finally:
        watching.cancel()
    assert [one for one in found if isinstance(one, HeardChunk) and one.segments] == []
    (end,) = [one for one in found if isinstance(one, End)]
    assert (end.decoded_ms, end.is_partial) == (SILENT_HOURS * HOUR_MS, False)
    half = len(samples) // 2
    assert max(samples) <= 500
    assert max(samples[half:]) <= max(samples[:half]) + 50
