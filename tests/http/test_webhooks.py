"""Webhook endpoints over HTTP: what a receiver gets, the log, and bad input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.http.conftest import TALK, Library, error_of
from tests.server import Server, new_bound_key, new_project, wait_until
from tests.webhooks.receiver import Receiver, in_turn, ok, receiving, status

OFF = "http://127.0.0.1:40999/hook"
"""Nobody listens there."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def create(client: httpx.Client, url: str = OFF, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhook-endpoints", json={"url": url, "events": ["*"], **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def log_of(client: httpx.Client, endpoint: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def until_settled(client: httpx.Client, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
    """Wait until each delivery has been tried; return the log."""

    def is_settled() -> bool:
        rows = log_of(client, endpoint)
        return bool(rows) and all(one["attempts"] for one in rows)

    wait_until(is_settled)
    return log_of(client, endpoint)


# ---- what arrives ------------------------------------------------------------------------------------


def test_a_receiver_is_told_of_recordings_transcripts_and_answers(
    client: httpx.Client, library: Library, receiver: Receiver
) -> None:
    create(client, receiver.url)
    user = library.user(external_id="mara")
    recording = library.recording(user, TALK, name="Lantern", metadata={"room": "4"})
    session = library.session(user)
    client.post(f"/v1/ask/sessions/{session['id']}/messages", json={"content": "When is the launch?"})
    client.patch(f"/v1/recordings/{recording}", json={"name": "The lantern"})
    found = {one.event["type"]: one.event for one in receiver.wait(4)}
    assert set(found) == {"recording.created", "transcription.completed", "ask_turn.completed", "recording.updated"}
    about = found["transcription.completed"]["data"]
    assert (about["recording_id"], about["end_user_id"]) == (recording, user)
    assert about["recording_name"] in ("Lantern", "The lantern")  # as it is when the event is handed on
    assert (about["status"], about["metadata"], about["word_count"]) == ("completed", {"room": "4"}, 44)
    assert found["recording.updated"]["data"]["id"] == recording
    assert found["recording.created"]["data"]["status"] == "pending"
    assert set(found["ask_turn.completed"]) == {"id", "type", "created_at", "data"}
    assert re.fullmatch(r"evt_[A-Za-z0-9]{24}", found["ask_turn.completed"]["id"])
    everything = b"".join(one.body for one in receiver.got).decode()
    assert not any(word in everything for word in ("launch", "forty euros", "ninth"))


def test_words_are_sent_only_to_endpoints_that_asked_for_them(
    client: httpx.Client, library: Library, receiver: Receiver
) -> None:
    create(client, receiver.url, include=["text"], events=["transcription.completed", "ask_turn.completed"])
    user = library.user()
    library.recording(user, TALK)
    session = library.session(user)
    client.post(f"/v1/ask/sessions/{session['id']}/messages", json={"content": "When is the launch?"})
    found = {one.event["type"]: one.event["data"] for one in receiver.wait(2)}
    assert found["transcription.completed"]["segments"][1]["text"] == TALK[1]["text"]
    assert found["transcription.completed"]["text"].startswith(TALK[0]["text"])
    assert found["ask_turn.completed"]["question"] == "When is the launch?"
    assert "ninth of June" in found["ask_turn.completed"]["answer"]


def test_a_summary_is_sent_as_its_row_and_its_words_only_where_they_were_asked_for(
    client: httpx.Client, library: Library
) -> None:
    with receiving() as plain, receiving() as with_words:
        for one, include in ((plain, []), (with_words, ["text"])):
            create(client, one.url, events=["summary.started", "summary.completed"], include=include)
        recording = library.recording(library.user(), TALK, name="Kick-off", metadata={"team": "lantern"})
        transcription = client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
        body = {"transcription_id": transcription, "prompt": "What was decided about the launch?"}
        summary = client.post("/v1/summaries", json=body).json()["id"]
        [sent] = [one.event["data"] for one in plain.wait(of_type="summary.completed")]
        [words] = [one.event["data"] for one in with_words.wait(of_type="summary.completed")]
        [started] = [one.event["data"] for one in with_words.wait(of_type="summary.started")]
    shown = client.get(f"/v1/summaries/{summary}").json()
    row = {name: shown[name] for name in shown if name in sent}
    assert {name: sent[name] for name in row} == row
    assert {"id", "project_id", "status", "model", "dropped_items", "completed_at"} <= set(row)
    assert (sent["end_user_id"], sent["recording_name"], sent["metadata"]) == (
        words["end_user_id"], "Kick-off", {"team": "lantern"})  # fmt: skip
    assert {"output", "custom_prompt", "citations"}.isdisjoint(sent)
    assert (words["output"], words["custom_prompt"]) == (shown["output"], body["prompt"])
    assert (started["status"], "output" in started) == ("processing", False)


def test_both_forms_of_signature_are_those_of_the_bytes_that_arrive(client: httpx.Client, receiver: Receiver) -> None:
    endpoint = create(client, receiver.url)
    assert client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test").status_code == 202
    [got] = receiver.wait()
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-bota-event-id"] == got.headers["webhook-id"] == got.event["id"]
    assert Webhook(endpoint["secret"]).verify(got.body, got.headers) == got.event
    assert got.event["type"] == "webhook_endpoint.test"


def test_erasing_a_person_leaves_one_event_that_names_nobody_else(
    client: httpx.Client, library: Library, receiver: Receiver
) -> None:
    endpoint = create(client, receiver.url, events=["*"], include=["text"])
    user = library.user(external_id="mara")
    library.recording(user, TALK, name="Lantern")
    receiver.wait(2)
    wait_until(lambda: {one["status"] for one in log_of(client, endpoint)} == {"succeeded"})
    assert client.delete(f"/v1/end-users/{user}").status_code == 204
    gone = receiver.wait(1, of_type="end_user.deleted")[0].event
    assert gone["data"]["id"] == user
    assert gone["data"]["external_id"] == "mara"
    assert [one["type"] for one in log_of(client, endpoint)] == ["end_user.deleted"]


def test_deleting_a_recording_takes_its_deliveries_and_leaves_one(
    client: httpx.Client, library: Library, receiver: Receiver
) -> None:
    endpoint = create(client, receiver.url)
    user = library.user()
    kept, gone = library.recording(user), library.recording(user, TALK)
    receiver.wait(3)
    assert client.delete(f"/v1/recordings/{gone}").status_code == 204
    data = receiver.wait(1, of_type="recording.deleted")[0].event["data"]
    assert (data["id"], data["end_user_id"], data["external_id"]) == (gone, user, None)
    left = {one["event_id"] for one in until_settled(client, endpoint)}
    told = [one.event for one in receiver.got if one.event["id"] in left]
    assert {(one["type"], one["data"]["id"]) for one in told} == {
        ("recording.created", kept),
        ("recording.deleted", gone),
    }


# ---- the log, resend, recover -------------------------------------------------------------------------


def test_the_log_shows_every_attempt_with_the_beginning_of_its_answer(client: httpx.Client, library: Library) -> None:
    with receiving(in_turn(status(500, b"\0oops" + b"x" * 5_000), ok)) as receiver:
        endpoint = create(client, receiver.url, events=["recording.created"])
        library.recording(library.user())
        [row] = until_settled(client, endpoint)
        assert (row["status"], row["attempts"], row["last_status_code"]) == ("pending", 1, 500)
        assert row["next_attempt_at"] is not None
        path = f"/v1/webhook-endpoints/{endpoint['id']}/deliveries/{row['id']}"
        [attempt] = client.get(path).json()["attempt_log"]
        assert attempt["answer"].startswith("�oops")
        assert len(attempt["answer"]) == 1_024
        again = client.post(f"{path}/resend")
        assert again.status_code == 202
        assert again.json()["id"] == row["id"]
        first, second = receiver.wait(2)
        assert (first.body, first.event["id"]) == (second.body, second.event["id"])
        wait_until(lambda: log_of(client, endpoint)[0]["status"] == "succeeded")
        assert [one["status_code"] for one in client.get(path).json()["attempt_log"]] == [500, 200]
        shown = client.get(f"/v1/webhook-endpoints/{endpoint['id']}").json()
        assert shown["last_success_at"] is not None
        assert shown["last_failure_at"] is not None


def test_the_log_can_be_narrowed_and_paged(client: httpx.Client, library: Library, receiver: Receiver) -> None:
    endpoint = create(client, receiver.url)
    user = library.user()
    for _ in range(3):
        library.recording(user)
    client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
    receiver.wait(4)
    wait_until(lambda: len(log_of(client, endpoint, status="succeeded")) == 4)
    assert len(log_of(client, endpoint, type="recording.created")) == 3
    assert log_of(client, endpoint, status="failed") == []
    path = f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"
    first = client.get(path, params={"limit": 3}).json()
    rest = client.get(path, params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert len({one["id"] for one in first["data"] + rest["data"]}) == 4
    assert error_of(client.get(path, params={"status": "lost"}))["param"] == "status"
    assert error_of(client.get(path, params={"type": "recording.painted"}))["param"] == "type"


def test_what_was_missed_while_disabled_is_recovered_once(
    client: httpx.Client, library: Library, receiver: Receiver
) -> None:
    endpoint = create(client, receiver.url, events=["recording.created"])
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    assert client.patch(path, json={"status": "disabled"}).json()["disabled_reason"] == "requested"
    assert error_of(client.post(f"{path}/test"))["code"] == "conflict"
    user = library.user()
    with receiving(
        status(200)
    ) as other:  # when it has them all, the events were handed on while the first was disabled
        create(client, other.url, events=["recording.created"])
        missed = {library.recording(user) for _ in range(25)}
        other.wait(25)
    assert client.patch(path, json={"status": "enabled"}).json()["disabled_reason"] is None
    sent = library.recording(user)
    wait_until(lambda: sent in {one.event["data"]["id"] for one in receiver.got})
    recovered = client.post(f"{path}/recover", json={"since": endpoint["created_at"]})
    assert (recovered.status_code, recovered.json()) == (202, {"queued": 25})
    got = [one.event["data"]["id"] for one in receiver.wait(26)]
    assert sorted(got) == sorted([*missed, sent])
    assert client.post(f"{path}/recover", json={"since": endpoint["created_at"]}).json() == {"queued": 0}
    for since in ("2001-01-01T00:00:00Z", "2199-01-01T00:00:00Z"):
        assert error_of(client.post(f"{path}/recover", json={"since": since}))["param"] == "since"


def test_other_endpoints_are_told_that_one_was_disabled(client: httpx.Client, receiver: Receiver) -> None:
    create(client, receiver.url, events=["webhook_endpoint.disabled"])
    with receiving(status(410)) as gone:
        endpoint = create(client, gone.url, events=["*"])
        client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
        data = receiver.wait()[0].event["data"]
        assert (data["id"], data["disabled_reason"]) == (endpoint["id"], "gone")
        assert gone.url not in json.dumps(data)  # it may hold that receiver's secret
        shown = client.get(f"/v1/webhook-endpoints/{endpoint['id']}").json()
        assert (shown["status"], shown["disabled_reason"]) == ("disabled", "gone")
        assert [one.event["type"] for one in gone.got] == ["webhook_endpoint.test"]


# ---- secrets -----------------------------------------------------------------------------------------


def test_a_secret_is_shown_at_creation_and_rotation_only(client: httpx.Client) -> None:
    made = create(client)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    path = f"/v1/webhook-endpoints/{made['id']}"
    assert "secret" not in client.get(path).json()
    assert "secret" not in client.patch(path, json={"description": "Ours"}).json()
    assert made["secret"].rstrip("=").endswith(client.get(path).json()["secret_hint"])
    rotated = client.post(f"{path}/rotate-secret", json={"grace_seconds": 60})
    assert rotated.status_code == 200
    assert rotated.json()["secret"] != made["secret"]
    assert rotated.json()["previous_secret_expires_at"] is not None
    assert error_of(client.post(f"{path}/rotate-secret"))["code"] == "conflict"
    assert client.post(f"{path}/rotate-secret", json={"force": True, "grace_seconds": 0}).status_code == 200
    assert error_of(client.post(f"{path}/revoke-previous-secret"))["code"] == "conflict"


def test_during_a_grace_receivers_may_use_either_secret(client: httpx.Client, receiver: Receiver) -> None:
    made = create(client, receiver.url)
    path = f"/v1/webhook-endpoints/{made['id']}"
    new = client.post(f"{path}/rotate-secret").json()["secret"]
    client.post(f"{path}/test")
    [during] = receiver.wait()
    for secret in (made["secret"], new):
        Webhook(secret).verify(during.body, during.headers)
    assert client.post(f"{path}/revoke-previous-secret").status_code == 200
    client.post(f"{path}/test")
    after = receiver.wait(2)[1]
    Webhook(new).verify(after.body, after.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(made["secret"]).verify(after.body, after.headers)


def test_a_creation_that_is_repeated_with_its_key_shows_no_secret(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"url": OFF, "events": ["*"]}
    assert client.post("/v1/webhook-endpoints", json=body, headers=headers).status_code == 201
    again = client.post("/v1/webhook-endpoints", json=body, headers=headers)
    assert (again.status_code, error_of(again)["code"]) == (409, "conflict")
    assert len(client.get("/v1/webhook-endpoints").json()["data"]) == 1


def test_secrets_are_encrypted_in_the_database(client: httpx.Client, server: Server) -> None:
    secret = create(client)["secret"]
    files = [path for path in server.place.data_dir.glob("earmark.db*") if path.is_file()]
    key = server.place.data_dir / "secrets.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert all(secret.encode() not in path.read_bytes() for path in files)


# ---- bad input ---------------------------------------------------------------------------------------

BAD_URLS = [
    "http://2130706433/", "https://2130706433/", "https://[::ffff:10.0.0.1]/", "https://[::ffff:a00:1]/",
    "https://user:secret@8.8.8.8/", "https://8.8.8.8:25/", "https://8.8.8.8:6379/", "https://0x7f000001/",
    "https://127.1/", "https://[64:ff9b::a00:1]/", "https://100.64.0.1/", "https://169.254.169.254/latest/meta-data",
    "https://[::1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://0.0.0.0/", "https://224.0.0.1/",
    "http://8.8.8.8/", "ftp://8.8.8.8/", "https://", "8.8.8.8", "https://8.8.8.8/#part", "https://8.8.8.8 /",
    "https://8.8.8.8\\@127.0.0.1/", "https://no-such-name.invalid/", "https://8.8.8.8/" + "a" * 2_048, "",
    "https://10.0.0.1/", "https://192.168.1.1/", "https://[2002:a00:1::]/", "https://[::127.0.0.2]/",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_must_not_be_requested_is_refused_when_it_is_saved(client: httpx.Client, url: str) -> None:
    error = error_of(client.post("/v1/webhook-endpoints", json={"url": url, "events": ["*"]}))
    assert (error["code"], error["param"]) == ("invalid_request", "url"), error


def test_a_url_is_checked_when_it_is_changed(client: httpx.Client) -> None:
    made = create(client)
    path = f"/v1/webhook-endpoints/{made['id']}"
    assert error_of(client.patch(path, json={"url": "https://10.0.0.1/"}))["param"] == "url"
    assert client.get(path).json()["url"] == made["url"]
    changed = client.patch(path, json={"url": "https://8.8.8.8/x", "events": ["summary.started"]}).json()
    assert (changed["url"], changed["events"]) == ("https://8.8.8.8/x", ["summary.started"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("events", []), ("events", ["recording.painted"]), ("events", ["*", "recording.created"]), ("events", "*"),
        ("events", ["recording.created"] * 51), ("metadata", {"a": "x" * 20_000}), ("metadata", []),
        ("description", ""), ("include", ["everything"]), ("url", 5),
    ],
)  # fmt: skip
def test_a_field_that_is_not_allowed_is_named(client: httpx.Client, field: str, value: Any) -> None:
    body = {"url": OFF, "events": ["*"], field: value}
    error = error_of(client.post("/v1/webhook-endpoints", json=body))
    assert error["code"] == "invalid_request"
    assert error["param"].startswith(field)


def test_a_project_has_at_most_twenty_endpoints_in_each_mode(server: Server, client: httpx.Client) -> None:
    for _ in range(20):
        create(client)
    assert error_of(client.post("/v1/webhook-endpoints", json={"url": OFF, "events": ["*"]}))["code"] == "conflict"
    first = client.get("/v1/webhook-endpoints").json()["data"][0]["id"]
    assert client.delete(f"/v1/webhook-endpoints/{first}").status_code == 204
    create(client)


def test_live_and_test_data_have_endpoints_of_their_own(server: Server, receiver: Receiver) -> None:
    keys = new_project(server.place)
    with server.client(keys.live) as live, server.client(keys.test) as test:
        create(live, receiver.url, events=["recording.created"])
        Library(test).recording(Library(test).user())
        made = Library(live).recording(Library(live).user())
        assert [one.event["data"]["id"] for one in receiver.wait()] == [made]
        assert test.get("/v1/webhook-endpoints").json()["data"] == []


def test_a_key_of_one_person_may_not_use_webhooks(server: Server, client: httpx.Client, library: Library) -> None:
    user = library.user()
    project_id = client.get(f"/v1/end-users/{user}").json()["project_id"]
    with server.client(new_bound_key(server.place, project_id, user)) as bound:
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/we_" + "x" * 24)):
            assert bound.request(method, f"/v1/webhook-endpoints{path}", json={}).status_code == 403


def test_a_delivery_of_another_endpoint_does_not_exist(client: httpx.Client, receiver: Receiver) -> None:
    first, second = create(client, receiver.url), create(client, receiver.url)
    delivery = client.post(f"/v1/webhook-endpoints/{first['id']}/test").json()
    assert client.get(f"/v1/webhook-endpoints/{second['id']}/deliveries/{delivery['id']}").status_code == 404


def test_the_audit_trail_names_who_changed_an_endpoint(server: Server, client: httpx.Client, project: Any) -> None:
    made = create(client)
    path = f"/v1/webhook-endpoints/{made['id']}"
    client.patch(path, json={"description": "Ours"})
    client.post(f"{path}/rotate-secret")
    client.delete(path)
    lines = server.place.cli("audit", "--project", project.id, "--json").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    mine = [one["action"] for one in told if one.get("object_id") == made["id"]]
    assert mine == [f"webhook_endpoint.{what}" for what in ("created", "updated", "secret_rotated", "deleted")]
