"""Concurrent changes of one object: each is stored, and none is refused because of another.

The long run of all changes together is `bench/contention.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
from bench.contention import contend

from tests.http.conftest import TALK, Library
from tests.server import ProjectKeys, Server

ROUNDS = 25


def at_once(*works: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Send requests concurrently."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]


def test_transcripts_imported_concurrently_are_all_accepted_and_one_remains_with_its_index(library: Library) -> None:
    user = library.user()
    recording = library.client.post("/v1/recordings", json={"end_user_id": user}).json()["id"]
    words = [f"zebra{number} spoke of marmalade{number}" for number in range(8)]

    def bring(text: str) -> httpx.Response:
        segments = [{"start": at, "end": at + 1, "speaker": "Ada", "text": f"{text} {at}"} for at in range(40)]
        return library.client.put(f"/v1/recordings/{recording}/transcript", json={"segments": segments})

    for turn in range(3):
        statuses = sorted(one.status_code for one in at_once(*(lambda text=text: bring(text) for text in words)))
        assert statuses == [200] * 7 + [201 if turn == 0 else 200]
        shown = library.client.get(f"/v1/recordings/{recording}").json()
        text = library.client.get(f"/v1/transcriptions/{shown['transcription_id']}").json()["text"]
        kept = next(word for word in words if text.startswith(word))
        for word in words:
            body = {"query": word.split()[0], "end_user_id": user, "limit": 20}
            found = library.client.post("/v1/recordings/search", json=body).json()["results"]
            assert all(kept in one["chunk_text"] for one in found)


def test_concurrent_changes_of_a_recordings_name_and_metadata_are_both_stored(library: Library) -> None:
    recording = library.client.post("/v1/recordings", json={"end_user_id": library.user()}).json()["id"]
    changed_at_once(library.client, f"/v1/recordings/{recording}")


def test_concurrent_changes_of_an_end_users_name_and_metadata_are_both_stored(library: Library) -> None:
    changed_at_once(library.client, f"/v1/end-users/{library.user()}")


def changed_at_once(http: httpx.Client, path: str) -> None:
    for number in range(ROUNDS):
        wanted: dict[str, Any] = {"name": f"name {number}", "metadata": {"number": number}}
        answers = at_once(*(lambda one=one: http.patch(path, json=dict([one])) for one in wanted.items()))
        assert [one.status_code for one in answers] == [200, 200]
        shown = http.get(path).json()
        assert {name: shown[name] for name in wanted} == wanted


def test_a_folder_renamed_while_recordings_are_added_and_removed_has_its_new_name(library: Library) -> None:
    user = library.user()
    recording = library.client.post("/v1/recordings", json={"end_user_id": user}).json()["id"]
    folder = library.client.post("/v1/folders", json={"end_user_id": user, "name": "first"}).json()["id"]
    path, inside = f"/v1/folders/{folder}", f"/v1/folders/{folder}/recordings/{recording}"
    for number in range(ROUNDS):
        move = library.client.put if number % 2 == 0 else library.client.delete
        answers = at_once(
            lambda n=number: library.client.patch(path, json={"name": f"name {n}"}), lambda m=move: m(inside)
        )
        assert all(one.is_success for one in answers)
        shown = library.client.get(path).json()
        assert (shown["name"], shown["recording_count"]) == (f"name {number}", 1 - number % 2)


def test_an_end_user_is_erased_while_its_data_is_being_changed(library: Library) -> None:
    http = library.client
    for number in range(12):
        user = library.user()
        recording = library.recording(user, TALK)
        session = f"/v1/ask/sessions/{library.session(user)['id']}"
        asking = {"end_user_id": user, "scope": {"type": "library"}, "initial_message": {"content": "When?"}}
        works: list[Callable[[], httpx.Response]] = [
            partial(http.put, f"/v1/recordings/{recording}/transcript", json={"segments": TALK}),
            partial(http.patch, session, json={"title": "Another"}, headers={"Idempotency-Key": "r"}),
            partial(http.post, f"{session}/messages", json={"content": "When?"}),
            partial(http.post, "/v1/ask/sessions", json=asking, headers={"Idempotency-Key": f"m{number}"}),
            partial(http.post, "/v1/folders", json={"end_user_id": user, "name": "F"}),
            partial(_erase_after, http, user, number % 6 * 0.01),
        ]
        *others, erased = at_once(*works)
        assert erased.status_code == 204
        assert {one.status_code for one in others} <= {200, 201, 404}
        assert http.get(f"/v1/recordings?end_user_id={user}").json()["data"] == []


def _erase_after(http: httpx.Client, user: str, pause_s: float) -> httpx.Response:
    time.sleep(pause_s)
    return http.delete(f"/v1/end-users/{user}")


def test_many_clients_changing_the_same_objects_cause_no_error(server: Server, project: ProjectKeys) -> None:
    seen = contend(server, project.live, seconds=3)
    assert not seen.faults
    assert {method for method, status in seen.answers if status < 300} >= {"POST", "PUT", "PATCH", "DELETE"}
