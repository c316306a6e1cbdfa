"""After an end user's erasure no byte of their words remains in the tables, SQLite's file or its WAL."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from earmark.storage.dump import walk
from earmark.webhooks.endpoints import create_endpoint
from earmark.webhooks.types import NewEndpoint
from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running, wait_until

PLANTED = {
    "external_id": "plantedexternal", "email": "plantedmail@example.org", "name": "plantedname",
    "metadata": "plantedmetadata", "recording": "plantedrecording", "segment": "plantedsegment",
    "speaker": "Plantedspeaker", "title": "plantedtitle", "question": "plantedquestion", "folder": "plantedfolder",
    "device": "planteddevice", "corrected": "plantedcorrection",
}  # fmt: skip
ASKED = "What was decided about plantedprompt?"
KEPT = {"audit_events", "events", "webhook_bodies", "webhook_deliveries", "jobs"}
"""Tables that may name who or what was erased: the audit trail, the one event that says so with its delivery, and the
job that deletes the folder of the audio."""


def _plant(client: httpx.Client) -> str:
    library = Library(client)
    user = library.user(external_id=PLANTED["external_id"], email=PLANTED["email"], name=PLANTED["name"],
                        metadata={"note": PLANTED["metadata"]})  # fmt: skip
    lines = [
        {"start": at, "end": at + 1, "speaker": PLANTED["speaker"], "text": f"{PLANTED['segment']} number {at}."}
        for at in range(400)
    ]
    recording = library.recording(user, lines, name=PLANTED["recording"], device_id=PLANTED["device"])
    transcription = f"/v1/transcriptions/{client.get(f'/v1/recordings/{recording}').json()['transcription_id']}"
    corrected = {"revision": 1, "segments": [{"index": 0, "text": PLANTED["corrected"]}]}
    assert client.patch(transcription, json=corrected, headers={"Idempotency-Key": "planted"}).status_code == 200
    folder = client.post("/v1/folders", json={"end_user_id": user, "name": PLANTED["folder"]}).json()["id"]
    client.put(f"/v1/folders/{folder}/recordings/{recording}")
    key = {"Idempotency-Key": "planted"}
    for number in range(3):
        question = {"content": f"{PLANTED['question']} about {PLANTED['segment']} {number}?"}
        body = {"end_user_id": user, "scope": {"type": "library"}, "initial_message": question}
        made = client.post("/v1/ask/sessions", json=body, headers={"Idempotency-Key": f"planted{number}"})
        session = f"/v1/ask/sessions/{made.json()['session_id']}"
        assert client.patch(session, json={"title": PLANTED["title"]}, headers=key).status_code == 200
        assert client.post(f"{session}/messages", json=question, headers=key).status_code == 200
    return user


STAYS = ["external_id"]
"""The event `end_user.deleted` says which of the caller's own people is gone, and stays (contract, section 9)."""


async def _words(runtime: Runtime) -> bytes:
    found: list[Any] = []
    async for _, _, rows in walk(runtime.database):
        found += rows
    return repr(found).lower().encode()


def _left(content: bytes) -> list[str]:
    return [name for name, word in PLANTED.items() if word.lower().encode() in content.lower()]


def test_no_byte_of_an_erased_person_is_left(fresh_place: Place) -> None:
    key = new_project(fresh_place).live
    with running(fresh_place) as server, server.client(key) as client:
        other = Library(client).user(external_id="stays")
        user = _plant(client)
        assert len(_left(fresh_place.run(_words))) == len(PLANTED)
        assert client.delete(f"/v1/end-users/{user}").status_code == 204
        assert _left(fresh_place.run(_words)) == STAYS
        assert client.get(f"/v1/end-users/{other}").status_code == 200
        if fresh_place.database_url is None:
            assert _left_in_files(fresh_place) == {"earmark.db": STAYS}
    if fresh_place.database_url is None:
        with closing(sqlite3.connect(fresh_place.settings.database_path)) as connection:
            connection.execute("VACUUM")
        assert _left_in_files(fresh_place) == {"earmark.db": STAYS}


def test_no_byte_of_an_erased_end_user_remains_soon_after_under_concurrent_reads(fresh_place: Place) -> None:
    project = new_project(fresh_place)
    over = threading.Event()
    with running(fresh_place) as server, server.client(project.live) as client, ThreadPoolExecutor(4) as threads:
        user, other = _plant(client), Library(client).user()
        Library(client).recording(other, TALK)
        readers = [threads.submit(_read_on, server, project.live, other, over) for _ in range(4)]
        try:
            assert client.delete(f"/v1/end-users/{user}").status_code == 204
            _wait_until_gone(fresh_place, set(PLANTED) - set(STAYS))
        finally:
            over.set()
        assert min(one.result() for one in readers) > 0


def test_no_byte_of_a_deleted_recording_and_session_is_left_soon_after(fresh_place: Place) -> None:
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        _plant(client)
        for path in ("/v1/ask/sessions", "/v1/recordings"):
            for one in client.get(path).json()["data"]:
                assert client.delete(f"{path}/{one['id']}").status_code == 204
        _wait_until_gone(fresh_place, {"recording", "segment", "title", "question", "device", "corrected"})


def _read_on(server: Server, key: str, user: str, over: threading.Event) -> int:
    """Search and list until told to stop; return how often."""
    count = 0
    with server.client(key) as client:
        while not over.is_set():
            found = client.post("/v1/recordings/search", json={"query": "lantern", "end_user_id": user})
            assert found.status_code == 200
            assert client.get("/v1/recordings").status_code == 200
            count += 1
    return count


def _wait_until_gone(place: Place, words: set[str]) -> None:
    if place.database_url is not None:
        assert not words & set(_left(place.run(_words)))
        return
    deadline = time.monotonic() + 30
    while left := {name: found for name, found in _left_in_files(place).items() if words & set(found)}:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _left_in_files(place: Place) -> dict[str, list[str]]:
    files = [one for one in place.data_dir.rglob("*") if one.is_file()]
    assert any(one.name == "earmark.db" for one in files)
    found = {one.name: _left(one.read_bytes()) for one in files}
    return {name: left for name, left in found.items() if left}


def _summarise(client: httpx.Client) -> None:
    """Leave a row of the person's words in the tables of summaries, configuration and access tokens."""
    [recording] = client.get("/v1/recordings").json()["data"]
    for how in ({"template_id": "tmpl_general_notes"}, {"prompt": ASKED}):
        body = {"transcription_id": recording["transcription_id"], **how}
        path = f"/v1/summaries/{client.post('/v1/summaries', json=body).json()['id']}"
        wait_until(lambda path=path: client.get(path).json()["status"] == "completed")  # type: ignore[misc]
    output = {"decisions": ["plantedsegment is decided."]}
    assert client.patch(path, json={"output": output}).status_code == 200
    config = f"/v1/end-users/{recording['end_user_id']}/config/processing"
    assert client.put(config, json={"auto_summary": {"enabled": True}}).status_code == 200


async def _tables_with(runtime: Runtime, *texts: str) -> set[str]:
    found = set()
    async for table, _, rows in walk(runtime.database):
        said = repr(rows)
        found |= {str(table)} if any(text in said for text in texts) else set()
    return found


@pytest.mark.parametrize("erased", ["end user", "recording"])
def test_no_table_but_the_audit_trail_and_the_last_event_names_what_was_erased(fresh_place: Place, erased: str) -> None:
    project = new_project(fresh_place)

    async def listen(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        await create_endpoint(tenant, runtime.sealer, NewEndpoint("https://127.0.0.1:9/", ["*"], has_text=True))

    fresh_place.run(listen)
    with running(fresh_place) as server, server.client(project.live) as client:
        user = _plant(client)
        _summarise(client)
        [recording] = [one["id"] for one in client.get("/v1/recordings").json()["data"]]
        [endpoint] = [one["id"] for one in client.get("/v1/webhook-endpoints").json()["data"]]
        sent = f"/v1/webhook-endpoints/{endpoint}/deliveries?limit=100&type=summary.completed"
        wait_until(lambda: len(client.get(sent).json()["data"]) == 2)
        words = ("plantedsegment", "plantedprompt")
        before = fresh_place.run(lambda runtime: _tables_with(runtime, *words))
        assert {"summaries", "summary_items", "webhook_bodies"} <= before
        for session in client.get("/v1/ask/sessions").json()["data"]:
            assert client.delete(f"/v1/ask/sessions/{session['id']}").status_code == 204
        path = f"/v1/end-users/{user}" if erased == "end user" else f"/v1/recordings/{recording}"
        assert client.delete(path).status_code == 204
        assert fresh_place.run(lambda runtime: _tables_with(runtime, *words)) == set()
        ids = (user, recording) if erased == "end user" else (recording,)
        assert fresh_place.run(lambda runtime: _tables_with(runtime, *ids)) <= KEPT
