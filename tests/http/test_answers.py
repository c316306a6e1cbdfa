"""The built-in model's answers over HTTP: quoted exchanges, key words, and `answered`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.conftest import Library
from tests.http.test_ask import check_answer
from tests.http.test_streaming import stream

Turns = list[tuple[str, str]]
BOILER: Turns = [
    ("Ada", "Let's begin with the boiler, then the roof."),
    ("Bo", "How much did the plumber want for the boiler?"),
    ("Ada", "He asked for nine hundred euros, parts included."),
    ("Bo", "Shall we take him then?"),
    ("Cy", "Yes, let's do that. I'll ring him by Friday."),
    ("Bo", "And who pays for the roof?"),
    ("Ada", "I don't know yet, let's leave that for next time."),
]
CHARGE = "What does the plumber charge for the boiler?"


def native(turns: Turns) -> list[dict[str, Any]]:
    return [
        {"start": 5.0 * at, "end": 5.0 * at + 4, "speaker": speaker, "text": text}
        for at, (speaker, text) in enumerate(turns)
    ]


def ask(library: Library, user: str, question: str) -> dict[str, Any]:
    session = library.session(user)["id"]
    answer = library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": question})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def key_of(result: dict[str, Any]) -> list[str]:
    return [part["text"] for part in result["message"]["parts"] if part.get("is_key")]


def test_an_answer_quotes_the_reply_after_its_question_and_marks_it_as_key(library: Library) -> None:
    user = library.user()
    recording = library.recording(user, native(BOILER), name="House meeting")
    result = ask(library, user, CHARGE)
    assert key_of(result) == ["He asked for nine hundred euros, parts included."]
    words = check_answer(library, result, {recording})
    asked, replied = (words.index(turn) for turn in (BOILER[1][1], BOILER[2][1]))
    assert asked < replied
    assert result["message"]["answered"] == "yes"
    assert "is_key" not in result["message"]["parts"][0]
    assert "dropped_citations" not in result["message"]


def test_the_stream_marks_the_key_words(library: Library) -> None:
    user = library.user()
    library.recording(user, native(BOILER))
    session = library.session(user)["id"]
    events = stream(library.client, "POST", f"/v1/ask/sessions/{session}/messages", json={"content": CHARGE})
    marked = [event.data for event in events if event.name == "text.delta" and event.data.get("is_key")]
    assert [one["text"] for one in marked] == ["He asked for nine hundred euros, parts included."]
    (ended,) = [event.data for event in events if event.name == "turn.completed"]
    assert ended["message"]["parts"][marked[0]["part"]] == {
        "type": "text", "text": marked[0]["text"], "is_key": True,
    }  # fmt: skip


def test_a_topic_that_never_came_up_is_not_answered(library: Library) -> None:
    user = library.user()
    library.recording(user, native(BOILER))
    result = ask(library, user, "Which violin teacher has the best pupils?")
    assert result["message"]["answered"] == "no"
    assert [part["type"] for part in result["message"]["parts"]] == ["text"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What was decided?", "Yes, let's do that. I'll ring him by Friday."),
        ("What did Cy promise?", "Yes, let's do that. I'll ring him by Friday."),
        ("What is still open?", "And who pays for the roof?"),
        ("What are the open points from the house meeting?", "And who pays for the roof?"),
    ],
)
def test_decisions_promises_and_open_points_come_from_whole_transcripts(
    library: Library, question: str, words: str
) -> None:
    user = library.user()
    recording = library.recording(user, native(BOILER), name="House meeting")
    library.recording(user, native([("Dee", "The tram was late again and full of dogs.")] * 8), name="Memo")
    result = ask(library, user, question)
    assert result["message"]["answered"] == "yes"
    assert any(words in one or one in words for one in check_answer(library, result, {recording}))


def test_i_in_a_question_means_the_end_user(library: Library) -> None:
    user = library.user(name="Cy Brown")
    library.recording(user, native(BOILER))
    assert "ring him by Friday" in ask(library, user, "What did I promise?")["message"]["content"]


def test_the_latest_state_is_marked_if_the_question_asks_for_it(library: Library) -> None:
    user = library.user()
    for day, date in ((1, "ninth"), (20, "twentieth")):
        library.recording(
            user,
            native([("Ada", f"The launch of the lantern is on the {date} of June.")]),
            name=f"Weekly {day}",
            recorded_at=f"2026-05-{day:02}T10:00:00Z",
        )
    result = ask(library, user, "When is the launch of the lantern now?")
    assert any("twentieth" in words for words in key_of(result))
    assert "Weekly 20 (2026-05-20), latest" in result["message"]["content"]


def test_old_answers_and_exports_say_whether_they_answered(library: Library) -> None:
    user = library.user()
    library.recording(user, native(BOILER))
    result = ask(library, user, CHARGE)
    path = f"/v1/ask/sessions/{result['session_id']}"
    listed = library.client.get(f"{path}/messages").json()["data"]
    assert "answered" not in listed[0]
    assert listed[1] == result["message"]
    document = library.client.get(f"{path}/export", params={"format": "json"}).json()
    again = library.client.post("/v1/ask/sessions/import", json={**document, "end_user_id": library.user()})
    assert again.status_code == 201
    taken = library.client.get(f"/v1/ask/sessions/{again.json()['id']}/messages").json()["data"][1]
    assert taken["answered"] == "yes"
    assert [part.get("is_key") for part in taken["parts"] if part["type"] == "text"].count(True) == 1


@pytest.mark.parametrize(
    ("turns", "language", "question", "words"),
    [
        ([("Tobias", "Und was kostet das Gesenk?"), ("Moll", "Das Gesenk sind sechstausendachthundert Euro.")], "de",
         "Wie viel kostet das Gesenk?", "sechstausendachthundert"),
        ([("Luc", "Quand part le train pour Lyon ?"), ("Zoé", "Le train part mardi à huit heures.")], "fr",
         "Quand part le train ?", "mardi à huit heures"),
        ([("Ana", "¿Quién trae la llave del almacén?"), ("Leo", "La llave la trae Marta el viernes.")], "es",
         "¿Quién trae la llave?", "Marta"),
    ],
)  # fmt: skip
def test_german_french_and_spanish_are_answered_in_their_own_words(
    library: Library, turns: Turns, language: str, question: str, words: str
) -> None:
    user = library.user()
    recording = library.recording(user, name="Gespräch")
    body = {"language": language, "segments": native(turns)}
    assert library.client.put(f"/v1/recordings/{recording}/transcript", json=body).status_code == 201
    result = ask(library, user, question)
    assert any(words in one for one in key_of(result)), result["message"]["content"]
    check_answer(library, result, {recording})


def test_starters_are_answerable_and_an_empty_library_has_none(library: Library) -> None:
    user = library.user()
    path = "/v1/ask/suggestions"
    assert library.client.get(path, params={"end_user_id": user}).json() == {"suggestions": []}
    library.recording(user, native(BOILER), name="House meeting")
    found = library.client.get(path, params={"end_user_id": user}).json()["suggestions"]
    assert 1 <= len(found) <= 3
    for question in found:
        assert ask(library, user, question)["message"]["answered"] == "yes", question
    assert library.client.get(path).status_code == 400
    assert library.client.get(path, params={"end_user_id": "eu_nobody"}).status_code == 404
