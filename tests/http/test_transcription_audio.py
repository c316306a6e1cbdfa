"""Real audio through the API, with the built-in decoder and engine."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.http.hearing import Desk
from tests.server import Place, Server, new_project, running, wait_until

SAMPLES = Path(sys.prefix) / "share" / "earmark" / "speech-samples"
TWO_CITIES = SAMPLES / "two_cities.wav"


@pytest.fixture
def desk(server: Server) -> Iterator[Desk]:
    with server.client(new_project(server.place).live) as client:
        yield Desk(server, client)


def silence(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(16_000)
        written.writeframes(bytes(round(32_000 * seconds)))
    return file.getvalue()


def seconds_of(path: Path) -> float:
    with wave.open(str(path)) as read:
        return read.getnframes() / read.getframerate()


def children_of(server: Server) -> list[str]:
    """Return the command lines of a server's child processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            words = (path / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == server.process.pid and "earmark.speech" in words:
            found.append(f"{path.name} {words}")
    return found


def test_speech_becomes_words_with_their_times(desk: Desk) -> None:
    recording = desk.upload(TWO_CITIES.read_bytes())
    done = desk.ended(desk.transcribe(recording)["id"])
    assert (done["status"], done["language"], done["engine"]) == ("completed", "en", "moonshine-tiny-en")
    assert "it was the best of times" in done["full_text"].lower()
    assert done["duration_ms"] == pytest.approx(seconds_of(TWO_CITIES) * 1_000, abs=100)
    times = [time for one in done["segments"] for time in (one["start"], one["end"])]
    assert times == sorted(times)
    assert times[-1] <= done["duration_ms"] / 1_000
    assert desk.recording(recording)["duration_ms"] == done["duration_ms"]


@pytest.mark.parametrize(
    ("audio", "code"),
    [
        (silence(0.3), "audio_too_short"),
        (silence(3), "no_speech"),
        (b"It was the best of times, it was the worst of times.\n" * 100, "unsupported_format"),
    ],
    ids=["0.3 s", "silence", "a text"],
)
def test_what_has_no_words_fails_with_its_code(desk: Desk, audio: bytes, code: str) -> None:
    failed = desk.ended(desk.transcribe(desk.upload(audio))["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)


def test_a_file_that_ends_in_the_middle_is_transcribed_as_far_as_it_goes(desk: Desk) -> None:
    whole = TWO_CITIES.read_bytes()
    done = desk.ended(desk.transcribe(desk.upload(whole[: len(whole) // 2]))["id"])
    assert done["status"] == "completed"
    assert [one["code"] for one in done["warnings"]] == ["audio_damaged"]
    assert done["duration_ms"] == pytest.approx(seconds_of(TWO_CITIES) * 500, abs=200)


def test_a_killed_engine_and_a_cancelled_one_leave_no_process(desk: Desk) -> None:
    begun = desk.transcribe(desk.upload(TWO_CITIES.read_bytes()))["id"]
    wait_until(lambda: len(children_of(desk.server)) == 2)
    (listener,) = [one for one in children_of(desk.server) if "listening" in one]
    os.kill(int(listener.split()[0]), signal.SIGKILL)
    assert desk.ended(begun)["status"] == "completed"
    again = desk.transcribe(desk.recording_of(begun))["id"]
    wait_until(lambda: len(children_of(desk.server)) == 2)
    for one in children_of(desk.server):
        os.kill(int(one.split()[0]), signal.SIGSTOP)  # so that they don't end by themselves
    assert desk.client.post(f"/v1/transcriptions/{again}/cancel").json()["status"] == "failed"
    answered = time.monotonic()
    wait_until(lambda: children_of(desk.server) == [])
    assert time.monotonic() - answered <= 1.0  # docs/guides/hear.md promises it
    assert desk.get(again)["error"]["code"] == "cancelled"


def test_a_server_without_its_model_says_what_to_install(new_place: Callable[[], Place], tmp_path: Path) -> None:
    place = new_place()
    keys = new_project(place)
    with running(place, EARMARK_SPEECH_MODELS_DIR=str(tmp_path)) as server, server.client(keys.live) as client:
        desk = Desk(server, client)
        failed = desk.ended(desk.transcribe(desk.upload(TWO_CITIES.read_bytes()))["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "processing_error")
    assert "make install" in failed["error_message"]
