"""Evidence for one turn: found moments, and the numbered passages that an answer may cite.

A moment comes with the talk around it: people ask in one turn and answer in the next. Questions about decisions,
promises, open questions or the whole of a talk get whole transcripts: no single moment answers them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.answers.kinds import read_question
from earmark.answers.naming import chosen_by_name, terms_of_recording
from earmark.answers.windows import CONTEXT_AFTER, CONTEXT_BEFORE
from earmark.ask.scopes import ScopeNow
from earmark.library.recordings import list_transcribed
from earmark.library.transcripts import list_segments, list_segments_between
from earmark.library.types import Recording, Segment
from earmark.llm.prompt import estimate_passage
from earmark.llm.types import Passage
from earmark.retrieval.analysis import terms_of_name
from earmark.retrieval.search import Searcher
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.storage.tenant import Tenant

EVIDENCE_LIMIT: Final = 16
WHOLE_RECORDINGS: Final = 6
"""So many recordings are read whole for a question about all that was decided, promised or left open,"""
_NAMED_RECORDINGS: Final = 500
"""and so many of the newest are looked at for one that the question names."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a turn found. `sources` is what the answer's readers are shown of it.

    `whole` names the recordings all of whose segments are among the passages.
    """

    hits: tuple[ChunkHit, ...]
    passages: tuple[Passage, ...]
    is_whole_transcript: bool
    whole: frozenset[str] = frozenset()

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
    if scope.type == "recording" and scope.recordings is not None and is_whole:
        passages = await whole_transcript(tenant, scope.recordings[0])
        return Evidence(hits, passages, is_whole_transcript=True, whole=frozenset({scope.recordings[0].id}))
    asked = read_question(question)
    if most_tokens is None and asked.is_about_all and (found := await _find_whole(tenant, scope, asked.subject)):
        whole = frozenset(one.recording_id for one in found)
        near = tuple(hit for hit in hits if hit.recording_id in whole)
        return Evidence(near, tuple(found), is_whole_transcript=False, whole=whole)
    hits = hits if most_tokens is None else tuple(_fitting(hits, most_tokens))
    around = (CONTEXT_BEFORE, CONTEXT_AFTER) if most_tokens is None else (0, 0)
    return Evidence(hits, tuple(await _passages_of_hits(tenant, hits, *around)), is_whole_transcript=False)


async def newest_passages(tenant: Tenant, scope: ScopeNow) -> list[Passage]:
    """Return every segment of the newest transcripts of a scope, numbered."""
    return await _whole(tenant, await list_transcribed(tenant, scope.recording_ids, WHOLE_RECORDINGS))


async def _whole(tenant: Tenant, recordings: Sequence[Recording]) -> list[Passage]:
    passages: list[Passage] = []
    for recording in recordings:
        segments = await list_segments(tenant, recording.transcription_id or "")
        passages += _passages_of(recording, segments, first_number=len(passages) + 1)
    return passages


async def _find_whole(tenant: Tenant, scope: ScopeNow, subject: Collection[str]) -> list[Passage]:
    """Return the transcripts that a question about all of a talk is about: those it names, or else the newest.

    Nothing if it names something that is neither a recording nor somebody who speaks in the newest ones: a topic.
    """
    limit = _NAMED_RECORDINGS if subject else WHOLE_RECORDINGS
    recordings = await list_transcribed(tenant, scope.recording_ids, limit)
    chosen, named = chosen_by_name(subject, [terms_of_recording(one.name, one.recorded_us) for one in recordings])
    passages = await _whole(tenant, [recordings[at] for at in chosen[:WHOLE_RECORDINGS]])
    spoken = {term for one in passages for term in terms_of_name(one.speaker or "", None)}
    return passages if set(subject) <= named | spoken else []


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


def _passages_of(recording: Recording, segments: Iterable[Segment], first_number: int = 1) -> Iterable[Passage]:
    for ordinal, segment in enumerate(segments):
        yield Passage(
            first_number + ordinal, recording.id, recording.name, recording.recorded_us, segment.start_ms,
            segment.end_ms, segment.speaker, segment.text, ordinal,
        )  # fmt: skip


async def _passages_of_hits(tenant: Tenant, hits: Sequence[ChunkHit], before: int, after: int) -> list[Passage]:
    """Number the segments of the hits and of the talk around them, each once, in the order of the hits."""
    found: dict[tuple[str, int], Passage] = {}
    for hit in hits:
        first = max(0, hit.first_ordinal - before)
        last = hit.first_ordinal + len(hit.segments) - 1 + after
        missing = [at for at in range(first, last + 1) if (hit.recording_id, at) not in found]
        if not missing:
            continue
        segments = await list_segments_between(tenant, hit.transcription_id, missing[0], missing[-1])
        start = missing[0]
        if not segments:  # replaced by a newer transcript this instant
            segments, start = list(hit.segments), hit.first_ordinal
        for ordinal, segment in enumerate(segments, start):
            found.setdefault(
                (hit.recording_id, ordinal),
                Passage(
                    len(found) + 1, hit.recording_id, hit.recording_name, hit.recorded_us, segment.start_ms,
                    segment.end_ms, segment.speaker, segment.text, ordinal,
                ),
            )  # fmt: skip
    return list(found.values())
