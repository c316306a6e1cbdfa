"""Asking over HTTP: create, send, read, regenerate, export, import."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of

QUESTION = "When do we move the launch of the lantern to?"


def check_answer(library: Library, result: dict[str, Any], recordings: set[str]) -> list[str]:
    """Check every citation of an ask result against the transcripts; return the cited words."""
    message = result["message"]
    assert message["content"] == "".join(part["text"] for part in message["parts"] if part["type"] == "text")
    quoted = []
    for before, part in zip(message["parts"], message["parts"][1:], strict=False):
        if part["type"] == "citation":
            assert part["recording_id"] in recordings
            recording = library.client.get(f"/v1/recordings/{part['recording_id']}").json()
            shown = library.client.get(f"/v1/transcriptions/{recording['transcription_id']}").json()
            at = [one["text"] for one in shown["segments"] if round(one["start"] * 1000) == part["start_ms"]]
            assert at, "a citation must be where a segment starts"
            assert any(before["text"] in text for text in at), "the words before a citation must be the segment's"
            quoted.append(before["text"])
    return quoted


def test_a_first_question_creates_a_session_with_a_cited_answer(library: Library) -> None:
    user = library.user()
    recording = library.recording(user, TALK, name="Kick-off")
    body = {"scope": {"type": "library"}, "end_user_id": user, "initial_message": {"content": f"  {QUESTION} "}}
    answer = library.client.post("/v1/ask/sessions", json=body)
    assert answer.status_code == 200
    result = answer.json()
    assert list(result) == ["session_id", "message", "sources"]
    assert any("ninth of June" in words for words in check_answer(library, result, {recording}))
    assert result["message"]["provider"] == "earmark"
    assert result["message"]["model"] == "extractive-2"
    assert result["message"]["finish_reason"] == "stop"
    assert result["message"]["tokens"] == {"input": 0, "output": 0, "cached": 0}
    assert [source["recording_id"] for source in result["sources"]] == [recording] * len(result["sources"])
    scores = [source["score"] for source in result["sources"]]
    assert scores == sorted(scores, reverse=True)
    session = library.client.get(f"/v1/ask/sessions/{result['session_id']}").json()
    assert session["title"] == QUESTION
    assert session["message_count"] == 2
    assert (session["last_model"], session["last_provider"]) == ("extractive-2", "earmark")
    assert session["active_turn"] is None


def test_a_recording_scope_answers_from_the_whole_transcript_and_shows_no_sources(library: Library) -> None:
    recording = library.recording(library.user(), TALK)
    body = {"scope": {"type": "recording", "recording_id": recording}, "initial_message": {"content": QUESTION}}
    result = library.client.post("/v1/ask/sessions", json=body).json()
    assert result["sources"] == []
    assert check_answer(library, result, {recording})


def test_messages_are_listed_oldest_first_with_their_parts_and_on_request_sources(library: Library) -> None:
    user = library.user()
    library.recording(user, TALK)
    session = library.session(user)["id"]
    path = f"/v1/ask/sessions/{session}/messages"
    for content in (QUESTION, "What does the battery cost?"):
        assert library.client.post(path, json={"content": content}).status_code == 200
    page = library.client.get(path).json()
    assert [row["role"] for row in page["data"]] == ["user", "assistant", "user", "assistant"]
    question = page["data"][0]
    assert question["content"] == QUESTION
    assert question["parts"] == [{"type": "text", "text": QUESTION}]
    assert question["tokens"] == {"input": None, "output": None, "cached": None}
    assert (question["model"], question["provider"], question["finish_reason"]) == (None, None, None)
    backwards = library.client.get(path, params={"order": "desc", "include": "sources"}).json()["data"]
    assert [row["id"] for row in backwards] == [row["id"] for row in page["data"]][::-1]
    assert backwards[0]["sources"]
    assert "sources" not in backwards[1]
    one = library.client.get(f"{path}/{question['id']}")
    assert one.json() == question
    walked, cursor = [], None
    while True:
        params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        step = library.client.get(path, params=params).json()
        walked += [row["id"] for row in step["data"]]
        cursor = step["next_cursor"]
        if cursor is None:
            break
    assert walked == [row["id"] for row in page["data"]]


def test_a_question_is_stored_exactly_as_it_was_sent(library: Library) -> None:
    session = library.session(library.user())["id"]
    content = "  \tWhat?\r\n\n — “quotes” 👩‍🚀 \u200b "
    library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": content})
    assert library.client.get(f"/v1/ask/sessions/{session}/messages").json()["data"][0]["content"] == content
    assert library.client.get(f"/v1/ask/sessions/{session}").json()["title"] == "What?\r\n\n — “quotes” 👩‍🚀 \u200b"


def test_a_default_title_is_cut_at_200_units_and_never_inside_a_character(library: Library) -> None:
    session = library.session(library.user())["id"]
    library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": "x" * 199 + "👩‍🚀 and more"})
    assert library.client.get(f"/v1/ask/sessions/{session}").json()["title"] == "x" * 199


def test_a_given_title_is_not_replaced_by_the_first_question(library: Library) -> None:
    user = library.user()
    named = library.session(user, title="Mine")["id"]
    renamed = library.session(user)["id"]
    library.client.patch(f"/v1/ask/sessions/{renamed}", json={"title": " New chat "})
    for session, title in ((named, "Mine"), (renamed, "New chat")):
        library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": QUESTION})
        assert library.client.get(f"/v1/ask/sessions/{session}").json()["title"] == title


def test_a_library_without_transcripts_answers_that_nothing_was_found(library: Library) -> None:
    session = library.session(library.user())["id"]
    result = library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": QUESTION}).json()
    assert result["sources"] == []
    assert [part["type"] for part in result["message"]["parts"]] == ["text"]


def test_a_recording_without_a_transcript_is_409_and_nothing_is_stored(library: Library) -> None:
    user = library.user()
    recording = library.recording(user)
    scope = {"type": "recording", "recording_id": recording}
    session = library.client.post("/v1/ask/sessions", json={"scope": scope}).json()["id"]
    refused = library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": QUESTION})
    assert refused.status_code == 409
    assert error_of(refused)["code"] == "transcription_not_ready"
    opened = library.client.post("/v1/ask/sessions", json={"scope": scope, "initial_message": {"content": QUESTION}})
    assert opened.status_code == 409
    assert [row["message_count"] for row in library.client.get("/v1/ask/sessions").json()["data"]] == [0]


def test_a_deleted_recording_leaves_answers_but_no_new_turns(library: Library) -> None:
    user = library.user()
    kept, gone = library.recording(user, TALK), library.recording(user, TALK)
    alone = library.session(user, scope={"type": "recording", "recording_id": gone})["id"]
    both = library.session(user, scope={"type": "selected", "recording_ids": [gone, kept]})["id"]
    for session in (alone, both):
        library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": QUESTION})
    assert library.client.delete(f"/v1/recordings/{gone}").status_code == 204
    refused = library.client.post(f"/v1/ask/sessions/{alone}/messages", json={"content": "And now?"})
    assert (refused.status_code, error_of(refused)["code"]) == (409, "conflict")
    again = library.client.post(f"/v1/ask/sessions/{both}/messages", json={"content": QUESTION}).json()
    assert {source["recording_id"] for source in again["sources"]} == {kept}
    shown = library.client.get(f"/v1/ask/sessions/{both}/messages?include=sources").json()["data"]
    assert {source["recording_id"] for source in shown[1]["sources"]} <= {kept}
    assert shown[1]["content"]


def test_context_refs_narrow_one_turn(library: Library) -> None:
    user = library.user()
    first, second = library.recording(user, TALK), library.recording(user, TALK)
    session = library.session(user)["id"]
    refs = [{"type": "recording", "id": second}]
    body = {"content": QUESTION, "context_refs": refs}
    result = library.client.post(f"/v1/ask/sessions/{session}/messages", json=body).json()
    assert {source["recording_id"] for source in result["sources"]} == {second}
    theirs = library.recording(library.user(), TALK)
    body["context_refs"] = [{"type": "recording", "id": theirs}]
    assert library.client.post(f"/v1/ask/sessions/{session}/messages", json=body).status_code == 404
    assert first


def test_regenerate_replaces_the_last_answer_only(library: Library) -> None:
    user = library.user()
    library.recording(user, TALK)
    session = library.session(user)["id"]
    path = f"/v1/ask/sessions/{session}/messages"
    for content in (QUESTION, "What does the battery cost?"):
        library.client.post(path, json={"content": content})
    before = library.client.get(path).json()["data"]
    again = library.client.post(f"{path}/{before[2]['id']}/regenerate")
    assert again.status_code == 200
    after = library.client.get(path).json()["data"]
    assert [row["id"] for row in after[:3]] == [row["id"] for row in before[:3]]
    assert after[3]["id"] == again.json()["message"]["id"] != before[3]["id"]
    assert after[3]["content"] == before[3]["content"]
    assert library.client.get(f"/v1/ask/sessions/{session}").json()["message_count"] == 4
    earlier = library.client.post(f"{path}/{before[0]['id']}/regenerate")
    assert (earlier.status_code, error_of(earlier)["code"]) == (409, "conflict")
    assert library.client.post(f"{path}/{after[3]['id']}/regenerate").status_code == 404


def test_ten_sends_at_once_become_ten_turns_one_after_the_other(library: Library) -> None:
    user = library.user()
    library.recording(user, TALK)
    session = library.session(user)["id"]
    path = f"/v1/ask/sessions/{session}/messages"

    def send(number: int) -> int:
        return library.client.post(path, json={"content": f"Question {number} about the launch?"}).status_code

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(send, range(10))) == {200}
    rows = library.client.get(path, params={"limit": 100}).json()["data"]
    assert [row["role"] for row in rows] == ["user", "assistant"] * 10
    assert len({row["content"] for row in rows if row["role"] == "user"}) == 10
    assert library.client.get(f"/v1/ask/sessions/{session}").json()["message_count"] == 20


def test_an_exported_session_can_be_imported(library: Library) -> None:
    user = library.user()
    recording = library.recording(user, TALK, name="Kick-off")
    body = {"scope": {"type": "library"}, "end_user_id": user, "initial_message": {"content": QUESTION}}
    session = library.client.post("/v1/ask/sessions", json=body).json()["session_id"]
    markdown = library.client.get(f"/v1/ask/sessions/{session}/export")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "[Kick-off @ 00:04]" in markdown.text
    document = library.client.get(f"/v1/ask/sessions/{session}/export?format=json").json()
    made = library.client.post("/v1/ask/sessions/import", json={**document, "end_user_id": user})
    assert made.status_code == 201
    assert made.json()["id"] != session
    assert made.json()["message_count"] == 2
    again = library.client.post("/v1/ask/sessions/import", json={**document, "end_user_id": user})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    stranger = library.user()
    theirs = library.client.post("/v1/ask/sessions/import", json={**document, "end_user_id": stranger}).json()
    parts = library.client.get(f"/v1/ask/sessions/{theirs['id']}/messages").json()["data"][1]["parts"]
    assert {part["type"] for part in parts} == {"text"}
    assert recording not in str(theirs)


def test_an_imported_session_has_the_times_of_its_export(library: Library) -> None:
    user = library.user()
    at = ("2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z", "2026-01-02T03:06:00Z")
    question = {"role": "user", "parts": [{"type": "text", "text": "When?"}], "created_at": at[1]}
    answer = {"role": "assistant", "parts": [{"type": "text", "text": "On Friday."}], "created_at": at[2]}
    document = {
        "format": "earmark.ask-session/1", "title": "Carried over", "end_user_id": user, "created_at": at[0],
        "scope": {"type": "library", "recording_ids": []}, "messages": [question, answer],
    }  # fmt: skip
    newest = library.session(user)["id"]
    made = library.client.post("/v1/ask/sessions/import", json=document).json()
    assert (made["created_at"], made["last_message_at"]) == (at[0], at[2])
    listed = library.client.get("/v1/ask/sessions", params={"end_user_id": user}).json()["data"]
    assert [one["id"] for one in listed] == [newest, made["id"]]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"title": "x" * 201}, "title"),
        ({"scope": {"type": "recording", "recording_ids": [], "recording_title": "x" * 256}}, "scope.recording_title"),
        ({"scope": {"type": "selected", "recording_ids": ["r" * 69]}}, "scope.recording_ids.0"),
        ({"answer": {"model": "x" * 201}}, "messages.1.model"),
        ({"answer": {"provider": "x" * 201}}, "messages.1.provider"),
        ({"answer": {"parts": [{"type": "text", "text": "x" * 100_001}]}}, "messages.1.parts.0.text"),
        ({"answer": {"parts": [{"type": "text", "text": "x"}] * 401}}, "messages.1.parts"),
        ({"question": {"parts": [{"type": "text", "text": "x" * 10_001}]}}, "messages.0"),
        ({"messages": 10_001}, "messages"),
    ],
)
def test_every_string_and_list_of_an_import_has_a_limit(library: Library, change: dict[str, Any], param: str) -> None:
    at = {"created_at": "2026-05-20T10:23:45Z"}
    text = [{"type": "text", "text": "x"}]
    question = {"role": "user", "parts": text, **at, **change.pop("question", {})}
    answer = {"role": "assistant", "parts": text, **at, **change.pop("answer", {})}
    messages = [question] * change.pop("messages", 0) or [question, answer]
    document = {
        "format": "earmark.ask-session/1", "title": "t", "end_user_id": library.user(), **at,
        "scope": {"type": "library", "recording_ids": []}, "messages": messages, **change,
    }  # fmt: skip
    refused = library.client.post("/v1/ask/sessions/import", json=document)
    assert (refused.status_code, error_of(refused)["param"]) == (400, param)


def test_deleting_a_session_is_permanent_and_repeating_it_is_404(library: Library) -> None:
    session = library.session(library.user())["id"]
    assert library.client.delete(f"/v1/ask/sessions/{session}").status_code == 204
    for method, path in (("DELETE", ""), ("GET", ""), ("GET", "/messages"), ("GET", "/export")):
        assert library.client.request(method, f"/v1/ask/sessions/{session}{path}").status_code == 404
    assert library.client.patch(f"/v1/ask/sessions/{session}", json={"title": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "content"), ({"content": ""}, "content"), ({"content": " \n\ufeff "}, "content"),
        ({"content": "x" * 10_001}, "content"), ({"content": "👩" * 5_001}, "content"), ({"content": 5}, "content"),
        ({"content": "x", "provider": "gemini"}, "provider"), ({"content": "x", "provider": 1}, "provider"),
        ({"content": "x", "context_refs": {}}, "context_refs"),
        ({"content": "x", "context_refs": [{"type": "folder", "id": "rec_1"}]}, "context_refs.0.type"),
        ({"content": "x", "context_refs": [{"type": "recording", "id": "nope"}]}, "context_refs.0.id"),
        ({"content": "x", "context_refs": [{"type": "recording", "id": "rec_1"}] * 21}, "context_refs"),
    ],
)  # fmt: skip
def test_a_bad_question_is_400_and_stores_nothing(library: Library, body: dict[str, Any], param: str) -> None:
    session = library.session(library.user())["id"]
    answer = library.client.post(f"/v1/ask/sessions/{session}/messages", json=body)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param
    assert library.client.get(f"/v1/ask/sessions/{session}").json()["message_count"] == 0


@pytest.mark.parametrize(
    ("scope", "param"),
    [
        (None, "scope"), ("library", "scope"), ({}, "scope.type"), ({"type": "all"}, "scope.type"),
        ({"type": "folder"}, "scope.folder_id"), ({"type": "folder", "folder_id": "rec_1"}, "scope.folder_id"),
        ({"type": "recording"}, "scope.recording_id"), ({"type": "recording", "recording_id": "as_1"}, "scope.recording_id"),
        ({"type": "selected", "recording_ids": []}, "scope.recording_ids"),
        ({"type": "selected", "recording_ids": [f"rec_{n}" for n in range(501)]}, "scope.recording_ids"),
        ({"type": "selected", "recording_ids": ["rec_1", "rec_1"]}, "scope.recording_ids"),
        ({"type": "selected", "recording_ids": ["rec_1", 2]}, "scope.recording_ids.1"),
    ],
)  # fmt: skip
def test_a_bad_scope_is_400_and_named(library: Library, scope: Any, param: str) -> None:
    answer = library.client.post("/v1/ask/sessions", json={"scope": scope, "end_user_id": library.user()})
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


def test_recordings_of_another_end_user_are_404_in_a_scope(library: Library) -> None:
    ada, grace = library.user(), library.user()
    hers = library.recording(grace, TALK)
    body = {"scope": {"type": "selected", "recording_ids": [hers]}, "end_user_id": ada}
    assert library.client.post("/v1/ask/sessions", json=body).status_code == 404
    body = {"scope": {"type": "recording", "recording_id": "rec_unknown"}}
    assert library.client.post("/v1/ask/sessions", json=body).status_code == 404
    missing = library.client.post("/v1/ask/sessions", json={"scope": {"type": "library"}})
    assert (missing.status_code, error_of(missing)["param"]) == (400, "end_user_id")
    unknown = {"scope": {"type": "library"}, "end_user_id": "eu_unknown"}
    assert library.client.post("/v1/ask/sessions", json=unknown).status_code == 404


def test_the_answer_is_the_same_every_time(library: Library) -> None:
    user = library.user()
    library.recording(user, TALK)
    body = {"scope": {"type": "library"}, "end_user_id": user, "initial_message": {"content": QUESTION}}
    answers = [library.client.post("/v1/ask/sessions", json=body).json()["message"]["parts"] for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]


def test_an_unanswered_question_is_stored_and_sending_it_again_answers_it(
    client: httpx.Client, library: Library
) -> None:
    """A turn that is lost after its start leaves its question; tests/ask/test_turn.py tests the failure."""
    session = library.session(library.user())["id"]
    path = f"/v1/ask/sessions/{session}/messages"
    assert client.post(path, json={"content": QUESTION}).status_code == 200
    assert client.post(path, json={"content": QUESTION}).status_code == 200
    assert client.get(f"/v1/ask/sessions/{session}").json()["message_count"] == 4


def test_an_unknown_provider_is_named_where_it_stands(library: Library) -> None:
    message = {"content": QUESTION, "provider": "nobody"}
    user = library.user()
    body = {"scope": {"type": "library"}, "end_user_id": user, "initial_message": message}
    created = library.client.post("/v1/ask/sessions", json=body)
    assert (created.status_code, error_of(created)["param"]) == (400, "initial_message.provider")
    sent = library.client.post(f"/v1/ask/sessions/{library.session(user)['id']}/messages", json=message)
    assert (sent.status_code, error_of(sent)["param"]) == (400, "provider")


def test_an_end_user_named_beside_a_recording_must_be_its_owner(library: Library) -> None:
    ada, grace = library.user(), library.user()
    scope = {"type": "recording", "recording_id": library.recording(ada, TALK)}
    statuses = [
        library.client.post("/v1/ask/sessions", json={"scope": scope, "end_user_id": one}).status_code
        for one in (ada, grace, "eu_" + "x" * 24)
    ]
    assert statuses == [201, 404, 404]


def _import(library: Library, user: str, parts: list[dict[str, Any]], **answer: Any) -> httpx.Response:
    at = {"created_at": "2026-05-20T10:23:45Z"}
    document = {
        "format": "earmark.ask-session/1", "title": "Carried over", "end_user_id": user, **at,
        "scope": {"type": "library", "recording_ids": []},
        "messages": [{"role": "user", "parts": [{"type": "text", "text": QUESTION}], **at},
                     {"role": "assistant", "parts": parts, **at, **answer}],
    }  # fmt: skip
    return library.client.post("/v1/ask/sessions/import", json=document)


def _carried_over(library: Library, user: str, parts: list[dict[str, Any]], **answer: Any) -> list[dict[str, Any]]:
    made = _import(library, user, parts, **answer)
    assert made.status_code == 201, made.text
    rows = library.client.get(f"/v1/ask/sessions/{made.json()['id']}/messages").json()["data"]
    return [dict(part) for part in rows[1]["parts"]]


def test_imported_citations_must_follow_text_and_point_to_the_start_of_a_segment(library: Library) -> None:
    user = library.user()
    recording, silent = library.recording(user, TALK), library.recording(user)
    by = {"provider": "openai", "model": "some-model"}
    words = {"type": "text", "text": "They moved it."}
    good, early, wordless = (
        {"type": "citation", "recording_id": one, "start_ms": start_ms}
        for one, start_ms in ((recording, 4_500), (recording, 4_501), (silent, 0))
    )
    assert _carried_over(library, user, [good, words, early, wordless, good, good], **by) == [words, good, good]


def test_imported_citations_of_the_built_in_model_quote_their_segment(library: Library) -> None:
    user = library.user()
    recording = library.recording(user, TALK)
    by = {"provider": "earmark", "model": "extractive-2"}
    true, false = ({"type": "text", "text": text} for text in ("move the launch to the ninth of June", "the tenth"))
    cited = {"type": "citation", "recording_id": recording, "start_ms": 4_500}
    assert _carried_over(library, user, [true, cited, false, cited], **by) == [true, cited, false]


def test_an_import_with_an_impossible_time_is_400(library: Library) -> None:
    words = [{"type": "text", "text": "They moved it."}]
    answer = _import(library, library.user(), words, created_at="9999-12-31T23:59:60Z")
    assert (answer.status_code, error_of(answer)["param"]) == (400, "messages.1.created_at")


def test_of_several_recordings_the_first_missing_one_is_named(library: Library) -> None:
    user, other = library.user(), library.user()
    mine, theirs = library.recording(user, TALK), library.recording(other, TALK)
    for missing in (theirs, "rec_unknown"):
        scope = {"type": "selected", "recording_ids": [mine, missing, "rec_unknown2"]}
        refused = library.client.post("/v1/ask/sessions", json={"end_user_id": user, "scope": scope})
        assert (refused.status_code, error_of(refused)["param"]) == (404, "scope.recording_ids")
        assert error_of(refused)["details"] == {"index": 1}
