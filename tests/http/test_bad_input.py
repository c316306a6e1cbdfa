"""Unusual questions and transcripts never cause an error."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.http.conftest import TALK, Library

QUESTIONS = {
    "question marks": "???",
    "emoji": "🙂🙃🏳️‍🌈👩‍👩‍👧",
    "a thousand spaces": " " * 1_000,
    "a stop word": "the",
    "one word a thousand times": "lamp " * 200,
    "one long word": "x" * 1_000,
    "a combining mark": "\u0301",
    "control characters": "\x01\x02\x7f",
    "right to left": "מתי יוצאת המנורה? متى نطلق الفانوس؟",
    "marks of direction": "\u202elaunch\u202c \u200f\u200e",
    "Chinese": "灯笼什么时候上市？",
    "Thai": "โคมไฟจะเปิดตัวเมื่อไร",
    "Korean": "랜턴은 언제 출시되나요?",
    "Hindi": "लालटेन कब लॉन्च होगी?",
    "Amharic": "ፋኖሱ መቼ ይወጣል?",
    "mathematics": "𝓛𝓪𝓾𝓷𝓬𝓱 𝟡 ½ ² ﬁ",
    "SQL and patterns": "'; DROP TABLE postings; -- % _ \\ * .* [a-z",
    "a date that isn't one": "on 31 February 2026-99-99",
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_strange_question_is_searched_and_answered(client: httpx.Client, library: Library, question: str) -> None:
    user = library.user()
    library.recording(user, TALK)
    search = client.post("/v1/recordings/search", json={"query": question, "end_user_id": user})
    assert search.status_code == 200, search.text
    scores = [one["score"] for one in search.json()["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(score >= 0 for score in scores)
    session = library.session(user)
    answer = client.post(f"/v1/ask/sessions/{session['id']}/messages", json={"content": question})
    # The contract refuses blank questions in Ask, but not in search.
    assert answer.status_code == (400 if not question.strip() else 200), answer.text


SCRIPTS = {
    "en": ("The lantern goes on sale on the ninth of June.", "When does the lantern go on sale?"),
    "de": ("Die Laterne kommt am neunten Juni in den Handel.", "Wann kommt die Laterne in den Handel?"),
    "fr": ("La lanterne sera vendue dès le neuf juin.", "Quand la lanterne sera-t-elle vendue ?"),
    "ru": ("Фонарь поступит в продажу девятого июня.", "Когда фонарь поступит в продажу?"),
    "he": ("הפנס יוצא למכירה בתשעה ביוני.", "מתי הפנס יוצא למכירה?"),
    "ar": ("سيُطرح الفانوس للبيع في التاسع من يونيو.", "متى سيطرح الفانوس للبيع؟"),
    "zh": ("灯笼六月九日开始销售。", "灯笼什么时候开始销售？"),
    "ja": ("ランタンは六月九日に発売されます。", "ランタンはいつ発売されますか？"),
    "th": ("โคมไฟจะวางขายวันที่เก้ามิถุนายน", "โคมไฟจะวางขายเมื่อไร"),
    "ko": ("랜턴은 유월 구일에 판매됩니다.", "랜턴은 언제 판매됩니까?"),
    "hi": ("लालटेन नौ जून को बिक्री पर आएगी।", "लालटेन बिक्री पर कब आएगी?"),
    "el": ("Το φανάρι βγαίνει στην αγορά στις εννέα Ιουνίου.", "Πότε βγαίνει το φανάρι στην αγορά;"),
}


def test_a_library_of_many_languages_finds_each_in_its_own(client: httpx.Client, library: Library) -> None:
    user = library.user()
    of_language = {}
    for language, (words, _) in SCRIPTS.items():
        recording = library.recording(user, name=f"Note {language}")
        body = {"language": language, "segments": [{"start": 0, "end": 5, "text": words, "speaker": "Ada"}]}
        assert client.put(f"/v1/recordings/{recording}/transcript", json=body).status_code == 201
        of_language[language] = recording
    for language, (words, question) in SCRIPTS.items():
        search = client.post("/v1/recordings/search", json={"query": question, "end_user_id": user}).json()
        assert search["results"][0]["recording_id"] == of_language[language], (language, search["results"][0])
        assert search["results"][0]["chunk_text"] == words


def imported(client: httpx.Client, library: Library, segments: list[dict[str, Any]]) -> str:
    user = library.user()
    recording = library.recording(user, segments)
    for query in ("lamp", "Where is the lamp in the end?"):
        search = client.post("/v1/recordings/search", json={"query": query, "end_user_id": user, "limit": 50})
        assert search.status_code == 200, search.text
        assert search.json()["results"]
        assert all(1 <= len(one["chunk_text"]) <= 32_768 for one in search.json()["results"])
    session = library.session(user, scope={"type": "recording", "recording_id": recording})
    answer = client.post(f"/v1/ask/sessions/{session['id']}/messages", json={"content": "Where is the lamp?"})
    assert answer.status_code == 200, answer.text
    return recording


def test_a_segment_of_200_000_words_is_indexed_found_and_quoted(client: httpx.Client, library: Library) -> None:
    words = "so the lamp went out and " * 33_333 + "in the end the lamp is in the shed."
    imported(client, library, [{"start": 0, "end": 80_000, "text": words}])


@pytest.mark.slow
def test_33_000_segments_of_one_word_are_indexed_found_and_quoted(client: httpx.Client, library: Library) -> None:
    """More than the parameters that one statement may have, 32,766 on SQLite and 32,767 on PostgreSQL."""
    words = ("lamp", "out", "and", "in", "again", "uh")
    imported(
        client, library, [{"start": n, "end": n + 1, "text": words[n % 6], "speaker": "Ada"} for n in range(33_000)]
    )


def test_identical_segments_are_found_and_quoted_once(client: httpx.Client, library: Library) -> None:
    same = {"start": 0, "end": 0, "speaker": "Ada", "text": "The lamp is in the shed behind the house."}
    recording = imported(client, library, [same] * 500)
    session = library.session(
        client.get(f"/v1/recordings/{recording}").json()["end_user_id"],
        scope={"type": "recording", "recording_id": recording},
    )
    answer = client.post(f"/v1/ask/sessions/{session['id']}/messages", json={"content": "Where is the lamp?"}).json()
    assert [one["type"] for one in answer["message"]["parts"]].count("citation") == 1
