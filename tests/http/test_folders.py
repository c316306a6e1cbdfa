"""Folders over HTTP, and asking, searching and listing inside one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from earmark.identity.keys import create_key
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library, error_of
from tests.server import ProjectKeys, Server, new_bound_key, new_project

QUESTION = "When do we move the launch of the lantern to?"
PRICES = [{"start": 0.0, "end": 3.0, "speaker": "Mara", "text": "The launch of the lamp moves to the third of May."}]


def make(library: Library, user: str, name: str = "Board calls") -> str:
    answer = library.client.post("/v1/folders", json={"end_user_id": user, "name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def put(library: Library, folder: str, *recordings: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for recording in recordings:
        answer = library.client.put(f"/v1/folders/{folder}/recordings/{recording}")
        assert answer.status_code == 200, answer.text
        shown = answer.json()
    return shown


def chat(library: Library, user: str, folder: str, **fields: Any) -> httpx.Response:
    body = {"scope": {"type": "folder", "folder_id": folder}, "end_user_id": user, **fields}
    return library.client.post("/v1/ask/sessions", json=body)


def restricted(server: Server, project: ProjectKeys, *scopes: str) -> str:
    async def work(runtime: Runtime) -> str:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        return (await create_key(tenant, scopes=frozenset(scopes))).secret

    return server.place.run(work)


def test_a_folder_is_created_renamed_and_deleted_without_its_recordings(library: Library) -> None:
    user = library.user()
    made = library.client.post("/v1/folders", json={"end_user_id": user, "name": "  Board calls "})
    folder = made.json()
    assert made.status_code == 201
    assert folder == {"id": folder["id"], "end_user_id": user, "name": "Board calls", "recording_count": 0,
                      "created_at": folder["created_at"], "updated_at": folder["created_at"]}  # fmt: skip
    path = f"/v1/folders/{folder['id']}"
    recording = library.recording(user)
    assert put(library, folder["id"], recording)["recording_count"] == 1
    renamed = library.client.patch(path, json={"name": "Board"}).json()
    assert (renamed["name"], renamed["recording_count"]) == ("Board", 1)
    assert library.client.get(path).json() == renamed
    assert library.client.delete(path).status_code == 204
    for again in (library.client.delete(path), library.client.get(path), library.client.get(path + "/recordings")):
        assert (again.status_code, error_of(again)["code"]) == (404, "not_found")
    assert library.client.get(f"/v1/recordings/{recording}").status_code == 200


def test_adding_a_recording_twice_changes_nothing_and_removing_it_twice_is_404(library: Library) -> None:
    user = library.user()
    folder, recording = make(library, user), library.recording(user)
    first = put(library, folder, recording)
    assert put(library, folder, recording) == first
    path = f"/v1/folders/{folder}/recordings/{recording}"
    assert [library.client.delete(path).status_code for _ in range(2)] == [204, 404]
    assert library.client.get(f"/v1/folders/{folder}").json()["recording_count"] == 0


def test_a_recording_may_be_in_several_folders_and_is_removed_from_them_when_deleted(library: Library) -> None:
    user = library.user()
    folders = [make(library, user, name) for name in ("One", "Two")]
    recording = library.recording(user)
    for folder in folders:
        put(library, folder, recording)
    library.client.delete(f"/v1/recordings/{recording}")
    assert [library.client.get(f"/v1/folders/{one}").json()["recording_count"] for one in folders] == [0, 0]


def test_folders_are_listed_newest_first_in_pages_and_by_end_user(library: Library) -> None:
    users = [library.user(), library.user()]
    made = [make(library, users[number % 2], f"Folder {number}") for number in range(5)]
    put(library, made[2], library.recording(users[0]))
    walked, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = library.client.get("/v1/folders", params=params).json()
        walked += page["data"]
        cursor = page["next_cursor"]
        assert page["has_more"] is (cursor is not None)
        if cursor is None:
            break
    assert [row["id"] for row in walked] == made[::-1]
    assert [row["recording_count"] for row in walked] == [0, 0, 1, 0, 0]
    theirs = library.client.get("/v1/folders", params={"end_user_id": users[1]}).json()["data"]
    assert [row["id"] for row in theirs] == [made[3], made[1]]
    assert library.client.get("/v1/folders", params={"end_user_id": "eu_nobody"}).json()["data"] == []


def test_a_folders_recordings_are_those_of_the_list_filtered_by_it(library: Library) -> None:
    user = library.user()
    folder = make(library, user)
    recordings = [library.recording(user, name=f"Call {number}") for number in range(4)]
    put(library, folder, recordings[2], recordings[0])
    inside = library.client.get(f"/v1/folders/{folder}/recordings").json()
    assert [row["name"] for row in inside["data"]] == ["Call 2", "Call 0"]
    assert library.client.get("/v1/recordings", params={"folder_id": folder}).json()["data"] == inside["data"]
    assert (
        library.client.get("/v1/recordings", params={"folder_id": folder, "q": "2"}).json()["data"]
        == inside["data"][:1]
    )
    assert library.client.get("/v1/recordings", params={"folder_id": "fld_none"}).json()["data"] == []
    first = library.client.get(f"/v1/folders/{folder}/recordings", params={"limit": 1}).json()
    rest = library.client.get(f"/v1/folders/{folder}/recordings", params={"cursor": first["next_cursor"]}).json()
    assert first["data"] + rest["data"] == inside["data"]
    other = make(library, user)
    moved = library.client.get(f"/v1/folders/{other}/recordings", params={"cursor": first["next_cursor"]})
    assert (moved.status_code, error_of(moved)["param"]) == (400, "cursor")


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "  "}, {"name": "x" * 256}, {"name": 1}, {"name": None}])
def test_a_folder_without_a_proper_name_is_400(library: Library, body: dict[str, Any]) -> None:
    user = library.user()
    for answer in (
        library.client.post("/v1/folders", json={"end_user_id": user, **body}),
        library.client.patch(f"/v1/folders/{make(library, user)}", json=body),
    ):
        assert (answer.status_code, error_of(answer)["param"]) == (400, "name")


def test_a_project_wide_key_must_name_a_new_folders_end_user(library: Library) -> None:
    unsaid = library.client.post("/v1/folders", json={"name": "x"})
    assert (unsaid.status_code, error_of(unsaid)["param"]) == (400, "end_user_id")
    assert library.client.post("/v1/folders", json={"name": "x", "end_user_id": "eu_nobody"}).status_code == 404


def test_folders_of_others_do_not_exist(server: Server, project: ProjectKeys, library: Library) -> None:
    ada, grace = library.user(), library.user()
    folder, hers = make(library, ada), library.recording(grace)
    assert library.client.put(f"/v1/folders/{folder}/recordings/{hers}").status_code == 404
    stranger = new_project(server.place).live
    bound = new_bound_key(server.place, project.id, grace)
    for key in (stranger, project.test, bound):
        with server.client(key) as client:
            path = f"/v1/folders/{folder}"
            answers = [client.get(path), client.patch(path, json={"name": "x"}), client.delete(path),
                       client.get(path + "/recordings"), client.put(f"{path}/recordings/{hers}"),
                       client.delete(f"{path}/recordings/{hers}")]  # fmt: skip
            assert [one.status_code for one in answers] == [404] * 6
            assert client.get("/v1/folders").json()["data"] == []
    with server.client(bound) as client:
        scope = {"type": "folder", "folder_id": folder}
        assert client.post("/v1/ask/sessions", json={"scope": scope}).status_code == 404
        assert client.post("/v1/recordings/search", json={"query": "x", "folder_id": folder}).status_code == 404
        assert client.get("/v1/recordings", params={"folder_id": folder}).json()["data"] == []
        mine = client.post("/v1/folders", json={"name": "Mine", "end_user_id": ada}).json()
        assert mine["end_user_id"] == grace
        assert client.put(f"/v1/folders/{mine['id']}/recordings/{hers}").status_code == 200
    assert library.client.get(f"/v1/folders/{folder}").json()["name"] == "Board calls"


def test_a_request_that_names_a_folder_needs_the_scope_to_read_folders(
    server: Server, project: ProjectKeys, library: Library
) -> None:
    user = library.user()
    folder = make(library, user)
    body = {"scope": {"type": "folder", "folder_id": folder}, "end_user_id": user}
    search = {"query": "launch", "end_user_id": user, "folder_id": folder}

    def statuses(*scopes: str) -> list[int]:
        with server.client(restricted(server, project, *scopes)) as client:
            answers = [client.post("/v1/ask/sessions", json=body), client.post("/v1/recordings/search", json=search),
                       client.get("/v1/recordings", params={"folder_id": folder}),
                       client.post("/v1/folders", json={"name": "x", "end_user_id": user})]  # fmt: skip
        refused = [error_of(one)["details"]["scope"] for one in answers if one.status_code == 403]
        assert set(refused[:-1]) <= {"folders:read"}
        return [one.status_code for one in answers]

    assert statuses("ask:write", "recordings:read") == [403, 403, 403, 403]
    assert statuses("ask:write", "recordings:read", "folders:read") == [201, 200, 200, 403]
    assert statuses("ask:write", "recordings:read", "folders:write") == [201, 200, 200, 201]


def test_a_search_in_a_folder_finds_nothing_outside_it(library: Library) -> None:
    user = library.user()
    inside, outside = library.recording(user, TALK), library.recording(user, PRICES)
    folder = make(library, user)

    def found(**fields: Any) -> set[str]:
        body = {"query": "launch", "end_user_id": user, "folder_id": folder, **fields}
        answer = library.client.post("/v1/recordings/search", json=body)
        assert answer.status_code == 200, answer.text
        return {row["recording_id"] for row in answer.json()["results"]}

    assert found() == set()
    put(library, folder, inside)
    assert found() == {inside}
    assert found(recording_ids=[outside]) == set()
    assert found(recording_ids=[outside, inside]) == {inside}
    unknown = library.client.post(
        "/v1/recordings/search", json={"query": "x", "end_user_id": user, "folder_id": "fld_none"}
    )
    assert (unknown.status_code, error_of(unknown)["param"]) == (404, "folder_id")


def test_a_folder_session_sees_the_folder_as_it_is_at_each_turn(library: Library) -> None:
    user = library.user()
    first, second = library.recording(user, TALK), library.recording(user, PRICES)
    folder = make(library, user)
    made = chat(library, user, folder)
    assert made.status_code == 201
    session = made.json()
    assert session["scope"] == {"type": "folder", "recording_ids": [], "recording_title": None, "folder_id": folder,
                                "folder_name": "Board calls"}  # fmt: skip

    def ask(**fields: Any) -> dict[str, Any]:
        path = f"/v1/ask/sessions/{session['id']}/messages"
        answer = library.client.post(path, json={"content": QUESTION, **fields})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert ask()["sources"] == []
    put(library, folder, first)
    assert {row["recording_id"] for row in ask()["sources"]} == {first}
    put(library, folder, second)
    assert {row["recording_id"] for row in ask()["sources"]} == {first, second}
    narrowed = ask(context_refs=[{"type": "recording", "id": second}])
    assert {row["recording_id"] for row in narrowed["sources"]} == {second}
    library.client.delete(f"/v1/folders/{folder}/recordings/{first}")
    result = ask()
    assert {row["recording_id"] for row in result["sources"]} == {second}
    assert {part["recording_id"] for part in result["message"]["parts"] if part["type"] == "citation"} <= {second}


def test_a_first_question_about_a_folder_is_answered_from_it(library: Library) -> None:
    user = library.user()
    folder, recording = make(library, user), library.recording(user, TALK)
    library.recording(user, PRICES)
    put(library, folder, recording)
    answer = chat(library, user, folder, initial_message={"content": QUESTION})
    assert answer.status_code == 200
    assert {row["recording_id"] for row in answer.json()["sources"]} == {recording}


def test_a_session_shows_its_folders_name_as_it_is_now(library: Library) -> None:
    user = library.user()
    folder = make(library, user)
    session = chat(library, user, folder, title="About it").json()
    library.session(user)
    library.client.patch(f"/v1/folders/{folder}", json={"name": "Renamed"})
    shown = library.client.get(f"/v1/ask/sessions/{session['id']}").json()
    assert shown["scope"]["folder_name"] == "Renamed"
    for params in ({"scope_type": "folder"}, {"q": "about"}, {"end_user_id": user, "scope_type": "folder"}):
        listed = library.client.get("/v1/ask/sessions", params=params).json()["data"]
        assert [(row["id"], row["scope"]["folder_name"]) for row in listed] == [(session["id"], "Renamed")]
    assert len(library.client.get("/v1/ask/sessions").json()["data"]) == 2


def test_a_session_on_a_deleted_folder_is_readable_and_a_new_turn_is_409(library: Library) -> None:
    user = library.user()
    folder, recording = make(library, user), library.recording(user, TALK)
    put(library, folder, recording)
    session = chat(library, user, folder, initial_message={"content": QUESTION}).json()["session_id"]
    path = f"/v1/ask/sessions/{session}"
    before = library.client.get(path + "/messages").json()
    library.client.delete(f"/v1/folders/{folder}")
    answer = library.client.post(path + "/messages", json={"content": "And the price?"})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "conflict")
    question = before["data"][0]["id"]
    assert library.client.post(f"{path}/messages/{question}/regenerate", json={}).status_code == 409
    assert library.client.get(path + "/messages").json() == before
    shown = library.client.get(path).json()
    assert (shown["scope"]["folder_name"], shown["message_count"]) == ("Board calls", 2)
    refused = chat(library, user, folder)
    assert (refused.status_code, error_of(refused)["param"]) == (404, "scope.folder_id")


def test_an_exported_folder_session_is_imported_with_its_folder_or_the_library(library: Library) -> None:
    user = library.user()
    folder = make(library, user)
    session = chat(library, user, folder).json()["id"]
    export = f"/v1/ask/sessions/{session}/export"
    assert "Scope: the folder Board calls" in library.client.get(export).text
    document = library.client.get(export, params={"format": "json"}).json()
    again = library.client.post("/v1/ask/sessions/import", json={**document, "end_user_id": user})
    assert (again.status_code, again.json()["scope"]["folder_id"]) == (201, folder)
    elsewhere = library.client.post("/v1/ask/sessions/import", json={**document, "end_user_id": library.user()})
    assert (elsewhere.status_code, elsewhere.json()["scope"]["type"]) == (201, "library")


def test_deleting_an_end_user_deletes_its_folders(library: Library) -> None:
    user = library.user()
    folder = make(library, user)
    put(library, folder, library.recording(user))
    assert library.client.delete(f"/v1/end-users/{user}").status_code == 204
    assert library.client.get(f"/v1/folders/{folder}").status_code == 404
    assert library.client.get("/v1/folders").json()["data"] == []


def test_a_key_without_the_folders_scope_gets_no_replay_of_another_keys_folder_request(
    server: Server, project: ProjectKeys, library: Library
) -> None:
    user = library.user()
    folder, kept = make(library, user), {"Idempotency-Key": "same"}
    body = {"scope": {"type": "folder", "folder_id": folder}, "end_user_id": user}
    assert library.client.post("/v1/ask/sessions", json=body, headers=kept).status_code == 201
    with server.client(restricted(server, project, "ask:write")) as client:
        refused = client.post("/v1/ask/sessions", json=body, headers=kept)
    assert (refused.status_code, error_of(refused)["details"]) == (403, {"scope": "folders:read"})
