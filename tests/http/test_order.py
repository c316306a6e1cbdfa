"""What is current is what came last, whatever the clock says: a server whose clock jumps both ways against a model."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from earmark.clock import now_us
from earmark.identity.projects import list_tenants
from earmark.library.recordings import find_recordings, hold_recording
from earmark.library.transcripts import insert_transcript
from earmark.runtime import Runtime
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.http.conftest import Library, error_of
from tests.server import Place, Server, new_project, running, wait_until

FURTHEST_S = 900
"""No jump leaves this: links to upload live for an hour, and an hour is an hour."""


PARSED = ParsedTranscript((Segment(0, 1_000, "Some words."),))


class Clock:
    """The server's clock, which a test sets."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, shift_s: int) -> None:
        self.shift_s = shift_s
        part = self._file.with_suffix(".part")
        part.write_text(str(shift_s))
        part.rename(self._file)  # the server reads it at any moment


@dataclass(frozen=True)
class Shifted:
    """A server with such a clock."""

    server: Server
    clock: Clock


@pytest.fixture(scope="module")
def shifted(new_place: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shifted]:
    file = tmp_path_factory.mktemp("clock") / "shift"
    clock = Clock(file)
    place: Place = new_place()
    with running(place, command=[sys.executable, "-m", "tests.shifted_server", str(file)]) as server:
        yield Shifted(server, clock)


@pytest.fixture
def library(shifted: Shifted) -> Iterator[Library]:
    shifted.clock.set(0)
    with shifted.server.client(new_project(shifted.server.place).live) as client:
        yield Library(client)


def put_transcript(client: httpx.Client, recording: str, text: str, **query: str) -> str:
    """Bring a transcript; return its id."""
    body = {"segments": [{"start": 0.0, "end": 1.0, "text": text}]}
    answer = client.put(f"/v1/recordings/{recording}/transcript", json=body, params=query)
    assert answer.status_code in (200, 201, 202), answer.text
    return str(answer.json()["id"])


def transcripts_of(client: httpx.Client, recording: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/transcriptions", params={"recording_id": recording})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def text_of(client: httpx.Client, transcription: str) -> str | None:
    answer = client.get(f"/v1/transcriptions/{transcription}")
    return None if answer.status_code == 404 else str(answer.json()["full_text"])


def begin(client: httpx.Client, recording: str) -> dict[str, Any]:
    answer = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(begun: dict[str, Any], content: bytes) -> int:
    return httpx.put(begun["upload_url"], content=content, headers=begun["headers"], timeout=60).status_code


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def download(client: httpx.Client, recording: str) -> bytes | None:
    answer = client.get(f"/v1/recordings/{recording}/download-url")
    return None if answer.status_code == 404 else httpx.get(answer.json()["download_url"], timeout=60).content


# ---- the faults that were found --------------------------------------------------------------------


def test_a_transcript_replaced_after_the_clock_stepped_back_is_gone(shifted: Shifted, library: Library) -> None:
    recording = library.recording(library.user())
    first = put_transcript(library.client, recording, "The old words.")
    shifted.clock.set(-5)
    second = put_transcript(library.client, recording, "The new words.")
    assert text_of(library.client, first) is None
    assert [row["id"] for row in transcripts_of(library.client, recording)] == [second]


def test_a_transcript_that_waits_for_its_index_heads_the_list_after_the_clock_stepped_back(
    shifted: Shifted, library: Library
) -> None:
    recording = library.recording(library.user())
    first = put_transcript(library.client, recording, "The old words.")
    shifted.clock.set(-5)
    second = put_transcript(library.client, recording, "The new words.", wait="false")
    assert transcripts_of(library.client, recording)[0]["id"] == second
    shifted.clock.set(0)
    wait_until(lambda: text_of(library.client, first) is None, most_s=60)
    assert [row["id"] for row in transcripts_of(library.client, recording)] == [second]


def test_the_transcripts_of_a_recording_are_listed_page_by_page_in_the_order_they_came(
    shifted: Shifted, library: Library
) -> None:
    recording = library.recording(library.user())
    place = shifted.server.place

    async def add(runtime: Runtime) -> list[str]:
        made = []
        (tenant,) = [one for one in await list_tenants(runtime.operator) if await find_recordings(one, [recording])]
        for behind_us in (0, 9_000_000, 4_000_000, 2_000_000):
            async with tenant.writing() as work:
                owner, found = await hold_recording(work, recording)
                with pytest.MonkeyPatch.context() as clock:
                    clock.setattr(
                        "earmark.library.transcripts.now_us", lambda behind_us=behind_us: now_us() - behind_us
                    )
                    one = await insert_transcript(owner, found, PARSED, status="processing")
            made.append(one.id)
        return made[::-1]

    expected, listed, cursor = place.run(add), [], None
    while True:
        params = {"recording_id": recording, "limit": 1, **({"cursor": cursor} if cursor else {})}
        page = library.client.get("/v1/transcriptions", params=params).json()
        listed += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed == expected


@pytest.mark.parametrize("claims", [False, True])
def test_an_upload_completed_after_the_clock_stepped_back_is_the_audio(
    shifted: Shifted, library: Library, claims: bool
) -> None:
    client = library.client
    recording = library.recording(library.user())
    contents = (b"the first upload", b"the second upload")
    for content, shift_s in zip(contents, (0, -5), strict=True):
        shifted.clock.set(shift_s)
        assert send(begin(client, recording), content) == 200
        body = {"content_sha256": digest(content)} if claims else {}
        done = client.post(f"/v1/recordings/{recording}/upload-complete", json=body)
        assert (done.status_code, done.json().get("content_sha256")) == (200, digest(content)), done.text
    assert download(client, recording) == contents[1]


def test_the_audio_is_what_was_completed_last_even_if_it_was_begun_first(shifted: Shifted, library: Library) -> None:
    client = library.client
    recording = library.recording(library.user())
    begun = [begin(client, recording) for _ in range(2)]
    for one, content in ((begun[1], b"begun second"), (begun[0], b"begun first")):
        assert send(one, content) == 200
        body = {"media_id": one["media_id"]}
        assert client.post(f"/v1/recordings/{recording}/upload-complete", json=body).status_code == 200
    shown = client.get(f"/v1/recordings/{recording}").json()
    assert shown["content_sha256"] == digest(b"begun first")
    assert [one["id"] for one in shown["media"]] == [begun[0]["media_id"], begun[1]["media_id"]]
    assert download(client, recording) == b"begun first"


# ---- against a model without a clock ---------------------------------------------------------------


@dataclass
class Upload:
    """An upload in the model."""

    begun: dict[str, Any]
    status: str = "waiting"
    content: bytes = b""

    @property
    def id(self) -> str:
        return str(self.begun["media_id"])


@dataclass
class Modelled:
    """A recording in the model: what came last is current, and nothing has a time."""

    id: str
    transcript: tuple[str, str] | None = None
    replaced: list[str] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    audio: Upload | None = None

    def arrived(self, media_id: str | None) -> Upload | None:
        """Return the upload that `upload-complete` means; None: its bytes are still to come."""
        found = [one for one in reversed(self.uploads) if media_id in (None, one.id)]
        there = [one for one in found if one.status != "waiting"]
        if found[0].status == "waiting" and not (there and there[0].status == "received"):
            return None
        return there[0]


@dataclass
class Chat:
    """A session in the model."""

    id: str
    title: str
    questions: list[str] = field(default_factory=list)
    last_message_at: str = ""


class Order(RuleBasedStateMachine):
    """Uploads, transcripts, chats and tokens under a clock that jumps both ways."""

    clock: Clock
    client: httpx.Client

    def begin(self) -> None:
        self.clock.set(0)
        self.library = Library(self.client)
        self.user = self.library.user()
        self.recordings: list[Modelled] = [Modelled(self.library.recording(self.user))]
        self.gone: list[Modelled] = []
        self.chats: list[Chat] = []
        self.tokens: list[str] = []
        self.count = 0

    def _content(self) -> str:
        self.count += 1
        return f"Word{self.count} is what came as number {self.count}."

    @rule(shift_s=st.integers(-FURTHEST_S, FURTHEST_S))
    def jump(self, shift_s: int) -> None:
        self.clock.set(shift_s)

    @rule(by_s=st.sampled_from([-60, -5, -1, 1, 5, 60]))
    def step(self, by_s: int) -> None:
        self.clock.set(max(-FURTHEST_S, min(FURTHEST_S, self.clock.shift_s + by_s)))

    # ---- recordings --------------------------------------------------------------------------------

    @precondition(lambda self: len(self.recordings) < 3)
    @rule()
    def create_recording(self) -> None:
        self.recordings.append(Modelled(self.library.recording(self.user)))

    def _draw(self, data: st.DataObject) -> Modelled:
        return data.draw(st.sampled_from(self.recordings))

    def _set_transcript(self, one: Modelled, transcription: str, text: str) -> None:
        if one.transcript is not None:
            one.replaced.append(one.transcript[0])
        one.transcript = (transcription, text)

    @precondition(lambda self: self.recordings)
    @rule(data=st.data())
    def put(self, data: st.DataObject) -> None:
        one, text = self._draw(data), self._content()
        self._set_transcript(one, put_transcript(self.client, one.id, text), text)

    @precondition(lambda self: self.recordings)
    @rule(data=st.data(), by_s=st.sampled_from([0, -120, 120]))
    def put_and_index_later(self, data: st.DataObject, by_s: int) -> None:
        one, text = self._draw(data), self._content()
        transcription = put_transcript(self.client, one.id, text, wait="false")
        self.step(by_s)
        assert transcripts_of(self.client, one.id)[0]["id"] == transcription
        current = f"/v1/recordings/{one.id}"
        wait_until(lambda: self.client.get(current).json()["transcription_id"] == transcription, most_s=60)
        self._set_transcript(one, transcription, text)

    @precondition(lambda self: self.recordings)
    @rule(data=st.data(), by_s=st.integers(-60, 60))
    def put_while_another_waits_for_its_index(self, data: st.DataObject, by_s: int) -> None:
        one, text = self._draw(data), self._content()
        overtaken = put_transcript(self.client, one.id, self._content(), wait="false")
        self.step(by_s)
        self._set_transcript(one, put_transcript(self.client, one.id, text), text)
        one.replaced.append(overtaken)

    @precondition(lambda self: self.recordings)
    @rule(data=st.data())
    def begin_upload(self, data: st.DataObject) -> None:
        one = self._draw(data)
        one.uploads.append(Upload(begin(self.client, one.id)))

    @precondition(lambda self: any(one.uploads for one in self.recordings))
    @rule(data=st.data())
    def send_bytes(self, data: st.DataObject) -> None:
        upload = data.draw(st.sampled_from([each for one in self.recordings for each in one.uploads]))
        content, is_open = self._content().encode(), upload.status in ("waiting", "received")
        assert (send(upload.begun, content) == 200) is is_open
        if is_open:
            upload.status, upload.content = "received", content

    @precondition(lambda self: any(one.uploads for one in self.recordings))
    @rule(data=st.data(), is_named=st.booleans(), claim=st.sampled_from([None, "right", "right", "wrong"]))
    def complete_upload(self, data: st.DataObject, is_named: bool, claim: str | None) -> None:
        one = data.draw(st.sampled_from([one for one in self.recordings if one.uploads]))
        media_id = data.draw(st.sampled_from(one.uploads)).id if is_named else None
        upload = one.arrived(media_id)
        body = {"media_id": media_id} if media_id else {}
        if claim is not None:
            content = upload.content if upload is not None and claim == "right" else b"something else"
            body["content_sha256"] = digest(content)
        answer = self.client.post(f"/v1/recordings/{one.id}/upload-complete", json=body)
        if upload is None:
            assert error_of(answer)["code"] == "upload_not_verified", answer.text
            return
        if upload.status == "received":
            upload.status = "failed" if claim == "wrong" else "verified"
            one.audio = one.audio if claim == "wrong" else upload
        is_stored = upload.status == "verified" and claim != "wrong"
        assert answer.status_code == (200 if is_stored else 409), answer.text

    @precondition(lambda self: self.recordings)
    @rule(data=st.data())
    def delete_recording(self, data: st.DataObject) -> None:
        one = self._draw(data)
        assert self.client.delete(f"/v1/recordings/{one.id}").status_code == 204
        self.recordings.remove(one)
        self.gone.append(one)

    # ---- chats and tokens --------------------------------------------------------------------------

    @precondition(lambda self: len(self.chats) < 3)
    @rule()
    def create_chat(self) -> None:
        made = self.library.session(self.user, title=self._content())
        self.chats.append(Chat(made["id"], made["title"], last_message_at=made["last_message_at"]))

    @precondition(lambda self: self.chats)
    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        chat, question = data.draw(st.sampled_from(self.chats)), self._content()
        answer = self.client.post(f"/v1/ask/sessions/{chat.id}/messages", json={"content": question})
        assert answer.status_code == 200, answer.text
        chat.questions.append(question)

    @precondition(lambda self: self.chats)
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        chat, title = data.draw(st.sampled_from(self.chats)), self._content()
        assert self.client.patch(f"/v1/ask/sessions/{chat.id}", json={"title": title}).status_code == 200
        chat.title = title

    @precondition(lambda self: self.chats)
    @rule(data=st.data())
    def delete_chat(self, data: st.DataObject) -> None:
        chat = data.draw(st.sampled_from(self.chats))
        assert self.client.delete(f"/v1/ask/sessions/{chat.id}").status_code == 204
        self.chats.remove(chat)
        assert self.client.get(f"/v1/ask/sessions/{chat.id}").status_code == 404

    @rule(by_s=st.integers(-60, 60))
    def send_twice_with_a_key(self, by_s: int) -> None:
        self.count += 1
        headers = {"Idempotency-Key": f"key-{self.count}"}
        first = self.client.post("/v1/ask/sessions", json=self._library_chat(), headers=headers)
        self.step(by_s)
        assert self.client.post("/v1/ask/sessions", json=self._library_chat(), headers=headers).json() == first.json()
        made = first.json()
        self.chats.append(Chat(made["id"], made["title"], last_message_at=made["last_message_at"]))

    def _library_chat(self) -> dict[str, Any]:
        return {"scope": {"type": "library"}, "end_user_id": self.user}

    @rule()
    def issue_a_token(self) -> None:
        self.tokens.append(self.client.post(f"/v1/end-users/{self.user}/tokens").json()["token"])
        reach = [
            self.client.get("/v1/recordings", headers={"Authorization": f"Bearer {one}"}).status_code
            for one in self.tokens[-3:]
        ]
        assert reach == [401] * (len(reach) - 1) + [200]

    # ---- looks -------------------------------------------------------------------------------------

    @precondition(lambda self: self.recordings)
    @rule(data=st.data())
    def look_at_a_recording(self, data: st.DataObject) -> None:
        one = self._draw(data)
        shown = self.client.get(f"/v1/recordings/{one.id}").json()
        assert shown["transcription_id"] == (one.transcript and one.transcript[0])
        assert shown["content_sha256"] == (one.audio and digest(one.audio.content))
        verified = [each.id for each in one.uploads if each.status == "verified"]
        assert {each["id"] for each in shown["media"]} == set(verified)
        assert [each["id"] for each in shown["media"][:1]] == ([one.audio.id] if one.audio else [])
        assert download(self.client, one.id) == (one.audio and one.audio.content)

    @precondition(lambda self: self.recordings)
    @rule(data=st.data())
    def look_at_transcripts(self, data: st.DataObject) -> None:
        one = self._draw(data)
        assert [row["id"] for row in transcripts_of(self.client, one.id)] == (
            [one.transcript[0]] if one.transcript else []
        )
        assert [text_of(self.client, each) for each in one.replaced] == [None] * len(one.replaced)
        if one.transcript:
            assert text_of(self.client, one.transcript[0]) == one.transcript[1]

    @rule()
    def look_for_what_is_gone(self) -> None:
        for one in self.gone:
            assert self.client.get(f"/v1/recordings/{one.id}").status_code == 404
            ids = [*one.replaced, *([one.transcript[0]] if one.transcript else [])]
            assert [text_of(self.client, each) for each in ids] == [None] * len(ids)

    @precondition(lambda self: self.recordings)
    @rule(data=st.data())
    def search(self, data: st.DataObject) -> None:
        one = self._draw(data)
        body = {"query": "number", "end_user_id": self.user, "recording_ids": [one.id]}
        found = self.client.post("/v1/recordings/search", json=body).json()["results"]
        assert {row["chunk_text"] for row in found} <= ({one.transcript[1]} if one.transcript else set())

    @rule()
    def look_at_chats(self) -> None:
        rows = self.client.get("/v1/ask/sessions", params={"end_user_id": self.user, "limit": 100}).json()["data"]
        assert {row["id"]: row["title"] for row in rows} | {
            one.id: one.title for one in self.chats if one.questions
        } == {one.id: one.title for one in self.chats}
        times = [row["last_message_at"] for row in rows]
        assert times == sorted(times, reverse=True)
        for row in rows:
            chat = next(one for one in self.chats if one.id == row["id"])
            assert row["last_message_at"] >= chat.last_message_at, "activity went back"
            chat.last_message_at = row["last_message_at"]
            asked = self.client.get(f"/v1/ask/sessions/{chat.id}/messages", params={"limit": 100}).json()["data"]
            assert [one["content"] for one in asked if one["role"] == "user"] == chat.questions
            assert [one["role"] for one in asked] == ["user", "assistant"] * len(chat.questions)


def test_what_is_current_equals_a_model_without_a_clock(shifted: Shifted) -> None:
    class Fresh(Order):
        @initialize()
        def start(self) -> None:
            self.clock = shifted.clock
            self.client = shifted.server.client(new_project(shifted.server.place).live)
            self.begin()

        def teardown(self) -> None:
            self.client.close()
            self.clock.set(0)

    run_state_machine_as_test(
        Fresh,
        settings=settings(
            max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
