"""Asking about what one person says: a scope's `speaker`, which holds for every turn of the session."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.conftest import Library, error_of
from tests.http.test_answers import native

HOUSE = [
    ("Ada Lindqvist", "The plumber wants nine hundred euros for the boiler."),
    ("Bo", "I think the plumber wants twelve hundred euros for the boiler."),
    ("Ada Lindqvist", "And I will paint the fence on Saturday."),
    ("Bo", "I will sell the old car next week."),
]
CHARGE = "How much does the plumber want for the boiler?"


@pytest.fixture
def user(library: Library) -> str:
    return library.user(name="Cy")


@pytest.fixture
def recording(library: Library, user: str) -> str:
    return library.recording(user, native(HOUSE), name="House meeting")


def begin(library: Library, user: str, scope: dict[str, Any], question: str) -> dict[str, Any]:
    body = {"scope": scope, "end_user_id": user, "initial_message": {"content": question}}
    answer = library.client.post("/v1/ask/sessions", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def cited(library: Library, result: dict[str, Any]) -> set[str]:
    """Return whose segments an answer cites."""
    speakers = {5_000 * at: speaker for at, (speaker, _) in enumerate(HOUSE)}
    return {speakers[part["start_ms"]] for part in result["message"]["parts"] if part["type"] == "citation"}


SCOPES: list[dict[str, Any]] = [{"type": "library"}, {"type": "recording"}, {"type": "selected"}, {"type": "folder"}]


@pytest.mark.parametrize("speaker", ["Ada Lindqvist", "ada", "Bo"])
@pytest.mark.parametrize("scope", SCOPES, ids=lambda one: one["type"])
def test_only_what_the_named_person_says_is_quoted(
    library: Library, user: str, recording: str, scope: dict[str, Any], speaker: str
) -> None:
    if scope["type"] == "recording":
        scope = {**scope, "recording_id": recording}
    elif scope["type"] == "selected":
        scope = {**scope, "recording_ids": [recording, library.recording(user, native(HOUSE[:1]))]}
    elif scope["type"] == "folder":
        folder = library.client.post("/v1/folders", json={"name": "House", "end_user_id": user}).json()["id"]
        library.client.put(f"/v1/folders/{folder}/recordings/{recording}").raise_for_status()
        scope = {**scope, "folder_id": folder}
    result = begin(library, user, {**scope, "speaker": speaker}, CHARGE)
    assert result["message"]["answered"] == "yes"
    assert cited(library, result) == {"Bo" if speaker == "Bo" else "Ada Lindqvist"}
    assert ("twelve hundred" in result["message"]["content"]) is (speaker == "Bo")


def test_without_a_speaker_the_best_answer_is_quoted_whoever_gives_it(
    library: Library, user: str, recording: str
) -> None:
    assert "Bo" in cited(library, begin(library, user, {"type": "library"}, CHARGE))


def test_later_turns_and_a_regenerated_answer_are_about_the_same_person(
    library: Library, user: str, recording: str
) -> None:
    session = begin(library, user, {"type": "library", "speaker": "Bo"}, "Who sells the old car?")["session_id"]
    path = f"/v1/ask/sessions/{session}/messages"
    again = library.client.post(path, json={"content": CHARGE}).json()
    assert cited(library, again) == {"Bo"}
    asked = library.client.get(path, params={"order": "desc"}).json()["data"][1]["id"]
    assert cited(library, library.client.post(f"{path}/{asked}/regenerate", json={}).json()) == {"Bo"}


def test_what_only_others_say_is_not_answered(library: Library, user: str, recording: str) -> None:
    result = begin(library, user, {"type": "library", "speaker": "Ada"}, "When will the old car be sold?")
    assert "car" not in result["message"]["content"]
    assert cited(library, result) <= {"Ada Lindqvist"}


@pytest.mark.parametrize("question", ["What did we decide?", "What did Bo promise?", "Summarise it.", CHARGE])
@pytest.mark.parametrize("is_one", [True, False])
def test_somebody_who_never_speaks_says_nothing(
    library: Library, user: str, recording: str, question: str, is_one: bool
) -> None:
    scope = {"type": "recording", "recording_id": recording} if is_one else {"type": "library"}
    result = begin(library, user, {**scope, "speaker": "Zoe"}, question)
    assert (result["message"]["answered"], cited(library, result), result["sources"]) == ("no", set(), [])


def test_promises_are_those_of_the_named_person(library: Library, user: str, recording: str) -> None:
    scope = {"type": "recording", "recording_id": recording, "speaker": "Ada"}
    result = begin(library, user, scope, "What was promised?")
    assert "fence" in result["message"]["content"]
    assert "car" not in result["message"]["content"]


def test_the_scope_shows_its_speaker_wherever_the_session_is_shown(library: Library, user: str) -> None:
    scope = {"type": "library", "recording_ids": [], "recording_title": None, "speaker": "Ada"}
    made = library.session(user, scope={"type": "library", "speaker": "Ada"})
    assert made["scope"] == scope
    assert library.client.get(f"/v1/ask/sessions/{made['id']}").json()["scope"] == scope
    plain = library.session(user)
    listed = library.client.get("/v1/ask/sessions", params={"end_user_id": user}).json()["data"]
    assert {one["id"]: one["scope"].get("speaker") for one in listed} == {made["id"]: "Ada", plain["id"]: None}
    assert "speaker" not in plain["scope"]


def test_an_export_has_the_speaker_and_its_import_too(library: Library, user: str, recording: str) -> None:
    session = begin(library, user, {"type": "library", "speaker": "Bo"}, CHARGE)["session_id"]
    document = library.client.get(f"/v1/ask/sessions/{session}/export", params={"format": "json"}).json()
    assert document["scope"]["speaker"] == "Bo"
    shown = library.client.get(f"/v1/ask/sessions/{session}/export", params={"format": "markdown"}).text
    assert "- Scope: what Bo says in the whole library" in shown
    other = library.user()
    made = library.client.post("/v1/ask/sessions/import", json={**document, "end_user_id": other}).json()
    assert made["scope"]["speaker"] == "Bo"


def test_suggestions_are_answered_by_the_named_person(library: Library, user: str, recording: str) -> None:
    made = library.session(user, scope={"type": "library", "speaker": "Bo"})
    suggested = library.client.get(f"/v1/ask/sessions/{made['id']}/suggestions").json()["suggestions"]
    assert not [one for one in suggested if "fence" in one]
    for one in suggested:
        assert cited(library, begin(library, user, {"type": "library", "speaker": "Bo"}, one)) == {"Bo"}


@pytest.mark.parametrize("speaker", ["", "x" * 129, 7, ["Ada"]])
def test_a_speaker_that_no_transcript_could_have_is_refused(library: Library, user: str, speaker: Any) -> None:
    body = {"scope": {"type": "library", "speaker": speaker}, "end_user_id": user}
    answer = library.client.post("/v1/ask/sessions", json=body)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == "scope.speaker"
