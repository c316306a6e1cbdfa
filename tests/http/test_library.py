"""End users, recordings and transcripts over HTTP."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of
from tests.server import ProjectKeys, Server, new_bound_key

VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:03.500\n<v Ada>We start with the budget.\n"
SRT = "1\n00:00:01,000 --> 00:00:03,500\nAda: We start with the budget.\n"
TEXT = "Ada: We start with the budget.\nGrace: Gladly.\n"
WHISPER = {"text": "Hello there.", "language": "en", "segments": [{"id": 0, "seek": 0, "start": 0.0, "end": 1.5, "text": " Hello there."}]}  # fmt: skip
DEEPGRAM = {"results": {"channels": [{"alternatives": [{"transcript": "hello there", "confidence": 0.9, "words": [
    {"word": "hello", "start": 0.1, "end": 0.4, "confidence": 0.9, "speaker": 0},
    {"word": "there", "start": 0.5, "end": 0.8, "confidence": 0.9, "speaker": 0}]}]}]}}  # fmt: skip
ASSEMBLYAI = {"status": "completed", "text": "Hello there.", "language_code": "en", "audio_duration": 2,
              "utterances": [{"start": 100, "end": 900, "text": "Hello there.", "speaker": "A", "confidence": 0.9}]}  # fmt: skip


def put(client: httpx.Client, recording: str, body: Any, media_type: str = "application/json") -> httpx.Response:
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    path = f"/v1/recordings/{recording}/transcript"
    return client.put(path, content=content, headers={"content-type": media_type})


def search(library: Library, user: str, query: str, **fields: Any) -> list[dict[str, Any]]:
    answer = library.client.post("/v1/recordings/search", json={"query": query, "end_user_id": user, **fields})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def test_end_users_are_created_found_changed_and_deleted(library: Library) -> None:
    client = library.client
    made = client.post("/v1/end-users", json={"external_id": " ada ", "name": "Ada", "metadata": {"team": [1, None]}})
    assert made.status_code == 201
    user = made.json()
    assert set(user) == {"id", "project_id", "external_id", "email", "name", "metadata", "created_at", "updated_at",
                         "deleted_at"}  # fmt: skip
    assert (user["external_id"], user["metadata"], user["deleted_at"]) == (" ada ", {"team": [1, None]}, None)
    taken = client.post("/v1/end-users", json={"external_id": " ada "})
    assert (taken.status_code, error_of(taken)["code"]) == (409, "resource_already_exists")
    assert client.get("/v1/end-users", params={"external_id": " ada "}).json()["data"] == [user]
    assert client.get("/v1/end-users", params={"external_id": "ada"}).json()["data"] == []
    changed = client.patch(f"/v1/end-users/{user['id']}", json={"name": None, "email": "ada@example.org"}).json()
    assert (changed["name"], changed["email"], changed["external_id"]) == (None, "ada@example.org", " ada ")
    assert client.delete(f"/v1/end-users/{user['id']}").status_code == 204
    assert client.delete(f"/v1/end-users/{user['id']}").status_code == 404
    assert client.post("/v1/end-users", json={"external_id": " ada "}).status_code == 201
    assert client.post("/v1/end-users").status_code == 201


def test_deleting_an_end_user_deletes_all_its_data(server: Server, project: ProjectKeys, library: Library) -> None:
    user = library.user(external_id="gone")
    recording = library.recording(user, TALK)
    transcription = library.client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
    session = library.session(user, scope={"type": "recording", "recording_id": recording})["id"]
    library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": "When is the launch?"})
    key = new_bound_key(server.place, project.id, user)
    assert library.client.delete(f"/v1/end-users/{user}").status_code == 204
    for path in (f"recordings/{recording}", f"transcriptions/{transcription}", f"ask/sessions/{session}"):
        assert library.client.get(f"/v1/{path}").status_code == 404
    with server.client(key) as bound:
        assert bound.get("/v1/ask/sessions").status_code == 401
    answer = library.client.post("/v1/recordings/search", json={"query": "launch", "end_user_id": user})
    assert answer.status_code == 404


def test_a_recording_shows_every_key(library: Library) -> None:
    user = library.user()
    body = {"end_user_id": user, "name": "Kick-off", "recorded_at": "2026-05-20T12:00:00.9+02:00", "upload_method": "x"}
    recording = library.client.post("/v1/recordings", json=body).json()
    assert recording == {
        "id": recording["id"], "project_id": recording["project_id"], "end_user_id": user, "device_id": None,
        "source": "api_upload", "name": "Kick-off", "status": "pending", "duration_ms": None,
        "duration_seconds": None, "recorded_at": "2026-05-20T10:00:00Z", "started_at": "2026-05-20T10:00:00Z",
        "ended_at": None, "content_sha256": None, "content_sha256_verified_at": None, "file_size_bytes": None,
        "metadata": None, "transcription_id": None, "media": [], "created_at": recording["created_at"],
        "updated_at": recording["updated_at"], "deleted_at": None,
    }  # fmt: skip
    assert library.client.get(f"/v1/recordings/{recording['id']}").json() == recording


def test_a_transcript_completes_its_recording_and_can_be_read(library: Library) -> None:
    recording = library.recording(library.user())
    first = put(library.client, recording, {"language": "EN", "segments": TALK})
    assert first.status_code == 201
    shown = first.json()
    assert (shown["status"], shown["language"], shown["provider"], shown["engine"]) == (
        "completed",
        "en",
        None,
        "import",
    )
    assert shown["segments"] == [{"index": index, **one} for index, one in enumerate(TALK)]
    assert shown["full_text"] == shown["text"] == " ".join(one["text"] for one in TALK)
    assert shown["duration_ms"] == 16_000
    after = library.client.get(f"/v1/recordings/{recording}").json()
    assert (after["status"], after["transcription_id"], after["duration_seconds"]) == ("completed", shown["id"], 16)
    assert library.client.get(f"/v1/transcriptions/{shown['id']}").json() == shown
    row = library.client.get("/v1/transcriptions", params={"recording_id": recording}).json()["data"][0]
    assert row["id"] == shown["id"]
    assert not {"text", "full_text", "segments"} & set(row)


@pytest.mark.parametrize(
    ("body", "media_type", "provider", "engine", "words"),
    [
        (VTT, "text/vtt", None, "import", "We start with the budget."),
        (SRT, "application/x-subrip", None, "import", "We start with the budget."),
        (TEXT, "text/plain", None, "import/estimated", "We start with the budget."),
        (WHISPER, "application/json", "whisper", "import", "Hello there."),
        (DEEPGRAM, "application/json", "deepgram", "import", "hello there"),
        (ASSEMBLYAI, "application/json", "assemblyai", "import", "Hello there."),
    ],
)
def test_every_documented_format_is_accepted(
    library: Library, body: Any, media_type: str, provider: str | None, engine: str, words: str
) -> None:
    answer = put(library.client, library.recording(library.user()), body, media_type + "; charset=utf-8")
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["provider"], shown["engine"], shown["segments"][0]["text"]) == (provider, engine, words)


def test_a_second_transcript_replaces_the_whole_first_one(library: Library) -> None:
    user = library.user()
    recording = library.recording(user, TALK)
    before = library.client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
    answer = put(library.client, recording, TEXT, "text/plain")
    assert answer.status_code == 200
    assert library.client.get(f"/v1/transcriptions/{before}").status_code == 404
    found = search(library, user, "launch lantern budget")
    assert [row["chunk_text"] for row in found] == ["We start with the budget.\nGladly."]
    assert {row["transcription_id"] for row in found} == {answer.json()["id"]}


def test_a_transcript_can_be_imported_without_waiting(library: Library) -> None:
    user = library.user()
    recording = library.recording(user, TALK)
    path = f"/v1/recordings/{recording}/transcript?wait=false"
    answer = library.client.put(path, content=TEXT, headers={"content-type": "text/plain"})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["text"]) == ("processing", None)
    deadline = time.monotonic() + 30
    while library.client.get(f"/v1/transcriptions/{answer.json()['id']}").json()["status"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [row["chunk_text"] for row in search(library, user, "budget")] == ["We start with the budget.\nGladly."]


@pytest.mark.parametrize(
    ("body", "media_type", "says"),
    [
        ("WEBVTT\n\n00:99:05.000 --> 00:99:09.000\nhello\n", "text/vtt", "3"),
        ("1\n00:xx:01,000 --> 00:xx:02,000\nhello\n", "application/x-subrip", "2"),
        ({"segments": [{"start": 2, "end": 1, "text": 5}]}, "application/json", "0"),
        ({"segments": [*[{"start": 0, "end": 1, "text": "x"}] * 2, *[7] * 4]}, "application/json", "4 of 6"),
        ("%PDF-1.7 …", "text/plain", "PDF"),
        ("hello", "application/json", "JSON"),
        ({"segments": []}, "application/json", "no words"),
        ({"words": "what is this"}, "application/json", "known"),
        ("{", "application/json", "JSON"),
        ('{"segments": [], "segments": []}', "application/json", "twice"),
        ('{"segments":[{"start":0,"end":1,"text":"a\\u0000b"}]}', "application/json", ""),
        ('{"segments":[{"start":0,"end":1,"text":"\\ud800"}]}', "application/json", ""),
        ('{"segments":[{"start":NaN,"end":1,"text":"a"}]}', "application/json", ""),
        (b"\xff\xfe\x00\x00", "text/plain", ""),
        ("   \n", "text/plain", ""),
    ],
)
def test_a_bad_transcript_is_400_and_changes_nothing(library: Library, body: Any, media_type: str, says: str) -> None:
    user = library.user()
    recording = library.recording(user, TALK)
    before = library.client.get(f"/v1/recordings/{recording}").json()
    answer = put(library.client, recording, body, media_type)
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert says in f"{error['message']} {json.dumps(error.get('details'))}"
    assert library.client.get(f"/v1/recordings/{recording}").json() == before


def test_search_finds_the_moment_with_every_key_of_the_contract(library: Library) -> None:
    user = library.user()
    recording = library.recording(user, TALK, recorded_at="2026-05-20T10:00:00Z")
    best = search(library, user, "What does the battery cost?", limit=1)[0]
    assert set(best) == {"chunk_id", "recording_id", "transcription_id", "chunk_text", "speaker", "start_ms",
                         "end_ms", "recorded_at", "score", "segments"}  # fmt: skip
    assert "\n".join(line["text"] for line in best["segments"]) == best["chunk_text"]
    assert [line["speaker"] for line in best["segments"]] == ["Ada", "Grace", "Ada", "Linus"][-len(best["segments"]) :]
    assert best["segments"][0]["start_ms"] == best["start_ms"]
    assert best["recording_id"] == recording
    assert "battery" in best["chunk_text"]
    assert best["recorded_at"] == "2026-05-20T10:00:00Z"
    explained = search(library, user, "battery", explain=True)[0]["parts"]
    assert set(explained) >= {"lexical", "semantic", "final"}


def test_a_search_that_comes_near_nothing_finds_nothing_and_a_word_that_is_there_is_found(library: Library) -> None:
    user = library.user()
    library.recording(user, TALK, name="Kick-off")
    for query in ("zzzzqq", "qwxzv plorf", "!!!"):
        assert search(library, user, query) == []
    for query in ("zzzzqq battery", "kick-off", "Linus"):
        assert search(library, user, query), query


def test_search_is_narrowed_by_recordings_dates_and_speaker(library: Library) -> None:
    user = library.user()
    old = library.recording(user, TALK, recorded_at="2025-01-01T00:00:00Z")
    new = library.recording(user, TALK, recorded_at="2026-01-01T00:00:00Z")
    undated = library.recording(user, TALK)

    def found(**fields: Any) -> set[str]:
        return {row["recording_id"] for row in search(library, user, "launch price", limit=50, **fields)}

    assert found() == {old, new, undated}
    assert found(recording_ids=[new, undated]) == {new, undated}
    assert found(recorded_after="2026-01-01T00:00:00Z") == {new}
    assert found(recorded_before="2026-01-01T00:00:00Z") == {old}
    assert found(speaker="linus") == {old, new, undated}
    assert found(speaker="Nobody") == set()


def test_an_end_users_key_searches_its_own_library_and_owns_what_it_creates(
    server: Server, project: ProjectKeys, library: Library
) -> None:
    ada, grace = library.user(), library.user()
    hers = library.recording(grace, TALK)
    with server.client(new_bound_key(server.place, project.id, ada)) as bound:
        own = Library(bound).recording(grace)
        assert library.client.get(f"/v1/recordings/{own}").json()["end_user_id"] == ada
        assert (
            bound.post("/v1/recordings/search", json={"query": "launch", "end_user_id": grace}).json()["results"] == []
        )
        for answer in (
            bound.get(f"/v1/recordings/{hers}"),
            bound.delete(f"/v1/recordings/{hers}"),
            put(bound, hers, TEXT, "text/plain"),
            bound.get(f"/v1/end-users/{grace}"),
            bound.post("/v1/recordings/search", json={"query": "launch", "recording_ids": [hers]}),
        ):
            assert answer.status_code == 404
        assert [row["id"] for row in bound.get("/v1/end-users").json()["data"]] == [ada]
        for method, path in (("POST", "/v1/end-users"), ("DELETE", f"/v1/end-users/{ada}"),
                             ("PATCH", f"/v1/end-users/{ada}")):  # fmt: skip
            assert bound.request(method, path, json={}).status_code == 403


def test_recordings_are_listed_filtered_and_renamed(library: Library) -> None:
    ada, grace = library.user(), library.user()
    first = library.recording(ada, TALK, name="Straße", recorded_at="2026-01-01T00:00:00Z", device_id="dev_1")
    second = library.recording(ada, name="100%")
    library.recording(grace)

    def found(**params: Any) -> list[str]:
        return [row["id"] for row in library.client.get("/v1/recordings", params=params).json()["data"]]

    assert found(end_user_id=ada) == [second, first]
    assert found(q="STRASSE") == [first]
    assert found(q="%") == [second]
    assert found(status="completed") == [first]
    assert found(device_id="dev_1") == [first]
    assert found(recorded_after="2026-01-01T00:00:00Z", recorded_before="2026-01-01T00:00:01Z") == [first]
    changed = library.client.patch(f"/v1/recordings/{second}", json={"name": "Zwei", "recorded_at": None, "x": 1})
    assert (changed.json()["name"], changed.json()["recorded_at"]) == ("Zwei", None)
    assert found(q="zwei") == [second]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": ""}, "name"), ({"name": 5}, "name"), ({"source": "fax"}, "source"),
        ({"recorded_at": "2026-05-20"}, "recorded_at"), ({"recorded_at": "2026-02-30T00:00:00Z"}, "recorded_at"),
        ({"recorded_at": "2026-05-20T00:00:00Z", "started_at": "2026-05-21T00:00:00Z"}, "recorded_at"),
        ({"metadata": []}, "metadata"), ({"metadata": {"x": "y" * 17_000}}, "metadata"), ({"end_user_id": "x"}, "end_user_id"),
    ],
)  # fmt: skip
def test_a_bad_recording_is_400(library: Library, body: dict[str, Any], param: str | None) -> None:
    answer = library.client.post("/v1/recordings", json={"end_user_id": library.user(), **body})
    assert answer.status_code == 400
    assert error_of(answer).get("param") == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "query"), ({"query": ""}, "query"), ({"query": "x" * 1_001}, "query"), ({"query": "x", "limit": 0}, "limit"),
        ({"query": "x", "limit": 51}, "limit"), ({"query": "x", "limit": True}, "limit"), ({"query": "x", "limit": "8"}, "limit"),
        ({"query": "x", "recording_ids": []}, "recording_ids"),
        ({"query": "x", "recording_ids": [f"rec_{n}" for n in range(501)]}, "recording_ids"),
        ({"query": "x", "recorded_after": "soon"}, "recorded_after"), ({"query": "x", "end_user_id": None}, "end_user_id"),
    ],
)  # fmt: skip
def test_a_bad_search_is_400(library: Library, body: dict[str, Any], param: str) -> None:
    user = {} if "end_user_id" in body else {"end_user_id": library.user()}
    answer = library.client.post("/v1/recordings/search", json={**user, **body})
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


@pytest.mark.parametrize("query", ["???", "🎧🎧", " " * 1_000, "the", "ha " * 333, "שלום עולם", "會議", "การประชุม"])
def test_unusual_questions_are_answered(library: Library, query: str) -> None:
    user = library.user()
    library.recording(user, TALK)
    search(library, user, query)


@pytest.mark.parametrize(
    "text",
    ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:60Z", "٢٠٢٦-05-20T10:00:00Z"],
)
def test_a_time_outside_the_range_that_can_be_shown_is_400(client: httpx.Client, library: Library, text: str) -> None:
    user = library.user()
    for field in ("recorded_at", "started_at", "ended_at"):
        answer = client.post("/v1/recordings", json={"end_user_id": user, field: text})
        assert (answer.status_code, error_of(answer)["param"]) == (400, field)
    answer = client.get("/v1/recordings", params={"recorded_after": text})
    assert (answer.status_code, error_of(answer)["param"]) == (400, "recorded_after")
    token = client.post(f"/v1/end-users/{user}/tokens", json={"expires_at": text})
    assert (token.status_code, error_of(token)["param"]) == (400, "expires_at")


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_the_first_and_the_last_second_can_be_shown(client: httpx.Client, library: Library, text: str) -> None:
    recording = library.recording(library.user(), recorded_at=text)
    assert client.get(f"/v1/recordings/{recording}").json()["recorded_at"] == text


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-05-20T23:30:00-07:00", "2026-05-20"),
        ("2026-05-21T06:30:00Z", "2026-05-21"),
        ("2026-05-21T00:30:00+02:00", "2026-05-21"),
    ],
)
def test_an_answer_names_the_day_as_it_was_where_it_was_recorded(library: Library, moment: str, day: str) -> None:
    user = library.user()
    recording = library.recording(user, TALK, name="Budget walk", recorded_at=moment)
    asked = {"scope": {"type": "library"}, "end_user_id": user}
    session = library.client.post("/v1/ask/sessions", json=asked).json()["id"]
    body = {"content": "What do they start with?"}
    answer = library.client.post(f"/v1/ask/sessions/{session}/messages", json=body).json()
    text = "".join(part.get("text", "") for part in answer["message"]["parts"])
    assert f"Budget walk ({day})" in text
    utc = {"2026-05-20T23:30:00-07:00": "2026-05-21T06:30:00Z", "2026-05-21T00:30:00+02:00": "2026-05-20T22:30:00Z"}
    shown = library.client.get(f"/v1/recordings/{recording}").json()["recorded_at"]
    assert shown == utc.get(moment, moment)


def listed(library: Library, **params: Any) -> list[str]:
    """Return the names of the recordings of a list, over all its pages."""
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = library.client.get("/v1/recordings", params={**params, **cursor, "limit": 2})
        assert page.status_code == 200, page.text
        names += [one["name"] for one in page.json()["data"]]
        if not page.json()["has_more"]:
            return names
        cursor = {"cursor": page.json()["next_cursor"]}


def test_recordings_are_listed_in_the_order_asked_for_and_what_lacks_it_comes_last(library: Library) -> None:
    user = library.user()
    library.recording(user, TALK, name="b", recorded_at="2026-03-01T00:00:00Z")
    library.recording(user, None, name="C")
    library.recording(user, TALK[:2], name="a", recorded_at="2026-05-01T00:00:00Z")
    library.recording(user, TALK[:1], name="d", recorded_at="2026-04-01T00:00:00Z")
    library.recording(user, None, name="E")
    assert listed(library) == ["E", "d", "a", "C", "b"]
    assert listed(library, order="asc") == ["b", "C", "a", "d", "E"]
    assert listed(library, sort="recorded_at", end_user_id=user) == ["a", "d", "b", "E", "C"]
    assert listed(library, sort="recorded_at", order="asc") == ["b", "d", "a", "E", "C"]
    assert listed(library, sort="name") == ["a", "b", "C", "d", "E"]
    assert listed(library, sort="name", order="desc", q="") == ["E", "d", "C", "b", "a"]
    assert listed(library, sort="duration") == ["b", "a", "d", "E", "C"]
    assert listed(library, sort="duration", recorded_after="2026-03-15T00:00:00Z") == ["a", "d"]
    refused = library.client.get("/v1/recordings", params={"sort": "name", "offset": 2})
    assert (refused.status_code, error_of(refused)["param"]) == (400, "offset")


def test_a_cursor_of_one_order_is_refused_in_another(library: Library) -> None:
    user = library.user()
    for name in "abc":
        library.recording(user, None, name=name)
    cursor = library.client.get("/v1/recordings", params={"limit": 1, "sort": "name"}).json()["next_cursor"]
    for other in ({"sort": "name", "order": "desc"}, {"sort": "duration"}, {}):
        answer = library.client.get("/v1/recordings", params={"limit": 1, "cursor": cursor, **other})
        assert (answer.status_code, error_of(answer)["param"]) == (400, "cursor")


def test_recordings_are_narrowed_by_who_speaks(library: Library) -> None:
    user, other = library.user(), library.user()
    library.recording(user, TALK, name="with Linus")
    library.recording(user, TALK[:2], name="without")
    library.recording(other, TALK, name="another's")
    assert listed(library, end_user_id=user, speaker="Linus") == ["with Linus"]
    assert listed(library, end_user_id=user, speaker="Ada", sort="name") == ["with Linus", "without"]
    assert listed(library, end_user_id=user, speaker="linus") == []


def test_a_first_name_finds_those_who_have_it(library: Library) -> None:
    user = library.user()
    said = "We pay for the new roof of the house in May."
    talks = {}
    for name in ("Bo Lindqvist", "Bo", "Bobby Jones", "Ana Bo"):
        segments = [{"start": 0.0, "end": 4.0, "speaker": name, "text": said}]
        talks[name] = library.recording(user, segments, name=name)
    assert sorted(listed(library, end_user_id=user, speaker="Bo")) == ["Bo", "Bo Lindqvist"]
    assert listed(library, end_user_id=user, speaker="Bo", sort="name") == ["Bo", "Bo Lindqvist"]
    assert listed(library, end_user_id=user, speaker="Bo Lindqvist") == ["Bo Lindqvist"]
    assert listed(library, end_user_id=user, speaker="Lindqvist") == []
    for asked in ("bo", "Bo"):
        found = {row["recording_id"] for row in search(library, user, "new roof", limit=50, speaker=asked)}
        assert found == {talks["Bo"], talks["Bo Lindqvist"]}


def test_the_time_at_the_place_of_a_recording_is_shown_on_request(library: Library) -> None:
    user = library.user()

    def local(first_date: str | None, **changes: Any) -> Any:
        made = library.recording(user, None, recorded_at=first_date)
        if changes:
            assert library.client.patch(f"/v1/recordings/{made}", json=changes).status_code == 200
        shown = library.client.get(f"/v1/recordings/{made}", params={"include": "local_time"}).json()
        plain = library.client.get(f"/v1/recordings/{made}").json()
        assert shown == {**plain, "recorded_at_local": shown["recorded_at_local"]}
        (first, *_) = library.client.get("/v1/recordings", params={"include": "local_time"}).json()["data"]
        assert first == shown
        return shown["recorded_at_local"]

    assert local("2026-05-20T23:30:00-07:00") == "2026-05-20T23:30:00-07:00"
    assert local("2026-05-20T23:30:00+05:45") == "2026-05-20T23:30:00+05:45"
    assert local("2026-05-20T23:30:00Z") == "2026-05-20T23:30:00Z"
    assert local(None) is None
    assert local(None, recorded_at="2026-01-01T00:10:00+02:00") == "2026-01-01T00:10:00+02:00"
