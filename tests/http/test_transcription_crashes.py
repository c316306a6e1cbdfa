"""Servers and engines that are killed at random instants while they transcribe: no job is lost, and none done twice."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.http.hearing import LINES, Desk, Script, events_of, hearing, jobs_of, script
from tests.server import Place, new_project, wait_until

pytestmark = pytest.mark.slow  # `make test-slow` kills

CHUNKS, PAUSE_S = 25, 0.04
_LATER_S = 0.25
"""A few chunks: kills come within this time after a chunk."""


class Killing:
    """Transcriptions, and who is killed while they run."""

    def __init__(self, place: Place, scripts: list[Script], kills: int, seed: int) -> None:
        self._place = place
        self._key = new_project(place).live
        self._chance = random.Random(seed)
        self._left = kills
        self.scripts = scripts
        self.ids: list[str] = []
        self.is_over = False

    def serve(self) -> None:
        """Serve until the server is killed, or until all has ended; engines are killed now and then."""
        with hearing(self._place, EARMARK_JOB_LEASE_S="1") as server, server.client(self._key) as client:
            desk = Desk(server, client)
            if not self.ids:
                self.ids = [desk.transcribe(desk.upload(one.audio))["id"] for one in self.scripts]
            while self._left and self._is_next_chunk_heard(desk):
                time.sleep(self._chance.random() * _LATER_S)
                self._left -= 1
                if self._chance.random() < 0.5:
                    return server.stop(signal.SIGKILL)
                for pid in [pid for one in self.scripts for pid in one.children()]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            wait_until(lambda: self._have_ended(desk), most_s=120)
            self.is_over = True
            self.check(desk)
        return None

    def _is_next_chunk_heard(self, desk: Desk) -> bool:
        """Wait for a chunk; return False if there is none left."""
        before = self._count()
        wait_until(lambda: self._count() > before or self._have_ended(desk), most_s=60)
        return self._count() > before

    def _count(self) -> int:
        return sum(len(one.heard()) for one in self.scripts)

    def _have_ended(self, desk: Desk) -> bool:
        return all(desk.get(one)["status"] in ("completed", "failed") for one in self.ids)

    def check(self, desk: Desk) -> None:
        for transcription, one in zip(self.ids, self.scripts):
            assert desk.get(transcription)["status"] == "completed", desk.get(transcription)["error"]
            assert desk.words(transcription) == [chunk["text"] for chunk in one.chunks]
            assert events_of(self._place, transcription) == ["transcription.started", "transcription.completed"]
            assert [job.state for job in jobs_of(self._place, transcription)] == ["succeeded"]
            check_repeats(one)


def check_repeats(one: Script) -> None:
    """Check that each run began with the last chunk that was heard before it, or with the next."""
    last_ms = 0
    for note in one.notes():
        at_ms = note["begins_ms"] if "begins_ms" in note else note["heard_ms"]
        assert at_ms >= last_ms
        last_ms = note.get("heard_ms", last_ms)
    length_ms = one.chunks[0]["ms"]
    assert set(one.heard()) == {number * length_ms for number in range(CHUNKS)}


def run_killing(place: Place, folder: Path, kills: int, count: int, seed: int = 0) -> None:
    texts = [f"Hive number {number} is full." for number in range(CHUNKS)]
    scripts = [script(folder, texts, name=f"talk {number}") for number in range(count)]
    for one in scripts:
        for chunk in one.chunks:
            chunk["pause_s"] = PAUSE_S
    killing = Killing(place, scripts, kills, seed)
    while not killing.is_over:
        killing.serve()


def test_no_transcription_is_lost_or_done_twice_when_servers_and_engines_are_killed(
    fresh_place: Place, tmp_path: Path
) -> None:
    run_killing(fresh_place, tmp_path, kills=10, count=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_nor_by_200_kills(fresh_place: Place, tmp_path: Path, seed: int) -> None:
    run_killing(fresh_place, tmp_path, kills=50, count=15, seed=seed)


def test_a_server_that_is_stopped_ends_its_engine_and_the_next_one_goes_on(fresh_place: Place, tmp_path: Path) -> None:
    audio, key = script(tmp_path, waits_at=1), new_project(fresh_place).live
    with hearing(fresh_place) as server, server.client(key) as client:
        desk = Desk(server, client)
        begun = desk.transcribe(desk.upload(audio.audio))["id"]
        desk.until_heard(begun, 1)
        server.stop()
    assert audio.children() == []
    (job,) = jobs_of(fresh_place, begun)
    assert (job.state, job.losses) == ("pending", 0)
    audio.open()
    with hearing(fresh_place) as server, server.client(key) as client:
        desk = Desk(server, client)
        assert desk.ended(begun)["status"] == "completed"
        assert desk.words(begun) == LINES
    assert audio.heard() == [0, 4_000, 8_000]
