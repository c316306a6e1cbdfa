"""A project's own share of the jobs: with as many open as may be, a request for another is 429 until one ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import TALK, error_of
from tests.http.hearing import Desk, hearing, script
from tests.server import Place, new_project


@pytest.fixture
def desks(fresh_place: Place) -> Iterator[tuple[Desk, Desk]]:
    """Callers of two projects, each of which may have two open jobs."""
    with hearing(fresh_place, EARMARK_OPEN_JOBS="2", EARMARK_RATE_LIMIT_OVERALL="1000") as server:
        keys = [new_project(fresh_place).live for _ in range(2)]
        with server.client(keys[0]) as one, server.client(keys[1]) as other:
            yield Desk(server, one), Desk(server, other)


def refused(answer: httpx.Response) -> None:
    assert (answer.status_code, error_of(answer)["code"]) == (429, "rate_limit_exceeded"), answer.text
    assert answer.headers["retry-after"] == "30"
    assert int(answer.headers["x-ratelimit-remaining"]) > 0
    assert error_of(answer)["message"].startswith("2 of your jobs wait or run already")


def test_a_project_with_its_share_of_open_jobs_is_refused_another_and_others_are_not(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    desk, other = desks
    user = desk.library.user()
    scripts = [script(tmp_path, waits_at=0, name=str(number)) for number in range(2)]
    begun = [desk.transcribe(desk.upload(one.audio, user)) for one in scripts]
    third = desk.upload(script(tmp_path, name="third").audio, user)
    refused(desk.client.post("/v1/transcriptions", json={"recording_id": third}))
    refused(desk.client.post(f"/v1/recordings/{third}/transcribe"))
    refused(desk.client.post("/v1/summaries", json={"transcription_id": "txn_x", "template_id": "tmpl_general_notes"}))
    refused(desk.client.post("/v1/imports", json={"file_name": "a.zip", "end_user_id": user}))
    talk = {"segments": TALK}
    refused(desk.client.put(f"/v1/recordings/{third}/transcript", params={"wait": "false"}, json=talk))
    assert desk.client.get("/v1/transcriptions").status_code == 200
    assert desk.client.put(f"/v1/recordings/{desk.library.recording(user)}/transcript", json=talk).status_code == 201
    theirs = other.upload(script(tmp_path, name="theirs").audio)
    assert other.transcribe(theirs)["status"] == "pending"
    for one in scripts:
        one.open()
    assert {desk.ended(one["id"])["status"] for one in begun} == {"completed"}
    assert desk.ended(desk.transcribe(third)["id"])["status"] == "completed"
