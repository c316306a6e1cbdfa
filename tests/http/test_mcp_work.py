"""Tools that start work or read what it made, and requests of MCP that are sent again with their key."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.assistants import assistant, call_of, post, refusal, use
from tests.http.conftest import TALK, Library, error_of
from tests.http.isolation import Objects
from tests.server import Place, ProjectKeys, Server, new_bound_key, new_project, running, wait_until

QUESTION = "When is the launch of the lantern?"


@pytest.fixture
def objects(library: Library) -> Objects:
    return Objects(library.client, library.user())


@pytest.fixture
def key(server: Server, project: ProjectKeys, objects: Objects) -> str:
    return new_bound_key(server.place, project.id, objects.user)


def result_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    result = answer.json()["result"]
    assert not result["isError"], result
    return dict(result["structuredContent"])


def error_in(answer: httpx.Response) -> dict[str, Any]:
    result = answer.json()["result"]
    assert result["isError"]
    return dict(json.loads(result["content"][0]["text"])["error"])


async def test_a_person_reads_the_newest_summary_of_a_recording_with_links(
    server: Server, library: Library, objects: Objects, key: str
) -> None:
    summary, recording = objects.summary, objects.recording
    async with assistant(server, key) as client:
        shown = await use(client, "get_my_summary", id=recording)
        assert shown == await use(client, "get_my_summary", id=summary)
        assert (shown["id"], shown["recording_id"], shown["status"]) == (summary, recording, "completed")
        assert shown["output"]["participants"]
        cited = [one for found in shown["citations"].values() for one in found]
        assert cited
        for one in cited:
            assert one["url"] == f"{server.base_url}/console/recordings/{recording}?at={one['start_ms']}"
        bare = library.recording(objects.user, TALK)
        assert (await refusal(client, "get_my_summary", id=bare))["code"] == "not_found"
        assert (await refusal(client, "get_my_summary", id="txn_a"))["param"] == "id"


async def test_a_project_starts_a_summary_and_reads_it(server: Server, project: ProjectKeys, library: Library) -> None:
    person = library.user()
    recording = library.recording(person, TALK)
    async with assistant(server, project.live) as client:
        transcription = (await use(client, "get_recording", id=recording))["transcription_id"]
        begun = await use(client, "create_summary", transcription_id=transcription, template_id="tmpl_general_notes")
        path = f"/v1/summaries/{begun['id']}"
        wait_until(lambda: library.client.get(path).json()["status"] == "completed")
        read = await use(client, "get_my_summary", id=recording, end_user_id=person)
        assert (read["id"], read["status"]) == (begun["id"], "completed")
        error = await refusal(client, "create_summary", transcription_id=transcription)
        assert (error["code"], error["param"]) == ("invalid_request", "template_id")


async def test_a_project_starts_a_transcription_of_audio(
    server: Server, project: ProjectKeys, library: Library
) -> None:
    objects = Objects(library.client, library.user())
    async with assistant(server, project.live) as client:
        begun = await use(client, "create_transcription", recording_id=objects.recording)
        stored = library.client.get(f"/v1/transcriptions/{begun['id']}").json()
        assert stored["recording_id"] == begun["recording_id"] == objects.recording
        silent = library.recording(objects.user, TALK)
        assert (await refusal(client, "create_transcription", recording_id=silent))["code"] == "conflict"


async def test_a_test_event_goes_to_the_endpoint_that_was_named(
    server: Server, project: ProjectKeys, library: Library
) -> None:
    endpoint = Objects(library.client).endpoint
    async with assistant(server, project.live) as client:
        listed = await use(client, "list_webhooks")
        assert [one["id"] for one in listed["data"]] == [endpoint]
        assert "secret" not in listed["data"][0]
        sent = await use(client, "trigger_webhook_event", endpoint_id=endpoint)
        assert sent["type"] == "webhook_endpoint.test"
    log = library.client.get(f"/v1/webhook-endpoints/{endpoint}/deliveries").json()["data"]
    assert [one["id"] for one in log] == [sent["id"]]


def test_starting_counts_against_the_limit_of_its_route(fresh_place: Place) -> None:
    with running(fresh_place, EARMARK_RATE_LIMIT_SUMMARIES="2") as server, server.client() as client:
        client.headers["Authorization"] = f"Bearer {new_project(fresh_place).live}"
        start = call_of("create_summary", transcription_id="txn_a", prompt="What was promised?")
        answers = [post(client, start) for _ in range(6)]  # in two minutes at most: one of them has three
        refused = [one for one in answers if one.status_code == 429]
        assert refused
        assert error_of(refused[0])["code"] == "rate_limit_exceeded"
        assert refused[0].headers["x-ratelimit-limit"] == "2"
        assert post(client, call_of("list_end_users")).status_code == 200


def test_a_question_that_is_sent_again_with_its_key_is_answered_once(
    server: Server, client: httpx.Client, library: Library
) -> None:
    person = library.user()
    library.recording(person, TALK)
    ask = call_of("ask", question=QUESTION, end_user_id=person)
    key = {"Idempotency-Key": "one-question", "Accept": "application/json"}
    first = result_of(post(client, ask, **key))
    again = post(client, {**ask, "id": 77}, **key)
    assert again.json()["id"] == 77
    assert result_of(again) == first
    sessions = client.get("/v1/ask/sessions", params={"end_user_id": person}).json()["data"]
    assert [one["id"] for one in sessions] == [first["session_id"]]
    messages = client.get(f"/v1/ask/sessions/{first['session_id']}/messages").json()["data"]
    assert len(messages) == 2
    other = error_in(post(client, call_of("ask", question="And the price?", end_user_id=person), **key))
    assert other["code"] == "idempotency_key_reused"
    bad = error_in(post(client, ask, **{**key, "Idempotency-Key": "no spaces"}))
    assert (bad["code"], bad["param"]) == ("invalid_request", "Idempotency-Key")


def test_a_kept_answer_goes_with_the_recording_that_it_quotes(client: httpx.Client, library: Library) -> None:
    person = library.user()
    recording = library.recording(person, TALK)
    ask = call_of("ask", question=QUESTION, end_user_id=person)
    key = {"Idempotency-Key": "quoted", "Accept": "application/json"}
    first = result_of(post(client, ask, **key))
    assert [one["recording_id"] for one in first["citations"]] == [recording] * len(first["citations"]) != []
    assert client.delete(f"/v1/recordings/{recording}").status_code == 204
    again = post(client, ask, **key).text
    assert all(one["quote"] not in again for one in first["citations"])


def test_work_that_is_asked_for_again_with_its_key_is_started_once(client: httpx.Client, library: Library) -> None:
    endpoint = Objects(client).endpoint
    send = call_of("trigger_webhook_event", endpoint_id=endpoint)
    first, again = (result_of(post(client, send, **{"Idempotency-Key": "one-event"})) for _ in range(2))
    assert first == again
    log = client.get(f"/v1/webhook-endpoints/{endpoint}/deliveries").json()["data"]
    assert [one["id"] for one in log] == [first["id"]]
