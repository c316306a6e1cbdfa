"""Evidence for one turn: found moments, and the numbered passages that an answer may cite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from earmark.ask.scopes import ScopeNow
from earmark.library.transcripts import list_segments
from earmark.library.types import Recording, Segment
from earmark.llm.prompt import estimate_passage
from earmark.llm.types import Passage
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


async def gather_evidence(
    tenant: Tenant,
    searcher: Searcher,
    scope: ScopeNow,
    question: str,
    *,
    is_whole: bool = True,
    most_tokens: int | None = None,
) -> Evidence:
    """Search the scope as it is now; in `recording` scope every segment may be cited, unless not `is_whole`.

    `most_tokens` is what the model has room for: worse moments are left out, the best one never.
    """
    request = SearchRequest(question, scope.recording_ids, limit=EVIDENCE_LIMIT)
    hits = tuple(await searcher.search(tenant, request))
    if scope.type != "recording" or scope.recordings is None or not is_whole:
        hits = hits if most_tokens is None else tuple(_fitting(hits, most_tokens))
        return Evidence(hits, tuple(_passages_of_hits(hits)), is_whole_transcript=False)
    passages = await whole_transcript(tenant, scope.recordings[0])
    return Evidence(hits, passages, is_whole_transcript=True)


def _fitting(hits: Sequence[ChunkHit], most_tokens: int) -> Iterable[ChunkHit]:
    for number, hit in enumerate(hits):
        most_tokens -= sum(estimate_passage(segment.text) for segment in hit.segments)
        if most_tokens < 0 and number:
            return
        yield hit


async def whole_transcript(tenant: Tenant, recording: Recording) -> tuple[Passage, ...]:
    """Return every segment of a recording, numbered."""
    segments = await list_segments(tenant, recording.transcription_id or "")
    return tuple(_passages_of(recording, segments))


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
