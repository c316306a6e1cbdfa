"""Turns to answer, as `ask/turn.py` would hand them to the built-in model: evidence found by the server's own ranking."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.chats import questions_without_answer
from bench.retrieval_data import PERSONAL, Library, Vectors
from earmark.ask.evidence import EVIDENCE_LIMIT
from earmark.ask.followups import make_standalone
from earmark.llm.selection import select_sentences
from earmark.llm.types import AnswerRequest, Passage, PastTurn
from earmark.retrieval.ranking import Hit, rank
from earmark.retrieval.types import ChunkHit

Place = tuple[str, int]
"""A segment: recording id and start in milliseconds."""


@dataclass(frozen=True)
class Turn:
    """A question with its evidence. `gold` is empty where nothing in the library answers it."""

    group: str
    kind: str
    request: AnswerRequest
    gold: frozenset[Place]
    answer: str = ""


def ask(
    library: Library, question: str, vectors: Vectors, *, scope: frozenset[int] | None = None,
    history: Sequence[PastTurn] = (),
) -> AnswerRequest:  # fmt: skip
    """Find evidence as the server does; `scope` are the recordings that may be looked at."""
    standalone = make_standalone(question, history)
    chosen = None if scope is None else np.isin(library.recording_of, list(scope))
    query, snapshot = library.snapshot(standalone, vectors.of([library.asked(standalone)])[0], chosen)
    hits = tuple(_to_hit(library, hit) for hit in rank(query, snapshot, limit=EVIDENCE_LIMIT))
    return AnswerRequest(question, standalone, None, history, hits, tuple(_number(hits)), is_whole_transcript=False)


def _to_hit(library: Library, hit: Hit) -> ChunkHit:
    recording, first, last = library.places[hit.chunk]
    one, entry = library.recorded[recording], library.entries[recording]
    recorded_us = None if one.recorded_at_ms is None else one.recorded_at_ms * 1_000
    segments = tuple(one.segments[first : last + 1])
    return ChunkHit("", entry.recording_id, "", segments, None, recorded_us, one.name, hit.score, hit.parts)


def _number(hits: Sequence[ChunkHit]) -> Iterator[Passage]:
    number = 0
    for hit in hits:
        for one in hit.segments:
            number += 1
            yield Passage(
                number, hit.recording_id, hit.recording_name, hit.recorded_us, one.start_ms, one.end_ms, one.speaker,
                one.text,
            )  # fmt: skip


def answerable(libraries: Sequence[Library], vectors: Vectors, *, is_recording_known: bool = False) -> list[Turn]:
    """Every question of these libraries that has gold moments."""
    turns = []
    for library in libraries:
        for question in library.questions:
            scope = question.recordings if is_recording_known else None
            request = ask(library, question.text, vectors, scope=scope)
            gold = frozenset(
                _place(library, recording, at)
                for recording, first, last in question.spans
                for at in range(first, min(last + 1, len(library.recorded[recording].segments)))
            )
            turns.append(Turn(library.name, question.kind, request, gold, question.answer))
    return turns


def unanswerable(libraries: Sequence[Library], vectors: Vectors) -> list[Turn]:
    """The written personal questions that nothing in that person's recordings answers."""
    rows = [row for row in _rows("questions", "unanswerable") if not row["gold"]]
    turns: list[Turn] = []
    for library in libraries:
        texts = [row["question"] for row in rows if row["external_id"] == library.name]
        turns += _without_answer(library, "written", texts, vectors)
    return turns


def chats_unanswerable(libraries: Sequence[Library], vectors: Vectors) -> list[Turn]:
    """The questions about two friends' calls that nothing in them answers."""
    turns: list[Turn] = []
    for library in libraries:
        turns += _without_answer(library, "written", questions_without_answer(library.name), vectors)
    return turns


def _without_answer(library: Library, kind: str, texts: Sequence[str], vectors: Vectors) -> list[Turn]:
    return [Turn(library.name, kind, ask(library, text, vectors), frozenset()) for text in texts]


def of_others(libraries: Sequence[Library], asked: Sequence[Library], vectors: Vectors, *, most: int) -> list[Turn]:
    """Questions about other people's recordings, asked of each library: `most` of each, evenly taken."""
    turns: list[Turn] = []
    for library in libraries:
        others = [question.text for other in asked if other.name != library.name for question in other.questions]
        evenly = others[:: max(1, len(others) // most)][:most]
        turns += _without_answer(library, "of others", evenly, vectors)
    return turns


def wrong_person(libraries: Sequence[Library], vectors: Vectors) -> list[Turn]:
    """Answerable questions that name a speaker, asked of somebody who isn't heard where the answer stands."""
    turns: list[Turn] = []
    for library in libraries:
        heard = [{segment.speaker or "" for segment in one.segments} for one in library.recorded]
        for number, question in enumerate(library.questions):
            present = set().union(*(heard[recording] for recording in question.recordings))
            named = sorted(name for name in present if name and name in question.text)
            strangers = sorted(set().union(*heard) - present - {""})
            if named and strangers:
                text = question.text.replace(named[0], strangers[number % len(strangers)])
                turns += _without_answer(library, "wrong person", [text], vectors)
    return turns


def follow_ups(libraries: Sequence[Library], vectors: Vectors, *, is_alone: bool = False) -> list[Turn]:
    """Questions that lean on earlier ones, with those and what the built-in model answered as history, or without."""
    turns = []
    for library in libraries:
        slugs = [path.stem for path in sorted((PERSONAL / library.name).glob("*.json"))]
        for row in _rows("questions", "follow_ups"):
            if row["external_id"] == library.name and row.get("previous"):
                gold = frozenset(
                    _place(library, slugs.index(one["recording"]), at) for one in row["gold"] for at in one["segments"]
                )
                history = [] if is_alone else _history(library, row["previous"], vectors)
                request = ask(library, row["question"], vectors, history=history)
                turns.append(Turn(library.name, "follow_up", request, gold))
    return turns


def _history(library: Library, previous: str | Sequence[str], vectors: Vectors) -> list[PastTurn]:
    history: list[PastTurn] = []
    for question in [previous] if isinstance(previous, str) else previous:
        request = ask(library, question, vectors, history=history)
        told = [one.text for one in select_sentences(request, CachedEncoder(vectors))]
        history += [PastTurn("user", question), PastTurn("assistant", "\n".join(told))]
    return history


def _place(library: Library, recording: int, ordinal: int) -> Place:
    return library.entries[recording].recording_id, library.recorded[recording].segments[ordinal].start_ms


def _rows(*names: str) -> Iterator[dict[str, Any]]:
    for name in names:
        for line in (PERSONAL / f"{name}.jsonl").read_text("utf-8").splitlines():
            yield json.loads(line)


class CachedEncoder:
    """The built-in encoder behind the bench's store of vectors, as sentence selection wants it."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shapes: N texts -> [N, dimensions]."""
        return self._vectors.of(texts)
