"""After an end user's erasure no byte of their words remains in the tables, SQLite's file or its WAL."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx

from earmark.runtime import Runtime
from earmark.storage.dump import walk
from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running

PLANTED = {
    "external_id": "plantedexternal", "email": "plantedmail@example.org", "name": "plantedname",
    "metadata": "plantedmetadata", "recording": "plantedrecording", "segment": "plantedsegment",
    "speaker": "Plantedspeaker", "title": "plantedtitle", "question": "plantedquestion", "folder": "plantedfolder",
    "device": "planteddevice",
}  # fmt: skip


def _plant(client: httpx.Client) -> str:
    library = Library(client)
    user = library.user(external_id=PLANTED["external_id"], email=PLANTED["email"], name=PLANTED["name"],
                        metadata={"note": PLANTED["metadata"]})  # fmt: skip
    lines = [
        {"start": at, "end": at + 1, "speaker": PLANTED["speaker"], "text": f"{PLANTED['segment']} number {at}."}
        for at in range(400)
    ]
    recording = library.recording(user, lines, name=PLANTED["recording"], device_id=PLANTED["device"])
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
        assert _left(fresh_place.run(_words)) == []
        assert client.get(f"/v1/end-users/{other}").status_code == 200
        if fresh_place.database_url is None:
            assert _left_in_files(fresh_place) == {}
    if fresh_place.database_url is None:
        with closing(sqlite3.connect(fresh_place.settings.database_path)) as connection:
            connection.execute("VACUUM")
        assert _left_in_files(fresh_place) == {}


def test_no_byte_of_an_erased_end_user_remains_soon_after_under_concurrent_reads(fresh_place: Place) -> None:
    project = new_project(fresh_place)
    over = threading.Event()
    with running(fresh_place) as server, server.client(project.live) as client, ThreadPoolExecutor(4) as threads:
        user, other = _plant(client), Library(client).user()
        Library(client).recording(other, TALK)
        readers = [threads.submit(_read_on, server, project.live, other, over) for _ in range(4)]
        try:
            assert client.delete(f"/v1/end-users/{user}").status_code == 204
            _wait_until_gone(fresh_place, set(PLANTED))
        finally:
            over.set()
        assert min(one.result() for one in readers) > 0


def test_no_byte_of_a_deleted_recording_and_session_is_left_soon_after(fresh_place: Place) -> None:
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        _plant(client)
        for path in ("/v1/ask/sessions", "/v1/recordings"):
            for one in client.get(path).json()["data"]:
                assert client.delete(f"{path}/{one['id']}").status_code == 204
        _wait_until_gone(fresh_place, {"recording", "segment", "title", "question", "device"})


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
