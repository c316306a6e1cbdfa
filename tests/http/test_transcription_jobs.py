"""From audio to a transcript over HTTP: asked for, followed, cancelled, overtaken, failed; with engines that follow scripts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from earmark.identity.keys import create_key, revoke_key
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library, error_of
from tests.http.hearing import LINES, Desk, events_of, hearing, jobs_of, script
from tests.http.test_rates import in_one_minute
from tests.server import Place, Server, new_bound_key, new_project, wait_until


@pytest.fixture(scope="module")
def hearing_server(new_place: Callable[[], Place]) -> Iterator[Server]:
    with hearing(new_place(), EARMARK_JOB_LEASE_S="5") as one:
        yield one


@pytest.fixture
def desk(hearing_server: Server) -> Iterator[Desk]:
    with hearing_server.client(new_project(hearing_server.place).live) as client:
        yield Desk(hearing_server, client)


# ---- from the upload to the words ------------------------------------------------------------------


def test_audio_becomes_a_transcript_that_is_found(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path, waits_at=2)
    recording = desk.upload(audio.audio)
    begun = desk.transcribe(recording)
    assert (begun["status"], begun["engine"], begun["provider"], begun["language"]) == (
        "pending", "moonshine-tiny-en", None, None)  # fmt: skip
    assert (begun["full_text"], begun["segments"], begun["started_at"], begun["error"]) == (None, [], None, None)
    desk.until_heard(begun["id"], 2)
    shown = desk.get(begun["id"], include="partial")
    assert (shown["status"], shown["full_text"], shown["segments"]) == ("processing", None, [])
    assert [one["text"] for one in shown["partial_segments"]] == LINES[:2]
    assert shown["progress"] == 0.6667
    assert shown["started_at"] is not None
    assert "partial_segments" not in desk.get(begun["id"])
    assert (desk.recording(recording)["status"], desk.recording(recording)["transcription_id"]) == ("uploaded", None)
    audio.open()
    done = desk.ended(begun["id"])
    assert (done["status"], done["full_text"], done["text"]) == ("completed", " ".join(LINES), " ".join(LINES))
    assert (done["language"], done["duration_ms"], done["word_count"]) == ("en", 12_000, 19)
    assert done["segments"][1] == {"index": 1, "start": 4.0, "end": 8.0, "text": LINES[1]}
    assert {"progress", "partial_segments"} & set(done) == set()
    shown = desk.recording(recording)
    assert (shown["status"], shown["transcription_id"], shown["duration_ms"]) == ("completed", done["id"], 12_000)
    asked = {"query": "who takes the jars", "end_user_id": shown["end_user_id"]}
    (hit, *_) = desk.client.post("/v1/recordings/search", json=asked).json()["results"]
    assert (hit["recording_id"], hit["transcription_id"]) == (recording, done["id"])
    assert audio.heard() == [0, 4_000, 8_000]
    assert events_of(desk.server.place, done["id"]) == ["transcription.started", "transcription.completed"]


@pytest.mark.sqlite_suffices
def test_what_was_asked_for_is_echoed_and_the_engines_language_is_shown_at_the_end(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path, waits_at=0)
    recording = desk.upload(audio.audio)
    body = {"language": "en-US", "provider": "whisper", "diarization": False, "vocabulary": ["Ada", "a hive"]}
    answer = desk.client.post(f"/v1/recordings/{recording}/transcribe", json=body)
    begun = answer.json()
    assert (answer.status_code, begun["language"], begun["provider"]) == (201, "en-US", "whisper")
    assert desk.get(begun["id"])["language"] == "en-US"
    audio.open()
    done = desk.ended(begun["id"])
    assert (done["language"], done["provider"], done["engine"]) == ("en", "whisper", "moonshine-tiny-en")


@pytest.mark.sqlite_suffices
def test_a_vendors_engine_is_named_by_its_provider_and_its_speakers_are_numbered(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path)
    for chunk, speaker in zip(audio.chunks, ["channel-1", "channel-0", "channel-1"]):
        chunk |= {"speaker": speaker, "confidence": 0.5}
    done = desk.ended(desk.transcribe(desk.upload(audio.audio), provider="deepgram")["id"])
    assert (done["provider"], done["engine"], done["confidence"]) == ("deepgram", "deepgram/nova", 0.5)
    assert [one["speaker"] for one in done["segments"]] == ["SPEAKER_0", "SPEAKER_1", "SPEAKER_0"]


@pytest.mark.sqlite_suffices
def test_damaged_audio_becomes_a_transcript_with_a_warning(desk: Desk, tmp_path: Path) -> None:
    done = desk.ended(desk.transcribe(desk.upload(script(tmp_path, is_partial=True).audio))["id"])
    assert (done["status"], done["warnings_total"]) == ("completed", 1)
    assert done["warnings"][0]["code"] == "audio_damaged"


@pytest.mark.sqlite_suffices
def test_engines_are_listed_with_what_a_request_names_to_get_them(desk: Desk) -> None:
    answer = desk.client.get("/v1/transcriptions/engines")
    assert answer.json() == {
        "data": [
            {"provider": "whisper", "engine": "moonshine-tiny-en", "languages": ["en"], "diarization": False,
             "is_default": True},
            {"provider": "deepgram", "engine": "deepgram/nova", "languages": [], "diarization": True,
             "is_default": False},
        ]
    }  # fmt: skip


@pytest.mark.sqlite_suffices
def test_aliases_and_the_default_engine_are_settings(new_place: Callable[[], Place], tmp_path: Path) -> None:
    place = new_place()
    settings = {
        "EARMARK_SPEECH_ENGINE": "deepgram/nova",
        "EARMARK_SPEECH_PROVIDER_ALIASES": '{"elevenlabs": "moonshine-tiny-en"}',
    }
    with hearing(place, **settings) as server, server.client(new_project(place).live) as client:
        desk = Desk(server, client)
        rows = client.get("/v1/transcriptions/engines").json()["data"]
        assert [(one["provider"], one["engine"], one["is_default"]) for one in rows] == [
            ("whisper", "moonshine-tiny-en", False), ("deepgram", "deepgram/nova", True),
            ("elevenlabs", "moonshine-tiny-en", False)]  # fmt: skip
        recording = desk.upload(script(tmp_path).audio)
        assert client.post(f"/v1/recordings/{recording}/transcribe", json={"provider": "assemblyai"}).status_code == 400
        one = desk.ended(desk.transcribe(recording, provider="elevenlabs")["id"])
        assert (one["provider"], one["engine"]) == ("elevenlabs", "moonshine-tiny-en")
        assert desk.ended(desk.transcribe(recording)["id"])["provider"] == "deepgram"


# ---- asked twice -----------------------------------------------------------------------------------


def test_the_same_request_gets_the_running_transcription_and_another_one_409(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path, waits_at=1)
    recording = desk.upload(audio.audio)
    begun = desk.transcribe(recording, language="en")
    assert desk.transcribe(recording)["id"] == desk.transcribe(recording, language="en")["id"] == begun["id"]
    desk.until_heard(begun["id"], 1)
    again = desk.transcribe(recording)
    assert (again["id"], again["status"], again["progress"]) == (begun["id"], "processing", 0.3333)
    for other in ({"language": "en-GB"}, {"provider": "deepgram"}, {"provider": "whisper"}):
        answer = desk.client.post(f"/v1/recordings/{recording}/transcribe", json=other)
        assert (answer.status_code, error_of(answer)["code"]) == (409, "conflict")
        assert error_of(answer)["details"] == {"transcription_id": begun["id"]}
    audio.open()
    assert desk.ended(begun["id"])["status"] == "completed"
    assert audio.heard() == [0, 4_000, 8_000]
    assert desk.listed(recording) == [(begun["id"], "completed")]


def test_the_same_upload_transcribed_again_replaces_its_transcript(desk: Desk, tmp_path: Path) -> None:
    recording = desk.upload(script(tmp_path).audio)
    first = desk.transcribe(recording)["id"]
    desk.ended(first)
    second = desk.transcribe(recording)["id"]
    assert second != first
    assert desk.ended(second)["status"] == "completed"
    assert desk.client.get(f"/v1/transcriptions/{first}").status_code == 404
    assert desk.recording(recording)["transcription_id"] == second
    assert desk.listed(recording) == [(second, "completed")]


def test_a_request_with_an_idempotency_key_is_done_once(desk: Desk, tmp_path: Path) -> None:
    recording = desk.upload(script(tmp_path).audio)
    key = {"Idempotency-Key": "once"}
    first = desk.client.post("/v1/transcriptions", json={"recording_id": recording}, headers=key)
    desk.ended(first.json()["id"])
    again = desk.client.post("/v1/transcriptions", json={"recording_id": recording}, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(desk.listed(recording)) == 1
    assert desk.client.delete(f"/v1/recordings/{recording}").status_code == 204
    gone = desk.client.post("/v1/transcriptions", json={"recording_id": recording}, headers=key)
    assert gone.status_code == 404


# ---- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"provider": "assemblyai"}, "provider"),
        ({"provider": "earmark"}, "provider"),
        ({"provider": 1}, "provider"),
        ({"language": "de"}, "language"),
        ({"language": "de-CH"}, "language"),
        ({"language": "English"}, "language"),
        ({"language": ""}, "language"),
        ({"language": "e\u0301n"}, "language"),
        ({"diarization": "yes"}, "diarization"),
        ({"vocabulary": ["a"] * 101}, "vocabulary"),
        ({"vocabulary": ["a" * 65]}, "vocabulary.0"),
        ({"vocabulary": [" "]}, "vocabulary.0"),
    ],
)
@pytest.mark.sqlite_suffices
def test_what_no_engine_can_do_is_400(desk: Desk, tmp_path: Path, asked: dict[str, Any], param: str) -> None:
    recording = desk.upload(script(tmp_path).audio)
    for path, body in (("transcriptions", {"recording_id": recording}), (f"recordings/{recording}/transcribe", {})):
        answer = desk.client.post(f"/v1/{path}", json={**body, **asked})
        assert (answer.status_code, error_of(answer)["code"], error_of(answer)["param"]) == (
            400,
            "invalid_request",
            param,
        )
    assert desk.listed(recording) == []


def test_a_recording_without_verified_audio_is_409_and_one_that_is_not_there_404(desk: Desk) -> None:
    user = desk.library.user()
    begun = desk.library.recording(user)
    desk.client.post(f"/v1/recordings/{begun}/upload-url", json={})
    for recording in (desk.library.recording(user), desk.library.recording(user, TALK), begun):
        for path, body in (("transcriptions", {"recording_id": recording}), (f"recordings/{recording}/transcribe", {})):
            answer = desk.client.post(f"/v1/{path}", json=body)
            assert (answer.status_code, error_of(answer)["code"]) == (409, "conflict")
    missing = desk.client.post("/v1/transcriptions", json={"recording_id": "rec_x"})
    assert (missing.status_code, error_of(missing)["param"]) == (404, "recording_id")
    assert desk.client.post("/v1/recordings/rec_x/transcribe", json={"provider": "x"}).status_code == 404
    assert error_of(desk.client.post("/v1/transcriptions", json={}))["param"] == "recording_id"


def test_bound_keys_transcribe_their_own_end_users_audio_only_and_tokens_none(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path, waits_at=1)
    own, other = desk.library.user(), desk.library.user()
    recording, foreign = desk.upload(audio.audio, own), desk.upload(script(tmp_path, name="two").audio, other)
    project = desk.recording(recording)["project_id"]
    token = desk.client.post(f"/v1/end-users/{own}/tokens").json()["token"]
    with (
        desk.server.client(new_bound_key(desk.server.place, project, own)) as bound,
        desk.server.client(token) as reader,
    ):
        mine = Desk(desk.server, bound)
        begun = mine.transcribe(recording)["id"]
        assert bound.post("/v1/transcriptions", json={"recording_id": foreign}).status_code == 404
        theirs = desk.transcribe(foreign)["id"]
        assert bound.post(f"/v1/transcriptions/{theirs}/cancel").status_code == 404
        mine.until_heard(begun, 1)
        seen = reader.get(f"/v1/transcriptions/{begun}", params={"include": "partial"}).json()
        assert [one["text"] for one in seen["partial_segments"]] == LINES[:1]
        assert reader.post(f"/v1/transcriptions/{begun}/cancel").status_code == 403
        assert reader.post("/v1/transcriptions", json={"recording_id": recording}).status_code == 403
        assert bound.post(f"/v1/transcriptions/{begun}/cancel").json()["status"] == "failed"
        assert desk.ended(theirs)["status"] == "completed"


def test_transcriptions_have_a_rate_limit_of_their_own(new_place: Callable[[], Place]) -> None:
    place = new_place()
    with (
        hearing(place, EARMARK_RATE_LIMIT_TRANSCRIPTIONS="2") as server,
        server.client(new_project(place).live) as client,
    ):
        library = Library(client)
        recording = library.recording(library.user())

        def burst() -> None:
            paths = ("transcriptions", f"recordings/{recording}/transcribe", "transcriptions")
            answers = [client.post(f"/v1/{path}", json={"recording_id": recording}) for path in paths]
            assert [one.status_code for one in answers] == [409, 409, 429]

        in_one_minute(burst)
        assert client.get("/v1/transcriptions").status_code == 200


@pytest.mark.sqlite_suffices
def test_no_log_has_what_was_said_or_may_be_said(new_place: Callable[[], Place], tmp_path: Path) -> None:
    place, log = new_place(), tmp_path / "stderr"
    talks = {"two": script(tmp_path, name="two"), "crashing": script(tmp_path, name="crashing")}
    talks["crashing"].chunks[2]["does"] = "crash"
    with (
        log.open("w") as stderr,
        hearing(place, stderr=stderr, EARMARK_LOG_LEVEL="debug", EARMARK_LOG_REQUESTS="true") as server,
        server.client(new_project(place).live) as client,
    ):
        desk = Desk(server, client)
        for one in talks.values():
            desk.ended(desk.transcribe(desk.upload(one.audio), vocabulary=["Zwanziger"], language="en")["id"])
    said = log.read_text()
    assert "engine_crashed" in said
    assert [word for word in ("honey", "forty euros", "jars", "Zwanziger") if word in said] == []


# ---- cancelled and overtaken -----------------------------------------------------------------------


def test_a_running_transcription_is_cancelled_with_its_engine_and_leaves_the_earlier_transcript(
    desk: Desk, tmp_path: Path
) -> None:
    audio = script(tmp_path, waits_at=1)
    recording = desk.upload(audio.audio, recording=desk.library.recording(desk.library.user(), TALK))
    earlier = desk.recording(recording)["transcription_id"]
    begun = desk.transcribe(recording)["id"]
    desk.until_heard(begun, 1)
    cancelled = desk.client.post(f"/v1/transcriptions/{begun}/cancel")
    shown = cancelled.json()
    assert (cancelled.status_code, shown["status"], shown["error"]["code"]) == (200, "failed", "cancelled")
    assert shown["error_message"] == shown["error"]["message"]
    wait_until(lambda: audio.children() == [])
    wait_until(lambda: [one.state for one in jobs_of(desk.server.place, begun)] == ["cancelled"])
    assert "partial_segments" not in desk.get(begun, include="partial")
    assert desk.client.post(f"/v1/transcriptions/{begun}/cancel").json()["status"] == "failed"
    shown = desk.recording(recording)
    assert (shown["status"], shown["transcription_id"]) == ("completed", earlier)
    assert desk.get(earlier)["status"] == "completed"
    assert events_of(desk.server.place, begun) == ["transcription.started", "transcription.failed"]
    audio.open()
    again = desk.transcribe(recording)["id"]
    assert desk.ended(again)["status"] == "completed"
    assert desk.listed(recording) == [(again, "completed"), (begun, "failed")]


def test_the_engine_is_gone_within_a_second_after_the_cancels_answer(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path, waits_at=1)
    begun = desk.transcribe(desk.upload(audio.audio))["id"]
    desk.until_heard(begun, 1)
    assert len(audio.children()) == 1
    assert desk.client.post(f"/v1/transcriptions/{begun}/cancel").json()["status"] == "failed"
    answered = time.monotonic()
    wait_until(lambda: audio.children() == [])
    assert time.monotonic() - answered <= 1.0  # docs/guides/hear.md promises it


def test_a_transcription_is_cancelled_while_it_waits_for_the_engine(desk: Desk, tmp_path: Path) -> None:
    busy, waiting = script(tmp_path, waits_at=0), script(tmp_path, name="two")
    first, second = (desk.transcribe(desk.upload(one.audio))["id"] for one in (busy, waiting))
    desk.until(first, "processing")
    assert desk.get(second)["status"] == "pending"
    assert desk.client.post(f"/v1/transcriptions/{second}/cancel").json()["error"]["code"] == "cancelled"
    busy.open()
    assert desk.ended(first)["status"] == "completed"
    assert (waiting.notes(), desk.get(second)["status"]) == ([], "failed")
    assert events_of(desk.server.place, second) == ["transcription.failed"]


def test_cancelling_what_has_ended_or_was_imported_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    done = desk.ended(desk.transcribe(desk.upload(script(tmp_path).audio))["id"])
    imported = desk.recording(desk.library.recording(desk.library.user(), TALK))["transcription_id"]
    for transcription in (done["id"], imported):
        before = desk.get(transcription)
        assert desk.client.post(f"/v1/transcriptions/{transcription}/cancel").json() == before
    assert desk.client.post("/v1/transcriptions/txn_x/cancel").status_code == 404


def test_a_transcription_is_cancelled_through_another_process(fresh_place: Place, tmp_path: Path) -> None:
    audio, key = script(tmp_path, waits_at=1), new_project(fresh_place).live
    with hearing(fresh_place) as one, one.client(key) as client:
        desk = Desk(one, client)
        begun = desk.transcribe(desk.upload(audio.audio))["id"]
        desk.until_heard(begun, 1)
        with hearing(fresh_place) as other, other.client(key) as elsewhere:
            assert elsewhere.post(f"/v1/transcriptions/{begun}/cancel").json()["error"]["code"] == "cancelled"
        wait_until(lambda: audio.children() == [])


@pytest.mark.parametrize("wait", ["true", "false"])
def test_a_transcript_that_is_put_while_a_job_runs_wins(desk: Desk, tmp_path: Path, wait: str) -> None:
    audio = script(tmp_path, waits_at=1)
    recording = desk.upload(audio.audio)
    begun = desk.transcribe(recording, provider="deepgram")["id"]  # a vendor's takes no processor from the index
    desk.until_heard(begun, 1)
    put = desk.client.put(f"/v1/recordings/{recording}/transcript", json={"segments": TALK}, params={"wait": wait})
    brought = put.json()["id"]
    assert desk.ended(brought)["status"] == "completed"
    shown = desk.ended(begun)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "cancelled")
    wait_until(lambda: audio.children() == [])
    assert desk.recording(recording)["transcription_id"] == brought
    assert desk.listed(recording) == [(brought, "completed"), (begun, "failed")]
    assert events_of(desk.server.place, begun) == ["transcription.started", "transcription.failed"]
    audio.open()
    again = desk.transcribe(recording)["id"]
    assert desk.ended(again)["status"] == "completed"
    assert desk.listed(recording) == [(again, "completed"), (begun, "failed")]


# ---- deleted meanwhile -----------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["recordings", "end-users"])
def test_the_engine_stops_when_the_recording_or_its_end_user_is_deleted(desk: Desk, tmp_path: Path, what: str) -> None:
    audio = script(tmp_path, waits_at=1)
    recording = desk.upload(audio.audio)
    begun = desk.transcribe(recording)["id"]
    desk.until_heard(begun, 1)
    target = recording if what == "recordings" else desk.recording(recording)["end_user_id"]
    assert desk.client.delete(f"/v1/{what}/{target}").status_code == 204
    assert desk.client.get(f"/v1/transcriptions/{begun}").status_code == 404
    wait_until(lambda: audio.children() == [])
    assert jobs_of(desk.server.place, begun) == []
    other = script(tmp_path, name="two")
    assert desk.ended(desk.transcribe(desk.upload(other.audio))["id"])["status"] == "completed"


def test_a_deleted_key_does_not_stop_the_job_it_began(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path, waits_at=1)
    recording = desk.upload(audio.audio)
    project = desk.recording(recording)["project_id"]

    async def make(runtime: Runtime) -> tuple[str, str]:
        made = await create_key(await get_tenant(runtime.operator, project, "live"))
        return made.id, made.secret

    async def revoke(runtime: Runtime) -> None:
        await revoke_key(await get_tenant(runtime.operator, project, "live"), key_id)

    key_id, secret = desk.server.place.run(make)
    with desk.server.client(secret) as client:
        begun = Desk(desk.server, client).transcribe(recording)["id"]
        desk.until_heard(begun, 1)
        desk.server.place.run(revoke)
        assert client.get(f"/v1/transcriptions/{begun}").status_code == 401
    audio.open()
    assert desk.ended(begun)["status"] == "completed"


# ---- failed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "code"),
    [
        ([{"ms": 4_000, "text": ""}], "no_speech"),
        ([{"ms": 4_000, "text": " \u0000 "}], "no_speech"),
        ([], "audio_too_short"),
        ([{"ms": 999, "text": "Hi."}], "audio_too_short"),
        ([{"ms": 4_000, "text": "Hi.", "does": "audio_corrupt"}], "audio_corrupt"),
        ([{"ms": 4_000, "text": "Hi."}, {"ms": 4_000, "text": "", "does": "unsupported_format"}], "unsupported_format"),
        ([{"ms": 4_000, "text": "Hi.", "does": "language_not_supported"}], "language_not_supported"),
        ([{"ms": 4_000, "text": "Hi.", "does": "audio_too_long"}], "audio_too_long"),
        ([{"ms": 4_000, "text": "Hi.", "does": "processing_error"}], "processing_error"),
        ([{"ms": 4_000, "text": "Hi."}, {"ms": 4_000, "text": "", "does": "crash"}], "engine_crashed"),
    ],
)
@pytest.mark.sqlite_suffices
def test_a_failure_has_a_code_and_leaves_the_earlier_transcript(
    desk: Desk, tmp_path: Path, chunks: list[dict[str, Any]], code: str
) -> None:
    audio = script(tmp_path)
    audio.chunks = chunks
    recording = desk.upload(audio.audio, recording=desk.library.recording(desk.library.user(), TALK))
    earlier = desk.recording(recording)["transcription_id"]
    failed = desk.ended(desk.transcribe(recording, provider="deepgram")["id"])
    assert (failed["status"], failed["error"]["code"], failed["completed_at"]) == ("failed", code, None)
    assert failed["error_message"] == failed["error"]["message"]
    assert (failed["full_text"], failed["segments"]) == (None, [])
    assert desk.recording(recording)["transcription_id"] == earlier
    assert desk.listed(recording) == [(failed["id"], "failed"), (earlier, "completed")]
    assert events_of(desk.server.place, failed["id"])[-1] == "transcription.failed"
    tries = len([one for one in audio.notes() if "begins_ms" in one])
    assert tries == (3 if code == "engine_crashed" else 1)


def test_an_engine_that_crashes_once_goes_on_where_it_was(desk: Desk, tmp_path: Path) -> None:
    audio = script(tmp_path, waits_at=2)
    begun = desk.transcribe(desk.upload(audio.audio))["id"]
    desk.until_heard(begun, 2)
    (child,) = audio.children()
    os.kill(child, signal.SIGKILL)
    audio.open()
    assert desk.ended(begun)["status"] == "completed"
    assert desk.words(begun) == LINES
    assert audio.heard() == [0, 4_000, 8_000]
    assert [one["begins_ms"] for one in audio.notes() if "begins_ms" in one] == [0, 8_000]
