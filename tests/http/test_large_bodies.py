"""Large bodies are parsed on a worker thread; what is wrong with them is told all the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest

from earmark.api.edge.app import create_app
from earmark.api.pipeline import bodies
from earmark.api.pipeline.large_bodies import run_sized
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.runtime import Runtime
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.http.conftest import Library
from tests.server import Place


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


def test_the_memory_of_a_reply_counts_for_its_reader_until_it_is_taken(
    fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "ROOM_BYTES", 400_000)

    async def fill(runtime: Runtime) -> tuple[str, str]:
        tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "one")).id, "live")
        user = await create_end_user(tenant)
        owner = tenant.acting_for(user.id, user.number)
        recording = await create_recording(owner)
        segments = tuple(Segment(at * 1_000, at * 1_000 + 900, "Lantern. " * 15) for at in range(1_000))
        one, _ = await runtime.ingester.put_transcript(owner, recording.id, ParsedTranscript(segments, "en"))
        return (await create_key(tenant)).secret, f"/v1/transcriptions/{one.id}/export"

    key, path = fresh_place.run(fill)

    async def read_slowly() -> list[int]:
        app = create_app(fresh_place.settings)
        took, statuses = asyncio.Event(), []

        async def ask() -> None:
            async def send(event: MutableMapping[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    statuses.append(event["status"])
                await took.wait()

            headers = [(b"authorization", f"Bearer {key}".encode())]
            scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
            await app({**scope, "client": ("127.0.0.1", 1), "scheme": "http"}, asyncio.Event().wait, send)

        async with app.opened():
            readers = []
            for count in range(1, 4):
                readers.append(asyncio.create_task(ask()))
                async with asyncio.timeout(30):
                    while len(statuses) < count:
                        await asyncio.sleep(0.002)
            took.set()
            await asyncio.gather(*readers)
            assert app._bodies.room.total == 0
        return statuses

    assert asyncio.run(read_slowly()) == [200, 429, 429]


def test_a_long_transcript_is_read_like_a_short_one(client: httpx.Client) -> None:
    path, plain = "/v1/transcripts/inspect", {"Content-Type": "text/plain"}
    lines = [f"{'AB'[at % 2]}: Sentence {at} of a very long talk about lanterns and boats." for at in range(2_500)]
    short, long = (client.post(path, content="\n".join(lines[:count]), headers=plain) for count in (20, 2_500))
    assert (short.status_code, long.status_code) == (200, 200)
    assert long.json().keys() == short.json().keys()
    assert (short.json()["segment_count"], long.json()["segment_count"]) == (20, 2_500)
    refused = client.post(path, content=b"\xff\xfe" + b"\0" * 100_000, headers=plain)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")
