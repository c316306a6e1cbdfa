"""Large bodies are parsed on a worker thread; what is wrong with them is told all the same."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from earmark.api.pipeline.large_bodies import run_sized
from tests.http.conftest import Library


@pytest.mark.parametrize(("size_bytes", "is_inline"), [(0, True), (65_536, True), (65_537, False)])
def test_only_what_is_large_changes_threads(size_bytes: int, is_inline: bool) -> None:
    used = asyncio.run(run_sized(size_bytes, threading.get_ident))
    assert (used == threading.get_ident()) is is_inline


@pytest.mark.parametrize("padding", [10, 200_000])
def test_a_body_is_answered_alike_whatever_its_size(client: httpx.Client, library: Library, padding: int) -> None:
    user = library.user()
    metadata = {"note": "x" * 100}
    sent = {"end_user_id": user, "name": "Talk", "metadata": metadata, "ignored": "x" * padding}
    keyed = {"Idempotency-Key": "once"}
    made = client.post("/v1/recordings", json=sent, headers=keyed)
    assert (made.status_code, made.json()["name"]) == (201, "Talk")
    assert client.post("/v1/recordings", json=sent, headers=keyed).json() == made.json()
    reused = client.post("/v1/recordings", json={**sent, "ignored": "y" * padding}, headers=keyed)
    assert reused.status_code == 422
    wrong = client.post("/v1/recordings", json={**sent, "name": 5})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "name")
    broken = client.post("/v1/recordings", content=b"{" + b" " * padding, headers={"Content-Type": "application/json"})
    assert broken.status_code == 400


@pytest.mark.parametrize("padding", [10, 200_000])
def test_an_exported_session_is_imported_alike_whatever_its_size(
    client: httpx.Client, library: Library, padding: int
) -> None:
    user, time = library.user(), "2026-05-20T10:23:45Z"
    cited = library.recording(user, [{"start": 1.0, "end": 2.0, "speaker": "Ada", "text": f"On the ninth, {padding}."}])
    says = [{"type": "text", "text": f"On the ninth, {padding}."}]
    sound = [{"type": "citation", "recording_id": cited, "start_ms": ms} for ms in (1_000, 7_000)]
    asked = {"role": "user", "parts": [{"type": "text", "text": "When?"}], "created_at": time}
    answer = {"role": "assistant", "parts": says + sound, "created_at": time, "model": "m", "provider": "p"}
    sent = {
        "format": "earmark.ask-session/1", "title": "A talk", "created_at": time, "end_user_id": user,
        "scope": {"type": "library", "recording_ids": []}, "messages": [asked, answer], "ignored": "x" * padding,
    }  # fmt: skip
    path, keyed = "/v1/ask/sessions/import", {"Idempotency-Key": f"import-{padding}"}
    made = client.post(path, json=sent, headers=keyed)
    assert (made.status_code, made.json()["message_count"], made.json()["last_model"]) == (201, 2, "m")
    assert client.post(path, json=sent, headers=keyed).json() == made.json()
    assert client.post(path, json={**sent, "title": "B"}, headers=keyed).status_code == 422
    assert client.post(path, json=sent).status_code == 200
    messages = client.get(f"/v1/ask/sessions/{made.json()['id']}/messages").json()["data"]
    parts = [(one["type"], one.get("start_ms")) for one in messages[1]["parts"]]
    assert parts == [("text", None), ("citation", 1_000)]  # the other cites nothing that is said there
    wrong = client.post(path, json={**sent, "messages": [{**asked, "role": "judge"}]})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "messages.0.role")
    twice = client.post(
        path, content=b'{"a":1,"a":2,"b":"' + b"x" * padding + b'"}', headers={"Content-Type": "application/json"}
    )
    assert (twice.status_code, "same key twice" in twice.text) == (400, True)


def test_a_long_transcript_is_read_like_a_short_one(client: httpx.Client) -> None:
    path, plain = "/v1/transcripts/inspect", {"Content-Type": "text/plain"}
    lines = [f"{'AB'[at % 2]}: Sentence {at} of a very long talk about lanterns and boats." for at in range(2_500)]
    short, long = (client.post(path, content="\n".join(lines[:count]), headers=plain) for count in (20, 2_500))
    assert (short.status_code, long.status_code) == (200, 200)
    assert long.json().keys() == short.json().keys()
    assert (short.json()["segment_count"], long.json()["segment_count"]) == (20, 2_500)
    refused = client.post(path, content=b"\xff\xfe" + b"\0" * 100_000, headers=plain)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")
