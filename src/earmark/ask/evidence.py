"""Evidence for one turn: found moments, and the numbered passages that an answer may cite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from earmark.ask.scopes import ScopeNow
from earmark.ask.types import CitationPart, Part, TextPart
from earmark.library.transcripts import list_segments
from earmark.library.types import Recording, Segment
from earmark.llm.types import AnswerEvent, CitationMark, Finished, Passage, TextDelta
from earmark.retrieval.search import Searcher
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.storage.tenant import Tenant

EVIDENCE_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a turn found. `sources` is what the answer's readers are shown of it."""

    hits: tuple[ChunkHit, ...]
    passages: tuple[Passage, ...]
    is_whole_transcript: bool

    @property
    def sources(self) -> tuple[ChunkHit, ...]:
        """The chunks given to the model; none where the whole transcript was given."""
        return () if self.is_whole_transcript else self.hits


async def gather_evidence(tenant: Tenant, searcher: Searcher, scope: ScopeNow, question: str) -> Evidence:
    """Search the scope as it is now; in `recording` scope every segment may be cited."""
    request = SearchRequest(question, scope.recording_ids, limit=EVIDENCE_LIMIT)
    hits = tuple(await searcher.search(tenant, request))
    if scope.type != "recording" or scope.recordings is None:
        return Evidence(hits, tuple(_passages_of_hits(hits)), is_whole_transcript=False)
    recording = scope.recordings[0]
    segments = await list_segments(tenant, recording.transcription_id or "")
    return Evidence(hits, tuple(_passages_of(recording, segments)), is_whole_transcript=True)


def _passages_of(recording: Recording, segments: Iterable[Segment]) -> Iterable[Passage]:
    for number, segment in enumerate(segments, start=1):
        yield Passage(
            number, recording.id, recording.name, recording.recorded_us, segment.start_ms, segment.end_ms,
            segment.speaker, segment.text,
        )  # fmt: skip


def _passages_of_hits(hits: Sequence[ChunkHit]) -> Iterable[Passage]:
    """Number the segments of the hits, each once, in the order of the hits."""
    seen: set[tuple[str, int, str]] = set()
    for hit in hits:
        for segment in hit.segments:
            key = (hit.recording_id, segment.start_ms, segment.text)
            if key not in seen:
                seen.add(key)
                yield Passage(
                    len(seen), hit.recording_id, hit.recording_name, hit.recorded_us, segment.start_ms,
                    segment.end_ms, segment.speaker, segment.text,
                )  # fmt: skip


class PartsBuilder:
    """Turns a model's events into parts: unknown numbers are dropped, adjacent duplicates merged.

    Text between two marks becomes one part, or as many as the model sent where `keeps_deltas`
    (the built-in model sends a quotation as one delta, so that it stays a part of its own).
    """

    def __init__(self, passages: Iterable[Passage], *, keeps_deltas: bool) -> None:
        self._passages = {passage.number: passage for passage in passages}
        self._keeps_deltas = keeps_deltas
        self.parts: list[Part] = []
        self.finished: Finished | None = None

    def add(self, event: AnswerEvent) -> None:
        """Take the next event."""
        if isinstance(event, TextDelta):
            self._add_text(event.text)
        elif isinstance(event, CitationMark):
            self._add_citation(event.number)
        else:
            self.finished = event

    def _add_text(self, text: str) -> None:
        if not text:
            return
        last = self.parts[-1] if self.parts else None
        if isinstance(last, TextPart) and not self._keeps_deltas:
            self.parts[-1] = TextPart(last.text + text)
        else:
            self.parts.append(TextPart(text))

    def _add_citation(self, number: int) -> None:
        passage = self._passages.get(number)
        if passage is None or not self.parts:
            return
        citation = CitationPart(passage.recording_id, passage.start_ms)
        if self.parts[-1] != citation:
            self.parts.append(citation)
