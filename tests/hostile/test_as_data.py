"""Hostile text in transcripts, names, titles and questions is returned as data, or not at all.

`segments.py` is the corpus. A real CommonMark parser renders the Markdown.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from markdown_it import MarkdownIt

from earmark.llm.prompt import build_prompt
from earmark.llm.types import AnswerRequest, Passage
from earmark.markdown import escape_markdown
from earmark.text import printable
from earmark.transcripts.types import Segment
from earmark.transcripts.writing import render_webvtt
from tests.hostile.segments import ADDRESSES, CITATIONS, MARKUP, SEGMENTS, UNICODE
from tests.http.conftest import Library
from tests.server import Place, new_project, running

MODELS_NAMES = {"earmark", "extractive-2"}


@dataclass
class Hostile:
    """An end user whose recordings contain the corpus, and what the server stored of it."""

    client: httpx.Client
    user: str
    stored: dict[str, dict[int, str]]  # recording → start_ms → what is said there
    names: set[str]  # of speakers and recordings, as stored
    place: Place
    project: str


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    place = Place(tmp_path_factory.mktemp("hostile") / "earmark")
    with running(place) as server:
        project = new_project(place)
        with server.client(project.live) as client:
            library = Library(client)
            user, stored, names = library.user(external_id="mara"), {}, set()
            for start in range(0, len(SEGMENTS), 10):
                part = SEGMENTS[start : start + 10]
                talk = [
                    {"start": 5 * number, "end": 5 * number + 4, "speaker": words[:60] or "x", "text": words}
                    for number, words in enumerate(part)
                ]
                recording = library.recording(user, talk, name=part[0][:200])
                shown = client.get(f"/v1/recordings/{recording}").json()
                kept = client.get(f"/v1/transcriptions/{shown['transcription_id']}").json()["segments"]
                names |= {shown["name"], *(one["speaker"] for one in kept)}
                stored[recording] = {round(one["start"] * 1000): one["text"] for one in kept}
            yield Hostile(client, user, stored, names, place, project.id)


def test_the_corpus_is_large_enough() -> None:
    assert len(set(SEGMENTS)) == len(SEGMENTS) >= 40


def without_controls(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]", "", text)


def test_transcripts_preserve_every_word_and_no_control_character(hostile: Hostile) -> None:
    kept = [text for segments in hostile.stored.values() for text in segments.values()]
    assert [one.strip() for one in kept] == [without_controls(one).strip() for one in SEGMENTS]


def test_search_returns_segments_word_for_word(hostile: Hostile) -> None:
    said = {text for segments in hostile.stored.values() for text in segments.values()}
    for words in ("turbine", "system prompt", "ignore all previous instructions", "evil example", "script alert"):
        body = {"query": words, "end_user_id": hostile.user, "limit": 50}
        for hit in hostile.client.post("/v1/recordings/search", json=body).json()["results"]:
            segments = hostile.stored[hit["recording_id"]]
            inside = [text for start, text in segments.items() if hit["start_ms"] <= start < hit["end_ms"]]
            assert hit["chunk_text"] == "\n".join(inside)
            assert set(inside) <= said


def ask(hostile: Hostile, question: str) -> dict[str, Any]:
    body = {"scope": {"type": "library"}, "end_user_id": hostile.user, "initial_message": {"content": question}}
    answer = hostile.client.post("/v1/ask/sessions", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def check_quotes(hostile: Hostile, message: dict[str, Any]) -> int:
    """Check that each citation's text is said at its position; return the number of citations."""
    parts = message["parts"]
    assert {part["type"] for part in parts} <= {"text", "citation"}
    assert message["content"] == "".join(part["text"] for part in parts if part["type"] == "text")
    citations = 0
    for before, part in zip(parts, parts[1:]):
        if part["type"] == "citation":
            assert before["type"] == "text"
            assert before["text"] in hostile.stored[part["recording_id"]][part["start_ms"]]
            citations += 1
    assert citations == sum(part["type"] == "citation" for part in parts)
    return citations


QUESTIONS = ["What happened to the turbine?", *SEGMENTS]


@pytest.mark.slow
def test_answers_quote_hostile_words_with_their_citation_or_not_at_all(hostile: Hostile) -> None:
    citations = 0
    for question in QUESTIONS:
        message = ask(hostile, question)["message"]
        assert {message["provider"], message["model"]} == MODELS_NAMES
        citations += check_quotes(hostile, message)
        uncited = [
            part["text"]
            for part, after in zip(message["parts"], [*message["parts"][1:], {"type": "end"}])
            if part["type"] == "text" and after["type"] != "citation"
        ]
        if message["answered"] == "partly":  # begins with the sentence that only a related passage was found
            assert uncited.pop(0).startswith(
                ("Closest moment, but it doesn’t say ", "Closest moment, but it may not say ")
            )
        for text in uncited:  # names, quote marks, line breaks, the sentence that there is no answer
            label = text.strip("\n").removesuffix(": “").removesuffix(", latest")
            is_refusal = message["answered"] == "no" and uncited == [text]
            assert is_refusal or label in hostile.names | {"”", "", "…"}, text
    assert citations >= 40


# ---- rendered Markdown -----------------------------------------------------------------------------

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
BARE_ADDRESS = re.compile(r"(?i)(?<![\w\\])(?:(?:https?|ftp)://|mailto:|xmpp:|www\.)\w")
"""What GitHub turns into links by itself, in the source."""


def rendered_tags(markdown: str) -> set[str]:
    return set(re.findall(r"</?([a-z0-9]+)|<!--", RENDERER.render(markdown)))


def shown_text(markdown: str) -> str:
    """Return the rendered text on one line."""
    html = re.sub(r"<[^>]*>", "", RENDERER.render(markdown))
    for name, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(name, character)
    return " ".join(html.split())


@pytest.mark.parametrize("words", SEGMENTS, ids=lambda words: ascii(words)[:50])
def test_escaped_words_render_as_the_same_words_and_nothing_more(words: str) -> None:
    markdown = escape_markdown(words)
    assert rendered_tags(markdown) <= {"p"}, RENDERER.render(markdown)
    assert shown_text(markdown) == " ".join(printable(re.sub("\r\n?", "\n", words)).split())
    assert markdown == printable(markdown)
    assert not BARE_ADDRESS.search(markdown)


def test_escaping_leaves_ordinary_words_alone() -> None:
    plain = "Well - that's 50% of it, isn't it? (We said so on 3.6., at 12:04; Ada & Grace agreed!) #1"
    assert escape_markdown(plain) == plain


@pytest.mark.slow
def test_an_exported_session_renders_no_link_image_or_html(hostile: Hostile) -> None:
    for words in [*MARKUP, *ADDRESSES, *CITATIONS, *UNICODE]:
        session = ask(hostile, words)["session_id"]
        hostile.client.patch(f"/v1/ask/sessions/{session}", json={"title": words[:200]})
        markdown = hostile.client.get(f"/v1/ask/sessions/{session}/export").text
        assert rendered_tags(markdown) <= {"h1", "h2", "p", "ul", "li"}, markdown
        assert markdown.count("\n# ") == 0
        headings = [line for line in markdown.splitlines() if line.startswith("## ")]
        assert len(headings) == 2
        assert all(re.match(r"## (Question|Answer \()", line) for line in headings)
        assert not BARE_ADDRESS.search(markdown)
    document = hostile.client.get(f"/v1/ask/sessions/{session}/export", params={"format": "json"}).json()
    check_quotes(hostile, {**document["messages"][1], "content": _content(document["messages"][1])})


def _content(message: dict[str, Any]) -> str:
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


# ---- models and terminals --------------------------------------------------------------------------


def test_a_model_gets_each_hostile_segment_as_one_quoted_line() -> None:
    passages = tuple(_passage(number, words) for number, words in enumerate(SEGMENTS, 1))
    message = build_prompt(_request(passages), 1_000_000, 1_000).message
    lines = message.splitlines()
    numbered = [line for line in lines if re.match(r"\[\d+\] ", line)]
    assert [int(line[1 : line.index("]")]) for line in numbered] == list(range(1, len(SEGMENTS) + 1))
    assert len(lines) == len(SEGMENTS) + len(["Evidence:", "Recording:", "", "Question:"])


def _passage(number: int, words: str) -> Passage:
    return Passage(number, "rec_1", SEGMENTS[0], None, number * 1_000, number * 1_000 + 500, words, words)


def _request(passages: tuple[Passage, ...]) -> AnswerRequest:
    question = "What about the turbine?"
    return AnswerRequest(question, question, None, (), (), passages, is_whole_transcript=True)


CONTROLS = "".join(map(chr, [*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


def test_no_export_for_people_has_a_control_or_reordering_character_and_json_has_all(
    hostile: Hostile, tmp_path: Path
) -> None:
    title = f"turbine {CONTROLS[1:]} title"
    user = Library(hostile.client).user(external_id="controls")
    recording = Library(hostile.client).recording(
        user, [{"start": 0, "end": 4, "speaker": "Ada\u202e", "text": "The turbine \u202egnp.exe\u2069 is safe."}]
    )
    body = {"scope": {"type": "library"}, "end_user_id": user, "initial_message": {"content": title}}
    session = hostile.client.post("/v1/ask/sessions", json=body).json()["session_id"]
    hostile.client.patch(f"/v1/ask/sessions/{session}", json={"title": title})
    file = tmp_path / "controls.zip"
    hostile.place.cli("export", "--project", hostile.project, "--end-user", "controls", str(file))
    with zipfile.ZipFile(file) as archive:
        shown = [archive.read(f"chats/{session}.md").decode(), archive.read(f"transcripts/{recording}.vtt").decode()]
        exact = json.loads(archive.read(f"chats/{session}.json"))
    shown.append(hostile.client.get(f"/v1/ask/sessions/{session}/export").text)
    assert all("turbine" in one and one == printable(one) for one in shown)
    assert exact["title"] == title


def test_webvtt_has_no_control_or_reordering_character() -> None:
    shown = render_webvtt([Segment(0, 1_000, f"a{CONTROLS}b", CONTROLS)])
    assert shown == printable(shown)


def test_what_a_command_prints_has_no_control_character_and_its_json_is_exact(hostile: Hostile, tmp_path: Path) -> None:
    asked = ("--project", hostile.project, "--end-user", "mara", "--json")
    printed = hostile.place.cli("search", UNICODE[0], *asked).stdout
    body = {"query": UNICODE[0], "end_user_id": hostile.user, "limit": 8}
    assert printed == printable(printed)
    answer = hostile.client.post("/v1/recordings/search", json=body).json()
    found, said = ([hit["chunk_text"] for hit in one["results"]] for one in (json.loads(printed), answer))
    assert found == said
    assert any("\u202e" in words for words in found)
    path = tmp_path / "file\x1b[2J\u202e.zip"
    path.touch()
    refused = hostile.place.cli("backup", str(path), check=False)
    assert refused.stderr == printable(refused.stderr) != ""


def test_names_and_words_can_not_control_a_terminal(hostile: Hostile) -> None:
    for command in ("search", "ask"):
        arguments = ("--project", hostile.project, "--end-user", "mara")
        shown = hostile.place.cli(command, "turbine terminal", *arguments).stdout
        assert shown == printable(shown)
    assert printable("a\x1b[2J\u202eb\x9bc\td\ne") == "a\ufffd[2J\ufffdb\ufffdc\td\ne"
