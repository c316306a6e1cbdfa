"""Streamed turns over HTTP: server-sent events, following, resuming, cancelling, failures."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from earmark.identity.keys import authenticate, revoke_key
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library, error_of
from tests.llm.vendor_server import Fails, Says, VendorServer, vendor_server
from tests.server import ProjectKeys, Server, new_project, running
from tests.streamed import parts_of

QUESTION = {"content": "When do we move the launch of the lantern to?"}
STREAM = {"Accept": "text/event-stream"}
ANSWER = Says(("Grace proposed ", "the ninth of June [2", "], and the price [4] stays [77]."))


@dataclass(frozen=True)
class Event:
    id: int
    name: str
    data: Any


def parse(lines: Iterator[str]) -> Iterator[Event]:
    """Yield events like a browser; comments are skipped."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line and fields:
            yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            assert name not in fields, "one line of each"
            fields[name] = value


def stream(client: httpx.Client, method: str, path: str, **options: Any) -> list[Event]:
    with client.stream(method, path, headers={**STREAM, **options.pop("headers", {})}, **options) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "no-store"
        return list(parse(answer.iter_lines()))


@dataclass
class Desk:
    """A server with a scripted model named `ollama`, a person with a recording, and a session."""

    server: Server
    vendor: VendorServer
    client: httpx.Client
    library: Library
    user: str
    recording: str
    keys: ProjectKeys

    def session(self, **fields: Any) -> str:
        return str(self.library.session(self.user, **fields)["id"])

    def messages(self, session: str) -> list[dict[str, Any]]:
        return list(
            self.client.get(f"/v1/ask/sessions/{session}/messages", params={"include": "sources"}).json()["data"]
        )

    def send(self, session: str, **body: Any) -> httpx.Response:
        return self.client.post(f"/v1/ask/sessions/{session}/messages", json={**QUESTION, **body})

    def until_asked(self, count: int = 1) -> None:
        for _ in range(3_000):
            if len(self.vendor.requests) >= count:
                return
            time.sleep(0.01)
        raise AssertionError("the model was not asked")


def env_of(vendor: VendorServer) -> dict[str, str]:
    return {
        "EARMARK_SERVERS__OLLAMA__BASE_URL": vendor.base_url + "/v1",
        "EARMARK_SERVERS__OLLAMA__MODEL": "llama",
        "EARMARK_SERVERS__OLLAMA__CONTEXT_TOKENS": "4096",
        "EARMARK_SERVERS__OLLAMA__ANSWER_TOKENS": "512",
        "EARMARK_MODEL_RETRY_S": "0",
        "EARMARK_MODEL_FIRST_S": "30",
    }


@pytest.fixture(scope="module")
def setting(new_place: Any) -> Iterator[tuple[Server, VendorServer]]:
    with vendor_server(ANSWER) as vendor, running(new_place(), "--workers", "1", **env_of(vendor)) as server:
        yield server, vendor


@pytest.fixture
def desk(setting: tuple[Server, VendorServer]) -> Iterator[Desk]:
    server, vendor = setting
    keys = new_project(server.place)
    vendor.script[:] = [ANSWER]
    vendor.requests.clear()
    vendor.closed_early.clear()
    with server.client(keys.live) as client:
        library = Library(client)
        user = library.user()
        yield Desk(server, vendor, client, library, user, library.recording(user, TALK, name="Kick-off"), keys)


# ---- the stream ------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["earmark", "ollama"])
def test_a_stream_equals_the_stored_answer(desk: Desk, provider: str) -> None:
    session = desk.session()
    events = stream(
        desk.client, "POST", f"/v1/ask/sessions/{session}/messages", json={**QUESTION, "provider": provider}
    )
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    names = [event.name for event in events]
    assert names[:2] == ["turn.started", "turn.sources"]
    assert names[-1] == "turn.completed"
    assert set(names[2:-1]) == {"text.delta", "citation"}
    asked, answer = desk.messages(session)
    assert events[0].data == {"session_id": session, "user_message_id": asked["id"]}
    sources = answer.pop("sources")
    assert events[1].data == {"sources": sources}
    assert events[-1].data == {"session_id": session, "message": answer, "sources": sources}
    assert parts_of(events) == answer["parts"]
    assert (answer["provider"], answer["finish_reason"]) == (provider, "stop")
    assert any(part["type"] == "citation" for part in answer["parts"])


@pytest.mark.sqlite_suffices
def test_a_models_citation_numbers_become_citations_and_unknown_ones_are_removed(desk: Desk) -> None:
    result = desk.send(desk.session(), provider="ollama").json()
    assert result["message"]["content"] == "Grace proposed the ninth of June, and the price stays."
    cited = [part["start_ms"] for part in result["message"]["parts"] if part["type"] == "citation"]
    assert len(cited) == 2
    assert set(cited) <= {round(one["start"] * 1_000) for one in TALK}
    assert result["message"]["tokens"] == {"input": 120, "output": 9, "cached": 30}
    assert result["message"]["model"] == "llama"


def test_creating_a_session_with_its_first_question_streams_too(desk: Desk) -> None:
    body = {"scope": {"type": "recording", "recording_id": desk.recording}, "initial_message": QUESTION}
    events = stream(desk.client, "POST", "/v1/ask/sessions", json=body)
    session = events[0].data["session_id"]
    assert events[1].data == {"sources": []}
    assert events[-1].data["message"]["parts"] == parts_of(events)
    assert desk.client.get(f"/v1/ask/sessions/{session}").json()["message_count"] == 2


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream;q=0.9, application/json;q=0.8", "text/event-stream"),
        ("text/event-stream, */*;q=0.1", "text/event-stream"),
        ("text/*", "text/event-stream"),
        ("application/*;q=0.2, text/event-stream;q=0", "application/json"),
    ],
)
@pytest.mark.sqlite_suffices
def test_the_client_chooses_the_media_type(desk: Desk, accept: str | None, form: str) -> None:
    headers = {} if accept is None else {"Accept": accept}
    path = f"/v1/ask/sessions/{desk.session()}/messages"
    assert desk.client.post(path, json=QUESTION, headers=headers).headers["content-type"] == form


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "nonsense", "image/png, text/html"])
@pytest.mark.sqlite_suffices
def test_an_unsupported_media_type_is_406_and_stores_nothing(desk: Desk, accept: str) -> None:
    session = desk.session()
    for path, body in ((f"/v1/ask/sessions/{session}/messages", QUESTION),
                       ("/v1/ask/sessions", {"scope": {"type": "library"}, "end_user_id": desk.user})):  # fmt: skip
        refused = desk.client.post(path, json=body, headers={"Accept": accept})
        assert (refused.status_code, error_of(refused)["code"]) == (406, "not_acceptable")
    assert desk.messages(session) == []


@pytest.mark.sqlite_suffices
def test_an_error_before_the_first_event_is_an_ordinary_response(desk: Desk) -> None:
    path = f"/v1/ask/sessions/{desk.session()}/messages"
    for body, status, code in (({"content": ""}, 400, "invalid_request"),
                               ({**QUESTION, "provider": "gemini"}, 400, "invalid_request"),
                               ({**QUESTION, "context_refs": [{"type": "recording", "id": "rec_x"}]}, 404, "not_found")):  # fmt: skip
        refused = desk.client.post(path, json=body, headers=STREAM)
        assert (refused.status_code, error_of(refused)["code"]) == (status, code)


@pytest.mark.sqlite_suffices
def test_a_provider_that_is_not_configured_names_its_setting(desk: Desk) -> None:
    error = error_of(desk.send(desk.session(), provider="gemini"))
    assert error["param"] == "provider"
    assert "EARMARK_GEMINI__API_KEY" in error["message"]
    assert "EARMARK" not in error_of(desk.send(desk.session(), provider="nobody"))["message"]


# ---- following and stopping ------------------------------------------------------------------------

SLOW = Says(("Grace proposed ", 0.4, "the ninth ", 0.4, "of June [2].", 0.4, " That is all."))


def _slowly(desk: Desk, session: str) -> Any:
    """Start a slow turn in another thread; return its future events."""
    desk.vendor.script[:] = [SLOW]
    client = desk.server.client(desk.keys.live)
    path = f"/v1/ask/sessions/{session}/messages"
    pool = ThreadPoolExecutor(1)
    future = pool.submit(stream, client, "POST", path, json={**QUESTION, "provider": "ollama"})
    desk.until_asked()
    return future


def _running_message(desk: Desk, session: str) -> str:
    return str(desk.client.get(f"/v1/ask/sessions/{session}").json()["active_turn"]["user_message_id"])


def test_a_turn_can_be_followed_on_the_same_and_on_another_server(desk: Desk) -> None:
    session = desk.session()
    future = _slowly(desk, session)
    path = f"/v1/ask/sessions/{session}/messages/{_running_message(desk, session)}/events"
    with running(desk.server.place) as other, other.client(desk.keys.live) as elsewhere, ThreadPoolExecutor(2) as pool:
        here = pool.submit(stream, desk.client, "GET", path)
        there = pool.submit(stream, elsewhere, "GET", path)
        events = future.result(60)
        assert here.result(60) == events
        assert there.result(60) == events
        resumed = stream(elsewhere, "GET", path, headers={"Last-Event-ID": "3"})
        assert resumed == events[3:]
    assert stream(desk.client, "GET", path, headers={"Last-Event-ID": str(events[-1].id)}) == []
    wrong = desk.client.get(path, headers={**STREAM, "Last-Event-ID": "x"})
    assert (wrong.status_code, error_of(wrong)["param"]) == (400, "Last-Event-ID")
    assert desk.client.get(path, headers={"Accept": "application/json"}).status_code == 406


def test_cancelling_from_another_server_stores_the_partial_answer(desk: Desk) -> None:
    session = desk.session()
    desk.vendor.script[:] = [Says(("Grace proposed ", *(0.1, "and ") * 300))]
    future = ThreadPoolExecutor(1).submit(
        stream, desk.server.client(desk.keys.live), "POST", f"/v1/ask/sessions/{session}/messages",
        json={**QUESTION, "provider": "ollama"},
    )  # fmt: skip
    desk.until_asked()
    message = _running_message(desk, session)
    with running(desk.server.place) as other, other.client(desk.keys.live) as elsewhere:
        time.sleep(0.3)
        path = f"/v1/ask/sessions/{session}/messages/{message}/cancel"
        assert elsewhere.post(path).json() == {"user_message_id": message, "status": "cancelled"}
        assert elsewhere.post(path).json()["status"] == "cancelled"
    events = future.result(30)
    _, answer = desk.messages(session)
    assert (events[-1].name, answer["finish_reason"]) == ("turn.completed", "cancelled")
    assert answer["content"].startswith("Grace proposed")
    assert parts_of(events) == answer["parts"]
    assert desk.vendor.closed_early.wait(60), "the model must not go on writing"


def test_a_turn_completes_after_its_client_disconnects(desk: Desk) -> None:
    session = desk.session()
    desk.vendor.script[:] = [SLOW]
    path = f"/v1/ask/sessions/{session}/messages"
    with desk.client.stream("POST", path, json={**QUESTION, "provider": "ollama"}, headers=STREAM) as answer:
        next(parse(answer.iter_lines()))
    for _ in range(500):
        if len(messages := desk.messages(session)) == 2:
            break
        time.sleep(0.02)
    assert messages[1]["content"] == "Grace proposed the ninth of June. That is all."


@pytest.mark.sqlite_suffices
def test_a_client_that_reads_a_byte_at_a_time_does_not_block_others(desk: Desk) -> None:
    session = desk.session()
    desk.vendor.script[:] = [Says(("word " * 2_000,) * 20)]
    body = json.dumps({**QUESTION, "provider": "ollama"}).encode()
    head = (f"POST /v1/ask/sessions/{session}/messages HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {desk.keys.live}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()  # fmt: skip
    url = httpx.URL(desk.server.base_url)
    with socket.create_connection((str(url.host), url.port or 80)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.sendall(head + body)
        for _ in range(1_000):
            slow.recv(1)
            if len(desk.messages(session)) == 2:
                break
            time.sleep(0.01)
        assert desk.messages(session)[1]["finish_reason"] in ("stop", "length")
        assert desk.client.get("/v1/ask/sessions").status_code == 200


def test_regenerating_streams_and_replaces_the_answer(desk: Desk) -> None:
    session = desk.session()
    first = desk.send(session, provider="earmark").json()["message"]
    asked = desk.messages(session)[0]["id"]
    events = stream(desk.client, "POST", f"/v1/ask/sessions/{session}/messages/{asked}/regenerate",
                    json={"provider": "ollama"})  # fmt: skip
    _, answer = desk.messages(session)
    assert events[-1].data["message"]["id"] == answer["id"] != first["id"]
    assert answer["provider"] == "ollama"
    assert desk.client.get(f"/v1/ask/sessions/{session}").json()["message_count"] == 2


# ---- failure ---------------------------------------------------------------------------------------

DOWN = Fails(503, {"error": {"message": "secret words of the vendor", "type": "server_error", "code": "down"}})


@pytest.mark.sqlite_suffices
def test_a_failed_model_is_502_and_the_question_is_stored(desk: Desk) -> None:
    session = desk.session()
    desk.vendor.script[:] = [DOWN, ANSWER]
    failed = desk.send(session, provider="ollama")
    assert (failed.status_code, error_of(failed)["code"]) == (502, "provider_error")
    assert failed.json()["session_id"] == session
    assert "secret words" not in failed.text
    assert [message["role"] for message in desk.messages(session)] == ["user"]
    assert desk.send(session, provider="ollama").status_code == 200
    assert [message["role"] for message in desk.messages(session)] == ["user", "assistant"]


def test_a_failure_during_an_answer_ends_the_stream_and_stores_no_answer(desk: Desk) -> None:
    session = desk.session()
    desk.vendor.script[:] = [Says(("Half a sentence",), breaks_off=True)]
    events = stream(
        desk.client, "POST", f"/v1/ask/sessions/{session}/messages", json={**QUESTION, "provider": "ollama"}
    )
    assert events[-1].name == "turn.failed"
    assert events[-1].data["error"]["code"] == "provider_error"
    assert events[-1].data["session_id"] == session
    assert [message["role"] for message in desk.messages(session)] == ["user"]
    replay = stream(
        desk.client, "GET", f"/v1/ask/sessions/{session}/messages/{events[0].data['user_message_id']}/events"
    )
    assert [event.name for event in replay] == ["turn.started", "turn.failed"]
    assert replay[-1].id == events[-1].id


def test_a_streamed_send_with_an_idempotency_key_runs_once(desk: Desk) -> None:
    session = desk.session()
    path = f"/v1/ask/sessions/{session}/messages"
    options: dict[str, Any] = {"json": {**QUESTION, "provider": "ollama"}, "headers": {"Idempotency-Key": "again"}}
    first = stream(desk.client, "POST", path, **options)
    for _ in range(200):
        second = desk.client.post(path, **options)
        if second.status_code != 409:
            break
        time.sleep(0.01)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json() == first[-1].data
    third = stream(desk.client, "POST", path, json=options["json"], headers=dict(options["headers"]))
    assert parts_of(third) == parts_of(first)
    assert (third[0].data, third[-1].data) == (first[0].data, first[-1].data)
    assert len(desk.messages(session)) == 2


def test_a_session_deleted_during_its_turn_ends_the_stream(desk: Desk) -> None:
    session = desk.session()
    future = _slowly(desk, session)
    assert desk.client.delete(f"/v1/ask/sessions/{session}").status_code == 204
    last = future.result(30)[-1]
    assert (last.name, last.data["error"]["code"]) == ("turn.failed", "not_found")


def test_a_recording_deleted_during_its_turn_leaves_an_answer_without_its_sources(desk: Desk) -> None:
    session = desk.session()
    future = _slowly(desk, session)
    assert desk.client.delete(f"/v1/recordings/{desk.recording}").status_code == 204
    last = future.result(30)[-1]
    assert (last.name, last.data["sources"]) == ("turn.completed", [])
    assert desk.messages(session)[1]["sources"] == []


def test_a_stream_ends_soon_after_its_key_is_revoked(desk: Desk) -> None:
    session = desk.session()
    desk.vendor.script[:] = [Says(("A long ", *(0.25, "wait ") * 40))]
    future = ThreadPoolExecutor(1).submit(
        stream, desk.server.client(desk.keys.live), "POST", f"/v1/ask/sessions/{session}/messages",
        json={**QUESTION, "provider": "ollama"},
    )  # fmt: skip
    desk.until_asked()

    async def revoke(runtime: Runtime) -> None:
        caller = await authenticate(runtime.database, f"Bearer {desk.keys.live}")
        await revoke_key(await get_tenant(runtime.operator, desk.keys.id, "live"), caller.key_id)

    desk.server.place.run(revoke)
    last = future.result(60)[-1]
    assert (last.name, last.data["error"]["code"]) == ("turn.failed", "unauthorized")


# ---- long recordings -------------------------------------------------------------------------------

LONG = [{"start": n * 5.0, "end": n * 5.0 + 4, "speaker": "Ada", "text": f"Point {n}: " + "words and more words " * 10}
        for n in range(120)]  # fmt: skip


@pytest.mark.sqlite_suffices
def test_a_transcript_too_long_for_the_model_is_413_and_stores_nothing(desk: Desk) -> None:
    long = desk.library.recording(desk.user, LONG)
    body = {"scope": {"type": "recording", "recording_id": long}}
    session = desk.client.post("/v1/ask/sessions", json=body).json()["id"]
    refused = desk.send(session, provider="ollama")
    assert (refused.status_code, error_of(refused)["code"]) == (413, "context_too_large")
    assert "session_id" not in refused.json()
    assert desk.messages(session) == []
    assert desk.send(session, provider="earmark").status_code == 200
    count = len(desk.client.get("/v1/ask/sessions").json()["data"])
    again = desk.client.post("/v1/ask/sessions", json={**body, "initial_message": {**QUESTION, "provider": "ollama"}})
    assert again.status_code == 413
    assert len(desk.client.get("/v1/ask/sessions").json()["data"]) == count


@pytest.mark.sqlite_suffices
def test_a_setting_makes_long_recordings_searched_instead_of_refused(desk: Desk) -> None:
    env = {**env_of(desk.vendor), "EARMARK_LONG_RECORDINGS": "retrieve"}
    long = desk.library.recording(desk.user, [*LONG, {"start": 700.0, "end": 704.0, "text": "The launch is in June."}])
    with running(desk.server.place, **env) as server, server.client(desk.keys.live) as client:
        body = {
            "scope": {"type": "recording", "recording_id": long},
            "initial_message": {**QUESTION, "provider": "ollama"},
        }
        result = client.post("/v1/ask/sessions", json=body).json()
    assert {source["recording_id"] for source in result["sources"]} == {long}


# ---- beside the turn -------------------------------------------------------------------------------


def test_usage_is_counted_by_model(desk: Desk) -> None:
    session = desk.session()
    desk.send(session, provider="ollama")
    desk.send(session, provider="earmark")
    usage = desk.client.get("/v1/usage").json()
    rows = {row["provider"]: row for row in usage["data"]}
    assert set(rows) == {"earmark", "ollama"}
    assert (rows["ollama"]["model"], rows["ollama"]["input_tokens"], rows["ollama"]["output_tokens"]) == (
        "llama",
        120,
        9,
    )
    assert {row["end_user_id"] for row in usage["data"]} == {desk.user}
    assert usage["totals"] == {"answers": 2, "input_tokens": 120, "output_tokens": 9, "cached_tokens": 30}
    assert desk.client.get("/v1/usage", params={"from": "2100-01-01"}).json()["data"] == []
    for wrong in (
        {"from": "yesterday"},
        {"from": "2026-02-31"},
        {"from": "٢٠٢٦-02-01"},
        {"from": "2026-02-02", "to": "2026-02-01"},
    ):
        answer = desk.client.get("/v1/usage", params=wrong)
        assert (answer.status_code, error_of(answer)["param"]) == (400, "from")


@pytest.mark.sqlite_suffices
def test_suggested_questions_are_answerable(desk: Desk) -> None:
    session = desk.session()
    path = f"/v1/ask/sessions/{session}/suggestions"
    starters = desk.client.get("/v1/ask/suggestions", params={"end_user_id": desk.user}).json()["suggestions"]
    built_in = desk.client.get(path).json()
    assert built_in == desk.client.get(path).json()
    assert built_in["session_id"] == session
    assert 1 <= len(built_in["suggestions"]) <= 3
    assert len(set(starters)) == len(starters) <= 3
    for question in {*starters, *built_in["suggestions"]}:
        answer = desk.client.post(
            f"/v1/ask/sessions/{desk.session()}/messages", json={"content": question, "provider": "earmark"}
        )
        assert answer.json()["message"]["answered"] == "yes", question


@pytest.mark.sqlite_suffices
def test_a_model_may_write_the_suggestions(desk: Desk) -> None:
    session = desk.session()
    path = f"/v1/ask/sessions/{session}/suggestions"
    desk.send(session)
    desk.vendor.script[:] = [
        Says(
            (
                "1. What does it cost?\n",
                "- Who objected?\n\nWhen is it due?\nMore?",
            )
        )
    ]
    written = desk.client.get(path, params={"provider": "ollama"}).json()["suggestions"]
    assert written == ["What does it cost?", "Who objected?", "When is it due?"]
    assert desk.client.get(path, params={"provider": "nobody"}).status_code == 400
    desk.vendor.script[:] = [Fails(400, {"error": {"message": "no", "type": "error", "code": "no"}})]
    failed = desk.client.get(path, params={"provider": "ollama"})
    assert (failed.status_code, error_of(failed)["code"]) == (502, "provider_error")
    assert failed.json()["session_id"] == session


def test_a_model_may_replace_a_default_title_but_not_a_persons(desk: Desk) -> None:
    env = {**env_of(desk.vendor), "EARMARK_IMPROVE_TITLES": "true"}
    with running(desk.server.place, **env) as server, server.client(desk.keys.live) as client:
        for title, wanted in ((None, "The lantern's launch"), ("Mine", "Mine")):
            desk.vendor.script[:] = [ANSWER, Says(('"The lantern\'s launch"\nand more',)), ANSWER]
            body: dict[str, Any] = {"scope": {"type": "library"}, "end_user_id": desk.user,
                                    "initial_message": {**QUESTION, "provider": "ollama"}}  # fmt: skip
            session = client.post("/v1/ask/sessions", json=body | ({"title": title} if title else {})).json()[
                "session_id"
            ]
            for _ in range(200):
                shown = client.get(f"/v1/ask/sessions/{session}").json()["title"]
                if shown == wanted and len(desk.vendor.script) == 1:
                    break
                time.sleep(0.02)
            assert shown == wanted


@pytest.mark.sqlite_suffices
def test_a_default_provider_and_its_fallback_come_from_settings(desk: Desk) -> None:
    env = {**env_of(desk.vendor), "EARMARK_DEFAULT_PROVIDER": "ollama", "EARMARK_FALLBACK": '["earmark"]',
           "EARMARK_PROVIDER_ALIASES": '{"gemini": "ollama"}'}  # fmt: skip
    with running(desk.server.place, **env) as server, server.client(desk.keys.live) as client:
        path = f"/v1/ask/sessions/{desk.session()}/messages"
        assert client.post(path, json=QUESTION).json()["message"]["provider"] == "ollama"
        named = client.post(path, json={**QUESTION, "provider": "gemini"}).json()["message"]
        assert (named["provider"], named["model"]) == ("gemini", "llama")
        desk.vendor.script[:] = [DOWN]
        assert client.post(path, json=QUESTION).json()["message"]["provider"] == "earmark"
        assert client.post(path, json={**QUESTION, "provider": "gemini"}).status_code == 502
