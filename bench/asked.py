"""Question sets with gold spans: libraries, gold places, and evidence gathered as by the server.

A gold *place* is a run of characters of one segment; an *alternative* is a set of places that are all needed; a
question may have several alternatives, each sufficient (annotators differ). No alternative: unanswerable.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.retrieval_data import (
    Library,
    Recorded,
    Vectors,
)
from earmark.answers.naming import chosen_by_name, terms_of_recording
from earmark.answers.question_kinds import Asked as AskedFor
from earmark.answers.question_kinds import read_question
from earmark.answers.windows import CONTEXT_AFTER, CONTEXT_BEFORE
from earmark.ask.answers.evidence import EVIDENCE_LIMIT, WHOLE_RECORDINGS, Called, number_hits, number_whole
from earmark.ask.answers.followups import make_standalone
from earmark.llm.types import AnswerRequest, Passage, PastTurn
from earmark.retrieval.index.analysis import terms_of_name
from earmark.retrieval.ranking.combining import Hit, rank
from earmark.retrieval.types import ChunkHit
from earmark.transcripts.types import Segment

DATA: Final = Path(__file__).with_name("data")
SAMPLE: Final = Path(__file__).resolve().parent.parent / "src/earmark/sample"
_MS_A_WORD: Final = 400


@dataclass(frozen=True)
class Place:
    """Characters `start` to `end` of a segment; `is_speaker`: the speaker is the answer."""

    recording: int
    segment: int
    start: int
    end: int
    is_speaker: bool = False


Alternatives = tuple[tuple[Place, ...], ...]


@dataclass(frozen=True)
class Query:
    """A question to a library. `scope`: the recordings in scope, None for all."""

    text: str
    kind: str
    gold: Alternatives
    scope: frozenset[int] | None = None
    history: tuple[PastTurn, ...] = ()
    id: str = ""


@dataclass(frozen=True)
class Source:
    """A library and its questions."""

    set: str
    library: Library
    queries: tuple[Query, ...]


def request_of(source: Source, query: Query, vectors: Vectors) -> AnswerRequest:
    """Gather evidence as the server does, with context around each chunk."""
    request = _found(source.library, query, vectors)
    question = read_question(request.standalone)
    found = whole_transcripts(source.library, query.scope, question) if question.is_about_all else []
    return replace(
        request,
        passages=tuple(number_hits(request.hits, found)),
        whole=frozenset(one.recording_id for one in found),
        asker=terms_of_name(source.library.name, None),
    )


def _found(library: Library, query: Query, vectors: Vectors) -> AnswerRequest:
    """Search as the server does."""
    standalone = make_standalone(query.text, query.history)
    chosen = None if query.scope is None else np.isin(library.recording_of, list(query.scope))
    terms, snapshot = library.snapshot(standalone, vectors.of([library.asked(standalone)])[0], chosen)
    hits = tuple(_to_hit(library, hit) for hit in rank(terms, snapshot, limit=EVIDENCE_LIMIT))
    return AnswerRequest(query.text, standalone, None, query.history, hits, (), is_whole_transcript=False)


def _to_hit(library: Library, hit: Hit) -> ChunkHit:
    recording, first, last = library.places[hit.chunk]
    one, entry = library.recorded[recording], library.entries[recording]
    start = max(0, first - CONTEXT_BEFORE)
    around = tuple(one.segments[start : last + 1 + CONTEXT_AFTER])
    own = around[first - start : last + 1 - start]
    return ChunkHit(
        "", entry.recording_id, "", own, None, _recorded_us(one), one.name, hit.score, hit.parts, first, around, start
    )


def whole_transcripts(library: Library, scope: frozenset[int] | None, question: AskedFor) -> list[Passage]:
    """Return the transcripts for a question about whole recordings, as `ask/answers/evidence.py` does."""
    numbers = sorted(range(len(library.recorded)) if scope is None else scope)
    numbers.sort(key=lambda at: -(library.recorded[at].recorded_at_ms or 0))
    recorded = [(library.entries[at].recording_id, library.recorded[at]) for at in numbers]
    called = [terms_of_recording(one.name, _recorded_us(one), None) for _, one in recorded]
    chosen, named = chosen_by_name(question.subject, called)
    found: list[Passage] = []
    for recording_id, one in (recorded[at] for at in chosen[:WHOLE_RECORDINGS]):
        found += number_whole(Called(recording_id, one.name, _recorded_us(one)), one.segments, len(found) + 1)
    return found if question.subject <= named | question.people_among(found) else []


def _recorded_us(one: Recorded) -> int | None:
    return None if one.recorded_at_ms is None else one.recorded_at_ms * 1_000


def whole(library: Library, recording: int, segment: int) -> Place:
    """Return the place of a whole segment."""
    return Place(recording, segment, 0, len(library.recorded[recording].segments[segment].text))


def quoted(library: Library, recording: int, segment: int, quote: str) -> Place:
    """Return the place of a quotation in a segment."""
    text = library.recorded[recording].segments[segment].text
    at = text.find(quote)
    assert at >= 0, (library.name, recording, segment, quote)
    return Place(recording, segment, at, at + len(quote))


def timed(turns: Iterable[tuple[str | None, str]]) -> list[Segment]:
    """Return segments with 400 ms per word."""
    segments: list[Segment] = []
    at_ms = 0
    for speaker, text in turns:
        until_ms = at_ms + _MS_A_WORD * max(1, len(text.split()))
        segments.append(Segment(at_ms, until_ms, text, speaker))
        at_ms = until_ms
    return segments


def joint(library: Library, recording: int, gold: Sequence[Sequence[Any]]) -> Alternatives:
    places = tuple(quoted(library, recording, segment, quote) for segment, quote in gold)
    return (places,) if places else ()


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def folder_of(setting: str) -> Path | None:
    """Return the folder named by an environment variable, None if unset."""
    value = os.environ.get(setting)
    return Path(value) if value else None


class CachedEncoder:
    """The built-in encoder with the bench's vector cache, for sentence selection."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed passages. Shapes: N texts -> [N, dimensions]."""
        return self._vectors.of(texts)
