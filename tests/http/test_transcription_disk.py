"""A disk that fills up during a transcription: nothing that was stored is lost, and it goes on once there is room."""

from __future__ import annotations

import os
from pathlib import Path

from tests.http.conftest import TALK
from tests.http.hearing import LINES, Desk, hearing, script
from tests.http.test_unwritable import no_room
from tests.server import Place, new_project, wait_until


def test_a_full_disk_loses_nothing_and_the_transcription_is_completed_when_there_is_room(
    fresh_place: Place, tmp_path: Path
) -> None:
    audio = script(tmp_path, waits_at=1)
    key = new_project(fresh_place).live
    reading, writing = os.pipe()  # a log file could not be written either
    with (
        os.fdopen(writing, "w") as log,
        hearing(fresh_place, stderr=log, EARMARK_JOB_LEASE_S="3") as server,
        server.client(key) as client,
    ):
        desk = Desk(server, client)
        recording = desk.upload(audio.audio, recording=desk.library.recording(desk.library.user(), TALK))
        earlier = desk.recording(recording)["transcription_id"]
        begun = desk.transcribe(recording)["id"]
        desk.until_heard(begun, 1)
        with no_room(server):
            audio.open()
            wait_until(lambda: 4_000 in audio.heard())  # what it says now can't be stored
            wait_until(lambda: audio.children() == [])
            refused = client.post("/v1/end-users", json={})
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
            shown = desk.get(begun, include="partial")
            assert [one["text"] for one in shown["partial_segments"]] == LINES[:1]
            assert desk.recording(recording)["transcription_id"] == earlier
            assert desk.get(earlier)["status"] == "completed"
        done = desk.ended(begun)
        assert (done["status"], done["error"]) == ("completed", None)
        assert desk.words(begun) == LINES
        assert audio.heard()[0] == 0
        assert audio.heard().count(0) == 1  # what was stored is not heard again
        assert desk.recording(recording)["transcription_id"] == begun
    os.close(reading)
