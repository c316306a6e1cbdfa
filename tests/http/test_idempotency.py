"""Idempotency-Key: a retry gets the first response, and the work is done once."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from earmark.clock import now_us
from earmark.idempotency import requests as idempotency
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from earmark.storage.query import Guard, operator_query, query
from earmark.storage.tables import idempotency_answers, idempotency_records, jobs
from tests.http.conftest import TALK, Library, error_of
from tests.server import Place, ProjectKeys, Server, new_bound_key, new_project, running

KEY = {"Idempotency-Key": "one_try-1"}
QUESTION = "When is the launch of the lantern?"


def _key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def _again_until_settled(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    """Send until the request's lease has expired; a dead process holds it until then."""
    deadline = time.monotonic() + 60
    while True:
        answer = client.post(path, json=body, headers=KEY)
        if answer.status_code != 409 or time.monotonic() > deadline:
            return answer
        assert error_of(answer)["code"] == "idempotency_in_progress"
        time.sleep(0.3)


# ---- the first answer again ------------------------------------------------------------------------


def test_a_repeated_request_gets_the_first_response_and_creates_nothing(client: httpx.Client) -> None:
    first = client.post("/v1/end-users", json={"name": "Ada", "metadata": {"a": 1, "b": [1, 2]}}, headers=KEY)
    again = client.post("/v1/end-users", content=b'{"metadata": {"b":[1.0,2],"a":1},\n"name":"\\u0041da"}',
                        headers={**KEY, "Content-Type": "application/json"})  # fmt: skip
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(client.get("/v1/end-users").json()["data"]) == 1


def test_a_request_with_another_key_or_none_is_a_new_request(client: httpx.Client) -> None:
    ids = {client.post("/v1/end-users", json={}, headers=one).json()["id"] for one in (KEY, _key("2"), {}, {})}
    assert len(ids) == 4


def test_a_key_is_valid_for_one_path_and_method_only(client: httpx.Client, library: Library) -> None:
    user = library.user()
    recording = client.post("/v1/recordings", json={"end_user_id": user, "name": "A"}, headers=KEY).json()["id"]
    session = client.post("/v1/ask/sessions", json={"end_user_id": user, "scope": {"type": "library"}}, headers=KEY)
    renamed = client.patch(f"/v1/recordings/{recording}", json={"name": "B"}, headers=KEY)
    assert (session.status_code, renamed.status_code, renamed.json()["name"]) == (201, 200, "B")


def test_another_body_with_the_same_key_is_422(client: httpx.Client) -> None:
    client.post("/v1/end-users", json={"name": "Ada"}, headers=KEY)
    answer = client.post("/v1/end-users", json={"name": "Grace"}, headers=KEY)
    assert (answer.status_code, error_of(answer)["code"]) == (422, "idempotency_key_reused")


def test_a_repeated_change_does_not_undo_later_changes(client: httpx.Client, library: Library) -> None:
    path = f"/v1/recordings/{library.recording(library.user(), name='A')}"
    first = client.patch(path, json={"name": "B"}, headers=KEY)
    client.patch(path, json={"name": "C"})
    assert client.patch(path, json={"name": "B"}, headers=KEY).content == first.content
    assert client.get(path).json()["name"] == "C"


def test_a_repeated_question_gets_the_first_answer(client: httpx.Client, library: Library) -> None:
    user = library.user()
    library.recording(user, TALK)
    path = f"/v1/ask/sessions/{library.session(user)['id']}/messages"
    first = client.post(path, json={"content": QUESTION}, headers=KEY)
    client.post(path, json={"content": "And the price?"})
    again = client.post(path, json={"content": QUESTION}, headers=KEY)
    assert (first.status_code, again.content) == (200, first.content)
    assert len(client.get(path).json()["data"]) == 4


def test_a_repeated_create_with_a_question_creates_one_session(client: httpx.Client, library: Library) -> None:
    user = library.user()
    library.recording(user, TALK)
    body = {"end_user_id": user, "scope": {"type": "library"}, "initial_message": {"content": QUESTION}}
    first, again = (client.post("/v1/ask/sessions", json=body, headers=KEY) for _ in range(2))
    assert (first.status_code, again.content) == (200, first.content)
    assert [row["id"] for row in client.get("/v1/ask/sessions").json()["data"]] == [first.json()["session_id"]]


def test_a_repeated_import_of_a_session_is_still_201(client: httpx.Client, library: Library) -> None:
    user = library.user()
    exported = client.get(f"/v1/ask/sessions/{library.session(user)['id']}/export?format=json").json()
    first, again = (
        client.post("/v1/ask/sessions/import", json={**exported, "end_user_id": user}, headers=KEY) for _ in range(2)
    )
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)


def test_idempotency_keys_of_the_project_and_of_an_end_user_are_separate(
    server: Server, project: ProjectKeys, client: httpx.Client, library: Library
) -> None:
    user, other = library.user(), library.user()
    bodies = {"end_user_id": user, "scope": {"type": "library"}}
    ids = [client.post("/v1/ask/sessions", json=bodies, headers=KEY).json()["id"]]
    for one in (user, other):
        with server.client(new_bound_key(server.place, project.id, one)) as bound:
            ids += [bound.post("/v1/ask/sessions", json=bodies, headers=KEY).json()["id"]]
            ignored = {**bodies, "end_user_id": "not even parsed"}
            assert bound.post("/v1/ask/sessions", json=ignored, headers=KEY).json()["id"] == ids[-1]
    with server.client(project.test) as testing:
        assert testing.post("/v1/end-users", json={}, headers=KEY).status_code == 201
    assert len(set(ids)) == 3


def test_a_request_that_changes_nothing_ignores_the_header(client: httpx.Client, library: Library) -> None:
    user = library.user()
    before = client.post(
        "/v1/recordings/search", json={"end_user_id": user, "query": "launch"}, headers=_key("bad key")
    )
    library.recording(user, TALK)
    after = client.post("/v1/recordings/search", json={"end_user_id": user, "query": "launch"}, headers=_key("bad key"))
    assert (before.status_code, before.json()["results"]) == (200, [])
    assert len(after.json()["results"]) == 1


# ---- what a key may be, and in which order things are checked --------------------------------------


@pytest.mark.parametrize("key", ["", "a,b", "a b", "a.b", "x" * 256, "ключ".encode(), b"a\xff"])
def test_a_malformed_key_is_400(client: httpx.Client, key: str | bytes) -> None:
    raw = key.encode() if isinstance(key, str) else key
    answer = client.post("/v1/end-users", json={}, headers=[(b"Idempotency-Key", raw)])
    assert (answer.status_code, error_of(answer)["param"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize("key", ["0", "-", "_", "x" * 255, "Az09_-"])
def test_a_key_of_up_to_255_letters_digits_and_dashes_is_accepted(client: httpx.Client, key: str) -> None:
    assert client.post("/v1/end-users", json={}, headers=_key(key)).status_code == 201


def test_an_invalid_body_is_reported_before_an_invalid_key_and_does_not_use_the_key(client: httpx.Client) -> None:
    bad = client.post("/v1/end-users", json={"name": ""}, headers=_key("bad key"))
    assert error_of(bad)["param"] == "name"
    assert client.post("/v1/end-users", json={"name": ""}, headers=KEY).status_code == 400
    assert client.post("/v1/end-users", json={"name": "Ada"}, headers=KEY).status_code == 201


def test_a_refused_requests_response_is_not_stored(client: httpx.Client, library: Library) -> None:
    library.user(external_id="ada")
    taken = client.post("/v1/end-users", json={"external_id": "ada"}, headers=KEY)
    assert error_of(taken)["code"] == "resource_already_exists"
    assert client.post("/v1/end-users", json={"external_id": "grace"}, headers=KEY).status_code == 201
    body = {"scope": {"type": "recording", "recording_id": "rec_nobodys"}}
    assert client.post("/v1/ask/sessions", json=body, headers=KEY).status_code == 404
    mended = {"scope": {"type": "recording", "recording_id": library.recording(library.user())}}
    assert client.post("/v1/ask/sessions", json=mended, headers=KEY).status_code == 201


# ---- deletions -------------------------------------------------------------------------------------


def test_a_replay_is_404_after_its_object_was_deleted(client: httpx.Client, library: Library) -> None:
    user = library.user()
    sends = [
        ("/v1/recordings", {"end_user_id": user}),
        ("/v1/ask/sessions", {"end_user_id": user, "scope": {"type": "library"}}),
        ("/v1/end-users", {"name": "Grace"}),
    ]
    for path, body in sends:
        made = client.post(path, json=body, headers=KEY).json()["id"]
        assert client.delete(f"{path}/{made}").status_code == 204
        answer = client.post(path, json=body, headers=KEY)
        assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")
        reused = client.post(path, json={**body, "name": "other", "title": "other"}, headers=KEY)
        assert reused.status_code == 422


def test_a_replay_is_404_once_the_end_user_is_deleted(client: httpx.Client, library: Library) -> None:
    user = library.user()
    sends = [
        ("/v1/recordings", {"end_user_id": user}),
        ("/v1/ask/sessions", {"end_user_id": user, "scope": {"type": "library"}}),
    ]
    for path, body in sends:
        assert client.post(path, json=body, headers=KEY).status_code == 201
    assert client.delete(f"/v1/end-users/{user}").status_code == 204
    for path, body in sends:
        assert client.post(path, json=body, headers=KEY).status_code == 404


def test_only_stored_responses_that_quote_a_deleted_recording_are_deleted(
    client: httpx.Client, library: Library
) -> None:
    user = library.user()
    recordings = [library.recording(user, TALK) for _ in range(2)]
    for number, recording in enumerate(recordings):
        scope = {"type": "selected", "recording_ids": [recording]}
        body = {"end_user_id": user, "scope": scope, "initial_message": {"content": QUESTION}}
        made = client.post("/v1/ask/sessions", json=body, headers=_key(str(number)))
        assert {one["recording_id"] for one in made.json()["sources"]} == {recording}
    client.delete(f"/v1/recordings/{recordings[0]}")
    for number, (recording, status) in enumerate(zip(recordings, (404, 200))):
        scope = {"type": "selected", "recording_ids": [recording]}
        body = {"end_user_id": user, "scope": scope, "initial_message": {"content": QUESTION}}
        assert client.post("/v1/ask/sessions", json=body, headers=_key(str(number))).status_code == status


# ---- races and crashes -----------------------------------------------------------------------------


def test_fifty_equal_requests_at_once_make_one_object(client: httpx.Client, library: Library) -> None:
    user = library.user()
    library.recording(user, TALK)
    question = {"end_user_id": user, "scope": {"type": "library"}, "initial_message": {"content": QUESTION}}
    sends: list[tuple[str, Any]] = [
        ("/v1/end-users", {"external_id": "ada"}),
        ("/v1/recordings", {"end_user_id": user, "name": "Kick-off"}),
        ("/v1/ask/sessions", question),
    ]
    for path, body in sends:
        answers = _fifty([client], path, body)
        done = [one for one in answers if one.status_code in (200, 201)]
        assert len({one.content for one in done}) == 1
        assert {error_of(one)["code"] for one in answers if one not in done} <= {"idempotency_in_progress"}
    assert len(client.get("/v1/end-users").json()["data"]) == 2
    assert len(client.get("/v1/recordings").json()["data"]) == 2
    assert [row["message_count"] for row in client.get("/v1/ask/sessions").json()["data"]] == [2]


def _fifty(clients: list[httpx.Client], path: str, body: Any) -> list[httpx.Response]:
    with ThreadPoolExecutor(50) as pool:
        return list(
            pool.map(lambda number: clients[number % len(clients)].post(path, json=body, headers=KEY), range(50))
        )


def test_fifty_equal_requests_to_two_servers_create_one_object(fresh_place: Place) -> None:
    with running(fresh_place) as one, running(fresh_place) as two:
        key = new_project(fresh_place).live
        with one.client(key) as first, two.client(key) as second:
            user = Library(first).user()
            body = {"end_user_id": user, "scope": {"type": "library"}, "initial_message": {"content": QUESTION}}
            answers = _fifty([first, second], "/v1/ask/sessions", body) + _fifty([first, second], "/v1/end-users", {})
            assert {one.status_code for one in answers} <= {200, 201, 409}
            assert len(first.get("/v1/ask/sessions").json()["data"]) == 1
            assert len(second.get("/v1/end-users").json()["data"]) == 2


@pytest.mark.slow
def test_questions_whose_server_was_killed_are_answered_by_their_retry(fresh_place: Place) -> None:
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        user = Library(client).user()
        Library(client).recording(user, TALK)
        asked = Library(client).session(user)["id"]
    sends: list[tuple[str, Any]] = [
        ("/v1/ask/sessions", {"end_user_id": user, "scope": {"type": "library"}, "title": "Mine",
                              "initial_message": {"content": QUESTION}}),
        (f"/v1/ask/sessions/{asked}/messages", {"content": QUESTION}),
    ]  # fmt: skip
    _die_of(fresh_place, project, "in_model", sends)
    with running(fresh_place) as server, server.client(project.live) as client:
        for path, body in sends:
            assert _again_until_settled(client, path, body).is_success
        sessions = client.get("/v1/ask/sessions").json()["data"]
        assert sorted(row["message_count"] for row in sessions) == [2, 2]


def _die_of(place: Place, project: ProjectKeys, where: str, sends: list[tuple[str, Any]]) -> None:
    for path, body in sends:
        with (
            running(place, where, command=[sys.executable, "-m", "tests.dying_server"]) as dying,
            dying.client(project.live) as client,
            pytest.raises(httpx.TransportError),
        ):
            client.post(path, json=body, headers=KEY)


@pytest.mark.slow
def test_a_retry_gets_the_object_that_a_killed_server_had_created(fresh_place: Place) -> None:
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        user = Library(client).user()
    sends: list[tuple[str, Any]] = [
        ("/v1/ask/sessions", {"end_user_id": user, "scope": {"type": "library"}}),
        ("/v1/end-users", {"external_id": "grace"}),
        ("/v1/recordings", {"end_user_id": user}),
    ]
    _die_of(fresh_place, project, "before_answer_is_stored", sends)
    with running(fresh_place) as server, server.client(project.live) as client:
        for path, body in sends:
            assert _again_until_settled(client, path, body).status_code == 201
        assert [len(client.get(path).json()["data"]) for path, _ in sends] == [1, 2, 1]


@pytest.mark.slow
def test_a_retry_gets_the_answer_that_a_killed_server_had_stored(fresh_place: Place) -> None:
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        user = Library(client).user()
        Library(client).recording(user, TALK)
        asked = Library(client).session(user)["id"]
    opening = {"end_user_id": user, "scope": {"type": "library"}, "initial_message": {"content": QUESTION}}
    sends = [("/v1/ask/sessions", opening), (f"/v1/ask/sessions/{asked}/messages", {"content": QUESTION})]
    _die_of(fresh_place, project, "before_answer_is_stored", sends)
    with running(fresh_place) as server, server.client(project.live) as client:
        stored = [_last_message(client, row["id"]) for row in client.get("/v1/ask/sessions").json()["data"]]
        answers = [_again_until_settled(client, path, body).json()["message"] for path, body in sends]
        assert sorted(one["id"] for one in stored) == sorted(one["id"] for one in answers)
        assert [row["message_count"] for row in client.get("/v1/ask/sessions").json()["data"]] == [2, 2]


def _last_message(client: httpx.Client, session_id: str) -> dict[str, Any]:
    rows = client.get(f"/v1/ask/sessions/{session_id}/messages?order=desc&limit=1").json()["data"]
    return dict(rows[0])


@query
def _spoil(own: Guard) -> Any:
    others = idempotency_answers.c.key != "quotes"
    return idempotency_answers.update().where(own(idempotency_answers), others).values(body=b"not JSON")


def test_deleting_a_recording_deletes_the_answers_that_quote_it_and_reads_no_other(
    server: Server, project: ProjectKeys, client: httpx.Client, library: Library
) -> None:
    user = library.user()
    recording, other = library.recording(user, TALK), library.recording(user, TALK)
    body, about_other = (
        {"end_user_id": user, "scope": {"type": "selected", "recording_ids": [one]},
         "initial_message": {"content": QUESTION}}
        for one in (recording, other)
    )  # fmt: skip
    quoting = client.post("/v1/ask/sessions", json=body, headers=_key("quotes")).json()
    assert {one["recording_id"] for one in quoting["sources"]} == {recording}
    client.post("/v1/ask/sessions", json=about_other, headers=_key("other"))

    async def spoil(runtime: Runtime) -> None:
        async with (await get_tenant(runtime.operator, project.id, "live")).writing() as unit:
            await unit.execute(_spoil)

    server.place.run(spoil)
    assert client.delete(f"/v1/recordings/{recording}").status_code == 204
    assert _counted(server.place, project) == (2, 1)
    assert client.post("/v1/ask/sessions", json=body, headers=_key("quotes")).status_code == 404


# ---- expiry ----------------------------------------------------------------------------------------


@query
def _age(own: Guard) -> Any:
    then = now_us() - idempotency.RETENTION_US
    return (
        idempotency_records.update()
        .where(own(idempotency_records), idempotency_records.c.key != "new")
        .values(created_us=then)
    )


@query
def _records(own: Guard) -> Any:
    return idempotency_records.select().where(own(idempotency_records))


@query
def _answers(own: Guard) -> Any:
    return idempotency_answers.select().where(own(idempotency_answers))


@operator_query
def _make_due(own: Guard) -> Any:
    return jobs.update().where(jobs.c.kind == "requests.prune", jobs.c.state == "pending").values(run_us=0)


def _aged(place: Place, project: ProjectKeys) -> None:
    """Age the records by a day, and the job that deletes old ones as well, which runs every ten minutes."""

    async def work(runtime: Runtime) -> None:
        await runtime.operator.write((_make_due, {}))
        async with (await get_tenant(runtime.operator, project.id, "live")).writing() as unit:
            await unit.execute(_age)

    place.run(work)


def _counted(place: Place, project: ProjectKeys) -> tuple[int, int]:
    async def work(runtime: Runtime) -> tuple[int, int]:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        return len(await tenant.fetch_all(_records)), len(await tenant.fetch_all(_answers))

    return place.run(work)


def test_a_key_can_be_reused_after_a_day(server: Server, project: ProjectKeys, client: httpx.Client) -> None:
    first = client.post("/v1/end-users", json={"name": "Ada"}, headers=KEY).json()["id"]
    _aged(server.place, project)
    other = client.post("/v1/end-users", json={"name": "Grace"}, headers=KEY)
    assert (other.status_code, other.json()["id"] != first) == (201, True)
    assert "idempotent-replayed" not in other.headers


@pytest.fixture
def many_kept(fresh_place: Place) -> ProjectKeys:
    """A project with three stored responses, all but one a day old."""
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        for key in ("old0", "old1", "new"):
            client.post("/v1/end-users", json={}, headers=_key(key))
    _aged(fresh_place, project)  # after no server is left that could delete them
    assert _counted(fresh_place, project) == (3, 3)
    return project


def test_a_running_server_deletes_records_older_than_a_day(fresh_place: Place, many_kept: ProjectKeys) -> None:
    with running(fresh_place):
        deadline = time.monotonic() + 30
        while _counted(fresh_place, many_kept) != (1, 1) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _counted(fresh_place, many_kept) == (1, 1)


def test_asking_again_for_a_secret_names_what_the_first_request_made(client: httpx.Client, library: Library) -> None:
    user = library.user()
    recording = library.recording(user, TALK)
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("/v1/keys", {"label": "Billing"}, "id"),
        ("/v1/webhook-endpoints", {"url": "http://127.0.0.1:18099/", "events": ["*"]}, "id"),
        (f"/v1/recordings/{recording}/upload-url", {"content_type": "audio/ogg"}, "media_id"),
        (f"/v1/end-users/{user}/tokens", {}, "end_user_id"),
        ("/v1/shares", {"recording_id": recording}, "id"),
    ]
    for path, body, name in asked:
        key = {"Idempotency-Key": f"names-{name}"}
        first = client.post(path, json=body, headers=key)
        assert first.status_code in (200, 201), first.text
        again = client.post(path, json=body, headers=key)
        assert (again.status_code, error_of(again)["code"]) == (409, "conflict")
        assert error_of(again)["details"] == {name: first.json()[name]}
    endpoint = client.get("/v1/webhook-endpoints").json()["data"][0]["id"]
    client.delete(f"/v1/webhook-endpoints/{endpoint}")
