"""Transcriptions by vendors over HTTP: nothing is sent or billed twice, and no copy is left at a vendor."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from earmark.identity.audit import verify, walk_events
from earmark.identity.projects import list_tenants
from earmark.runtime import Runtime
from tests.fake_vendor import (
    HANG,
    HTML,
    FakeVendor,
    Say,
    assemblyai_says,
    deepgram_says,
    elevenlabs_says,
    fake_vendor,
    openai_says,
)
from tests.http.conftest import TALK
from tests.http.hearing import Desk, jobs_of
from tests.server import Place, Server, new_project, running, wait_until
from tests.speech.conftest import SAMPLES

KEY = "key-of-nobody"
AUDIO = SAMPLES / "beckett.wav"
TEXT = "We harvest on Friday. The price stays."
WORKING = Say({"status": "processing"})


def environment(fake: FakeVendor) -> dict[str, str]:
    env = {"EARMARK_JOB_LEASE_S": "1", "EARMARK_SPEECH_VENDOR_POLL_S": "0.05"}
    for name in ("DEEPGRAM", "ASSEMBLYAI", "ELEVENLABS", "OPENAI"):
        env |= {f"EARMARK_SPEECH_{name}__API_KEY": KEY, f"EARMARK_SPEECH_{name}__BASE_URL": fake.base_url}
    return env


@pytest.fixture
def fake() -> Iterator[FakeVendor]:
    with fake_vendor() as one:
        one.on("POST", "/v1/listen", deepgram_says())
        one.on("POST", "/v1/speech-to-text", elevenlabs_says("c-1"))
        one.on("POST", "/audio/transcriptions", openai_says())
        one.on("POST", "/v2/upload", Say({"upload_url": "https://vendor/1"}))
        one.on("POST", "/v2/transcript", Say({"id": "t-1"}))
        one.on("GET", "/v2/transcript/t-1", WORKING)
        one.on("DELETE", "/", Say({}))
        yield one


@contextmanager
def serving(place: Place, fake: FakeVendor, **more: str) -> Iterator[Server]:
    with running(place, **environment(fake), **more) as server:
        yield server


@contextmanager
def desk_at(server: Server, key: str) -> Iterator[Desk]:
    with server.client(key) as client:
        yield Desk(server, client)


@pytest.fixture
def desk(new_place: Callable[[], Place], fake: FakeVendor) -> Iterator[Desk]:
    place = new_place()
    with serving(place, fake) as server, desk_at(server, new_project(place).live) as one:
        yield one


def audited(place: Place) -> list[tuple[str, str | None]]:
    """Return what the audit trail says of vendors' copies."""

    async def work(runtime: Runtime) -> list[tuple[str, str | None]]:
        found = []
        for tenant in await list_tenants(runtime.operator):
            await verify(tenant)
            found += [(one.action, one.object_id) async for one in walk_events(tenant)]
        return [one for one in found if one[0].startswith("vendor_copy")]

    return place.run(work)


@pytest.mark.parametrize(
    ("provider", "engine", "speakers"),
    [
        ("deepgram", "deepgram/nova-3", ["SPEAKER_0", "SPEAKER_1"]),
        ("assemblyai", "assemblyai/assemblyai-stt-3-7", ["SPEAKER_0", "SPEAKER_1"]),
        ("elevenlabs", "elevenlabs/scribe_v2", ["SPEAKER_0", "SPEAKER_1"]),
        ("whisper", "openai/whisper-1", [None, None]),
    ],
)
def test_every_vendor_makes_a_transcript(
    new_place: Callable[[], Place], fake: FakeVendor, provider: str, engine: str, speakers: list[Any]
) -> None:
    place = new_place()
    fake.on("GET", "/v2/transcript/t-1", WORKING, assemblyai_says("t-1"))
    aliases = {"EARMARK_SPEECH_PROVIDER_ALIASES": json.dumps({"whisper": "openai/whisper-1"})}
    with serving(place, fake, **aliases) as server, desk_at(server, new_project(place).live) as desk:
        recording = desk.upload(AUDIO.read_bytes())
        begun = desk.transcribe(recording, provider=provider, vocabulary=["Ada"])
        assert desk.transcribe(recording, provider=provider)["id"] == begun["id"]  # asked twice, begun once
        done = desk.ended(begun["id"])
        assert (done["status"], done["engine"], done["provider"], done["full_text"]) == (
            "completed", engine, provider, TEXT)  # fmt: skip
        assert (done["language"], done["segments"][0]["start"]) == ("en-US" if provider == "assemblyai" else "en", 0.5)
        assert [one.get("speaker") for one in done["segments"]] == speakers
        assert done["duration_ms"] == desk.recording(recording)["duration_ms"] > 9_000
        sent = [one for one in fake.got if one.method == "POST" and one.path != "/v2/transcript"]
        assert len(sent) == 1
        copies = {"assemblyai": ["t-1"], "elevenlabs": ["c-1"]}.get(provider, [])
        wait_until(lambda: audited(place) == [("vendor_copy.deleted", one) for one in copies])
        assert fake.count("DELETE") == len(copies)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_dies_while_a_vendor_works_asks_again_and_sends_nothing_again(
    new_place: Callable[[], Place], fake: FakeVendor, how: signal.Signals
) -> None:
    place = new_place()
    key = new_project(place).live
    with serving(place, fake, EARMARK_SHUTDOWN_GRACE_S="0") as server, desk_at(server, key) as desk:
        begun = desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="assemblyai")["id"]
        wait_until(lambda: fake.count("GET") > 2)
        server.stop(how)
    fake.on("GET", "/v2/transcript/t-1", WORKING, assemblyai_says("t-1"))
    with serving(place, fake) as server, desk_at(server, key) as desk:
        assert desk.ended(begun)["full_text"] == TEXT
        wait_until(lambda: audited(place) == [("vendor_copy.deleted", "t-1")])
    assert (fake.count("POST", "/v2/upload"), fake.count("POST", "/v2/transcript")) == (1, 1)


def test_cancelling_ends_the_asking_and_deletes_the_vendors_copy(desk: Desk, fake: FakeVendor) -> None:
    begun = desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="assemblyai")["id"]
    wait_until(lambda: fake.count("GET") > 2)
    assert desk.client.post(f"/v1/transcriptions/{begun}/cancel").json()["error"]["code"] == "cancelled"
    wait_until(lambda: [one.state for one in jobs_of(desk.server.place, begun)] == ["cancelled"])
    wait_until(lambda: audited(desk.server.place) == [("vendor_copy.deleted", "t-1")])
    assert fake.got[-1].method == "DELETE"


def test_cancelling_ends_a_request_that_a_vendor_never_answers(desk: Desk, fake: FakeVendor) -> None:
    fake.on("POST", "/v1/listen", HANG)
    begun = desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="deepgram")["id"]
    wait_until(lambda: fake.count("POST") == 1)
    assert desk.client.post(f"/v1/transcriptions/{begun}/cancel").json()["status"] == "failed"
    wait_until(lambda: [one.state for one in jobs_of(desk.server.place, begun)] == ["cancelled"])


@pytest.mark.parametrize("what", ["recordings", "end-users"])
def test_deleting_what_a_vendor_works_on_deletes_its_copy(desk: Desk, fake: FakeVendor, what: str) -> None:
    recording = desk.upload(AUDIO.read_bytes())
    target = recording if what == "recordings" else desk.recording(recording)["end_user_id"]
    begun = desk.transcribe(recording, provider="assemblyai")["id"]
    wait_until(lambda: fake.count("GET") > 2)
    assert desk.client.delete(f"/v1/{what}/{target}").status_code == 204
    assert desk.client.get(f"/v1/transcriptions/{begun}").status_code == 404
    wait_until(lambda: audited(desk.server.place) == [("vendor_copy.deleted", "t-1")])
    assert fake.count("DELETE", "/v2/transcript/t-1") == 1


def test_a_transcript_that_is_put_while_a_vendor_works_wins_and_the_copy_goes(desk: Desk, fake: FakeVendor) -> None:
    recording = desk.upload(AUDIO.read_bytes())
    begun = desk.transcribe(recording, provider="assemblyai")["id"]
    wait_until(lambda: fake.count("GET") > 2)
    put = desk.client.put(f"/v1/recordings/{recording}/transcript", json={"segments": TALK})
    assert put.status_code == 201, put.text
    assert desk.ended(begun)["error"]["code"] == "cancelled"
    wait_until(lambda: audited(desk.server.place) == [("vendor_copy.deleted", "t-1")])
    assert desk.recording(recording)["transcription_id"] == put.json()["id"]


def test_a_copy_that_cannot_be_deleted_is_audited_too(desk: Desk, fake: FakeVendor) -> None:
    fake.on("DELETE", "/v1/speech-to-text/transcripts/c-1", Say({}, 403))
    assert desk.ended(desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="elevenlabs")["id"])
    wait_until(lambda: audited(desk.server.place) == [("vendor_copy.not_deleted", "c-1")])


def test_a_busy_vendor_is_asked_again_when_it_said(desk: Desk, fake: FakeVendor) -> None:
    fake.on("POST", "/v1/listen", *[Say({}, 429, {"Retry-After": "1"})] * 5, deepgram_says())
    done = desk.ended(desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="deepgram")["id"])
    assert (done["status"], fake.count("POST")) == ("completed", 6)


def test_a_vendor_that_fails_once_makes_a_transcript(desk: Desk, fake: FakeVendor) -> None:
    fake.on("POST", "/v1/listen", Say({}, 500, {"Retry-After": "1"}), HTML, deepgram_says())
    done = desk.ended(desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="deepgram")["id"])
    assert (done["status"], fake.count("POST")) == ("completed", 3)


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (Say({}, 401), "processing_error", "refused the server's key"),
        (Say({}, 402), "processing_error", "no credit or quota left"),
        (Say({}, 413), "processing_error", "refused the audio or the request"),
        (HTML, "processing_error", "answer could not be read"),
        (Say({"results": {"channels": [{"alternatives": [{"words": []}]}]}}), "no_speech", "Nobody speaks"),
    ],
)
def test_a_failure_says_why_without_the_key(desk: Desk, fake: FakeVendor, answer: Say, code: str, says: str) -> None:
    fake.on("POST", "/v1/listen", answer)
    failed = desk.ended(desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="deepgram")["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert says in failed["error_message"]
    assert KEY not in json.dumps(failed)
    assert fake.count("POST") == (3 if answer is HTML else 1)


def test_no_log_has_the_key_the_words_or_the_vocabulary(
    new_place: Callable[[], Place], fake: FakeVendor, tmp_path: Path
) -> None:
    place, log = new_place(), tmp_path / "log"
    fake.on("POST", "/v1/listen", Say({"err_msg": "We harvest on Friday."}, 400), HTML, deepgram_says())
    more = {**environment(fake), "EARMARK_LOG_LEVEL": "debug"}
    key = new_project(place).live
    with log.open("w") as stderr, running(place, stderr=stderr, **more) as server, desk_at(server, key) as desk:
        for status in ("failed", "completed"):
            begun = desk.transcribe(desk.upload(AUDIO.read_bytes()), provider="deepgram", vocabulary=["Zwanziger"])
            assert desk.ended(begun["id"])["status"] == status
    said = log.read_text()
    assert "speech.vendor_failed" in said
    assert [word for word in (KEY, "harvest", "Friday", "Zwanziger", "Bad Gateway") if word in said] == []


def test_the_configured_engines_are_listed_and_the_doctor_names_them(
    new_place: Callable[[], Place], fake: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_place()
    with serving(place, fake) as server, desk_at(server, new_project(place).live) as desk:
        rows = desk.client.get("/v1/transcriptions/engines").json()["data"]
        assert [(one["provider"], one["engine"], one["diarization"], one["is_default"]) for one in rows] == [
            ("whisper", "moonshine-tiny-en", False, True),
            ("deepgram", "deepgram/nova-3", True, False),
            ("assemblyai", "assemblyai/assemblyai-stt-3-7", True, False),
            ("elevenlabs", "elevenlabs/scribe_v2", True, False),
            (None, "openai/whisper-1", False, False),
        ]
    for name, value in environment(fake).items():
        monkeypatch.setenv(name, value)
    said = place.cli("doctor").stdout
    assert "speech: moonshine-tiny-en (this machine), deepgram/nova-3, assemblyai/assemblyai-stt-3-7" in said
    assert KEY not in said
