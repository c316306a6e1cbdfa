"""Fills a template without a model: every word of it is quoted from the transcript.

A field gets what its name says: `decisions`, `next_steps`, `budget`. A name that says nothing known stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from earmark.answers.features import SentenceEmbedder
from earmark.answers.findings import Finding
from earmark.answers.notes import Notes, speaking_turns, take_notes
from earmark.answers.question_kinds import Kind, read_question
from earmark.answers.sentences import Sentence, sentences_of_passage
from earmark.llm.types import Passage
from earmark.retrieval.index.chunking import count_words
from earmark.summaries.built_in_templates import BUILT_IN, GENERAL_NOTES
from earmark.summaries.schemas import Field, fields_of, place
from earmark.summaries.types import Citation, Template, Written

MODEL: Final = "extractive-notes-1"
_MOST_FOUND: Final = 8
_I: Final = re.IGNORECASE


class Quoted(NamedTuple):
    """An item of the output, and the moments it is quoted from."""

    text: str
    citations: tuple[Citation, ...]


class _Material(NamedTuple):
    notes: Notes
    passages: Sequence[Passage]


Fill = Callable[[_Material], list[Quoted]]


def quote_summary(
    template: Template | None, prompt: str | None, passages: Sequence[Passage], embedder: SentenceEmbedder | None
) -> Written:
    """Return the output of a template or, for a prompt, of what it asks for, quoted from a whole transcript.

    A prompt that asks for decisions, action items or open questions gets these, any other gets general notes.
    """
    notes = take_notes(passages, embedder)
    fields = fields_of((template or BUILT_IN[GENERAL_NOTES]).schema)
    if template is None:
        fields = _asked_for(prompt or "", fields)
    output: dict[str, Any] = {}
    citations: dict[str, tuple[Citation, ...]] = {}
    for field in fields:
        _fill(output, citations, field, _material_for(field)(_Material(notes, passages)))
    is_general = template is not None and template.id == GENERAL_NOTES
    if is_general or (template is None and len(fields) > 1):
        _add_chapters(output, citations, notes)
    return Written(output, citations, None, MODEL)


def _asked_for(prompt: str, fields: Sequence[Field]) -> list[Field]:
    wanted = {Kind.DECIDED: "decisions", Kind.PROMISED: "action_items", Kind.OPEN: "open_questions"}
    name = wanted.get(read_question(prompt).kind)
    return [one for one in fields if name in (None, one.name)]


def _fill(
    output: dict[str, Any], citations: dict[str, tuple[Citation, ...]], field: Field, found: Sequence[Quoted]
) -> None:
    if field.is_list:
        place(output, field.path, [one.text for one in found])
        for number, one in enumerate(found):
            citations[f"{field.pointer}/{number}"] = one.citations
        return
    place(output, field.path, " ".join(one.text for one in found))
    cited = tuple(dict.fromkeys(citation for one in found for citation in one.citations))
    if cited:
        citations[field.pointer] = cited


def add_chapters(written: Written, passages: Sequence[Passage], embedder: SentenceEmbedder | None) -> Written:
    """Return an output with the chapters of its transcript, which no model has to find."""
    output, citations = dict(written.output), dict(written.citations)
    _add_chapters(output, citations, take_notes(passages, embedder))
    return Written(output, citations, written.provider, written.model, written.dropped_items, written.usage)


def _add_chapters(output: dict[str, Any], citations: Any, notes: Notes) -> None:
    output["chapters"] = [
        {"title": one.title, "start_ms": one.start_ms, "end_ms": one.end_ms} for one in notes.chapters
    ]
    for number, chapter in enumerate(notes.chapters):
        citations[f"/chapters/{number}"] = (_cite(chapter.sentence.passage, chapter.sentence.text),)


# ---- what a field is filled with --------------------------------------------------------------------


def quoted(sentences: Iterable[Sentence]) -> Quoted:
    """Return sentences as `Speaker: “words”`, turn by turn."""
    turns = [turn for run in _consecutive(sentences) for turn in speaking_turns(run)]
    text = " ".join(f"{one.speaker}: “{words}”" if one.speaker else f"“{words}”" for one, words in turns)
    return Quoted(text, tuple(_cite(one, words) for one, words in turns))


def _consecutive(sentences: Iterable[Sentence]) -> list[list[Sentence]]:
    """Group the sentences of a turn that follow each other: what stands between others is no quotation of theirs."""
    ordered = sorted(sentences, key=lambda one: (one.passage.ordinal, one.position))
    runs: list[list[Sentence]] = [ordered[:1]]
    for before, one in pairwise(ordered):
        between = one.passage.text[before.end : one.position] if one.passage is before.passage else ""
        if between.strip():
            runs.append([])
        runs[-1].append(one)
    return [run for run in runs if run]


def _cite(passage: Passage, words: str) -> Citation:
    return Citation(passage.recording_id, passage.start_ms, passage.end_ms, words)


def _each(found: Iterable[Finding]) -> list[Quoted]:
    return [quoted(one.sentences) for one in found]


def _saying(cue: re.Pattern[str]) -> Fill:
    """Return what fills a field with the statements that match a cue."""

    def fill(material: _Material) -> list[Quoted]:
        sentences = [one for passage in material.passages for one in sentences_of_passage(passage)]
        found = [one for one in sentences if not one.is_question and count_words(one.text) > 3]
        return [quoted([one]) for one in found if cue.search(one.text)][:_MOST_FOUND]

    return fill


def _participants(material: _Material) -> list[Quoted]:
    return [Quoted(one.passage.speaker or "", (_cite(one.passage, one.text),)) for one in material.notes.participants]


def _points(sentences: Callable[[Notes], Iterable[Sentence]]) -> Fill:
    return lambda material: [quoted([one]) for one in sentences(material.notes)]


def _nothing(material: _Material) -> list[Quoted]:
    return []


_DECISIONS: Final[Fill] = lambda material: _each(material.notes.decisions)  # noqa: E731
_TASKS: Final[Fill] = lambda material: _each(material.notes.action_items)  # noqa: E731
_QUESTIONS: Final[Fill] = lambda material: _each(material.notes.open_questions)  # noqa: E731
_POINTS: Final = _points(lambda notes: notes.key_points)
_PAINS: Final = re.compile(
    r"\b(?:problem|trouble|annoying|worr\w+|difficult|frustrat\w+|hard to|struggl\w+|slow|expensive|broken?|breaks?|"
    r"fails?|(?:kill|cost)s? us|complain\w*|too (?:much|many|long|little|heavy)|can't|cannot|doesn't work|"
    r"need to replace)\b",
    _I,
)
_MONEY: Final = re.compile(
    r"[€$£]\s?\d|\b(?:budget|euros?|dollars?|pounds?|quid|percent|discount|price|per (?:month|year|seat|unit)|"
    r"afford\w*|\d+ ?k)\b",
    _I,
)
_REPORTS: Final = re.compile(
    r"\b(?:i(?:'ve| have)? (?:feel|felt|had|been|got|can't|noticed|woke|couldn't)|hurts?|pain\w*|aches?|tired|dizzy|"
    r"since|sleep\w*|worse|better|swollen|cough\w*|itch\w*)\b",
    _I,
)
_MEASURED: Final = re.compile(
    r"\b(?:blood pressure|pulse|temperature|weight|degrees|over \d+|heart rate|x-ray|scan|blood test|range of motion|"
    r"looks? (?:swollen|red|clear|normal)|measured?|examin\w+|swelling|reflex\w*|lungs?)\b",
    _I,
)
_JUDGED: Final = re.compile(
    r"\b(?:it(?:'s| is) (?:probably|likely|a|an)\b|looks like|consistent with|diagnos\w+|suspect|"
    r"i think (?:it|this|you)|sprain\w*|infection|strain|inflam\w+|suggests?)\b",
    _I,
)
_ARGUED: Final = re.compile(
    r"\b(?:because|therefore|under the|clause|section|liab\w+|contract|breach|oblig\w+|entitled|court|statut\w+|"
    r"claim\w*|precedent|evidence|negligen\w+|argu\w+)\b",
    _I,
)
_BY_NAME: Final[dict[str, Fill]] = {
    **dict.fromkeys(("summary", "recap", "abstract"), _points(lambda notes: notes.summary)),
    **dict.fromkeys(("overview", "gist", "tldr", "headline"), _points(lambda notes: notes.overview)),
    **dict.fromkeys(
        ("key_points", "points", "highlights", "key_quotes", "quotes", "facts", "topics", "takeaways", "notes"), _POINTS
    ),
    **dict.fromkeys(("decisions", "decided", "conclusion", "conclusions", "outcomes", "agreements"), _DECISIONS),
    **dict.fromkeys(
        ("action_items", "actions", "next_steps", "tasks", "todos", "to_dos", "plan", "promises", "commitments"), _TASKS
    ),
    **dict.fromkeys(("open_questions", "questions", "issues", "open_points", "unresolved"), _QUESTIONS),
    **dict.fromkeys(("participants", "attendees", "speakers", "people"), _participants),
    **dict.fromkeys(("pain_points", "problems", "objections", "risks", "concerns", "blockers"), _saying(_PAINS)),
    **dict.fromkeys(("budget", "price", "prices", "pricing", "money", "costs"), _saying(_MONEY)),
    "subjective": _saying(_REPORTS),
    "objective": _saying(_MEASURED),
    "assessment": _saying(_JUDGED),
    "analysis": _saying(_ARGUED),
}


def _material_for(field: Field) -> Fill:
    return _BY_NAME.get(field.name.lower(), _nothing)
