"""Evidence for one turn: found moments, and the numbered passages that an answer may cite.

A moment comes with the talk around it: people ask in one turn and answer in the next. Questions about decisions,
promises, open questions or the whole of a talk get whole transcripts: no single moment answers them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from earmark.answers.naming import chosen_by_name, terms_of_recording
from earmark.answers.question_kinds import Asked, read_question
from earmark.answers.windows import CONTEXT_AFTER, CONTEXT_BEFORE
from earmark.ask.sessions.scopes import ScopeNow
from earmark.library.recordings import list_transcribed
from earmark.library.transcripts import list_segments
from earmark.library.types import Recording
from earmark.llm.prompt import estimate_passage
from earmark.llm.types import Passage
from earmark.retrieval.search import Searcher
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.storage.tenant import Tenant
from earmark.transcripts.labels import is_called
from earmark.transcripts.types import Segment

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


@dataclass(frozen=True, slots=True)
class Transcript:
    """The numbered segments of a whole recording, and the recording as it was when they were read."""

    recording: Recording
    passages: tuple[Passage, ...]


async def read_transcript(tenant: Tenant, recording: Recording, speaker: str | None) -> Transcript:
    """Return a recording's whole transcript, or all that one speaker says in it."""
    return Transcript(recording, tuple(await whole_transcripts(tenant, [recording], speaker)))


async def gather_evidence(
    tenant: Tenant,
    searcher: Searcher,
    scope: ScopeNow,
    question: str,
    *,
    is_whole: bool = True,
    most_tokens: int | None = None,
    transcript: Transcript | None = None,
) -> Evidence:
    """Search the scope as it is now; in `recording` scope every segment may be cited, unless not `is_whole`.

    In a scope of one speaker only that person's segments are passages: nobody else is quoted, nor read by a model.
    `most_tokens` is what the model has room for: worse moments are left out, the best one never. `transcript` was read
    before; it is read again if the recording has changed since.
    """
    request = SearchRequest(
        question, scope.recording_ids, speaker=scope.speaker, limit=EVIDENCE_LIMIT, before=CONTEXT_BEFORE,
        after=CONTEXT_AFTER,
    )  # fmt: skip
    hits = tuple(await searcher.search(tenant, request))
    if scope.type == "recording" and scope.recordings is not None and is_whole:
        recording = scope.recordings[0]
        if transcript is None or transcript.recording != recording:
            transcript = await read_transcript(tenant, recording, scope.speaker)
        return Evidence(hits, transcript.passages, is_whole_transcript=True, whole=frozenset({recording.id}))
    asked = read_question(question)
    whole: list[Passage] = []
    if most_tokens is None and asked.is_about_all:
        whole = await _find_whole(tenant, scope, asked)
    passages = number_hits(hits, whole, scope.speaker)
    if most_tokens is not None:
        hits, passages = _fitting(hits, passages, most_tokens)
    read = frozenset(one.recording_id for one in whole)
    return Evidence(hits, tuple(passages), is_whole_transcript=False, whole=read)


async def newest_passages(tenant: Tenant, scope: ScopeNow) -> list[Passage]:
    """Return every segment of the newest transcripts of a scope, numbered."""
    newest = await list_transcribed(tenant, scope.recording_ids, WHOLE_RECORDINGS)
    return await whole_transcripts(tenant, newest, scope.speaker)


async def whole_transcripts(
    tenant: Tenant, recordings: Iterable[Recording], speaker: str | None = None
) -> list[Passage]:
    """Return every segment of these recordings, or every one of a speaker in them, numbered."""
    found: list[Passage] = []
    for recording in recordings:
        segments = await list_segments(tenant, recording.transcription_id or "")
        found += number_whole(Called.of(recording), segments, len(found) + 1, speaker)
    return found


async def _find_whole(tenant: Tenant, scope: ScopeNow, asked: Asked) -> list[Passage]:
    """Return the transcripts that a question about all of a talk is about: those it names, or else the newest.

    Nothing if it names something that is neither a recording nor somebody who speaks in the newest ones: a topic.
    """
    limit = _NAMED_RECORDINGS if asked.subject else WHOLE_RECORDINGS
    recordings = await list_transcribed(tenant, scope.recording_ids, limit)
    called = [terms_of_recording(one.name, one.recorded_us, one.recorded_offset_min) for one in recordings]
    chosen, named = chosen_by_name(asked.subject, called)
    passages = await whole_transcripts(tenant, [recordings[at] for at in chosen[:WHOLE_RECORDINGS]], scope.speaker)
    return passages if asked.subject <= named | asked.people_among(passages) else []


def _fitting(
    hits: Sequence[ChunkHit], passages: Sequence[Passage], most_tokens: int
) -> tuple[tuple[ChunkHit, ...], list[Passage]]:
    """Leave out the worse moments, with the talk around them, that there is no room for; the best one never."""
    everything = {(one.recording_id, one.ordinal) for one in passages}
    best = _places_of(hits[0]) if hits else set()
    fitting: list[Passage] = []
    for one in passages:
        most_tokens -= estimate_passage(one.text)
        if most_tokens < 0 and (one.recording_id, one.ordinal) not in best:
            break
        fitting.append(one)
    known = {(one.recording_id, one.ordinal) for one in fitting}
    return tuple(hit for hit in hits if known.issuperset(_places_of(hit) & everything)), fitting


def _places_of(hit: ChunkHit) -> set[tuple[str, int]]:
    return {(hit.recording_id, hit.first_ordinal + at) for at in range(len(hit.segments))}


class Called(NamedTuple):
    """How a recording is called in an answer: its id, name and date."""

    recording_id: str
    name: str | None
    recorded_us: int | None
    offset_min: int | None = None

    @classmethod
    def of(cls, recording: Recording) -> Called:
        """Return how a recording is called."""
        return cls(recording.id, recording.name, recording.recorded_us, recording.recorded_offset_min)


def number_whole(
    called: Called, segments: Iterable[Segment], first_number: int = 1, speaker: str | None = None
) -> Iterator[Passage]:
    """Yield the segments of a whole recording, or a speaker's, numbered from `first_number` on."""
    spoken = ((ordinal, one) for ordinal, one in enumerate(segments) if _is_of(speaker, one))
    for number, (ordinal, one) in enumerate(spoken, first_number):
        yield Passage(
            number, called.recording_id, called.name, called.recorded_us, one.start_ms, one.end_ms,
            one.speaker, one.text, ordinal, called.offset_min,
        )  # fmt: skip


def _is_of(speaker: str | None, segment: Segment) -> bool:
    return speaker is None or is_called(speaker, segment.speaker)


def number_hits(hits: Iterable[ChunkHit], known: Sequence[Passage] = (), speaker: str | None = None) -> list[Passage]:
    """Number the segments of the hits and of the talk around them, each once, in the order of the hits.

    A hit's own segments stand before those around it. `known` are passages numbered already; of `speaker`, if given.
    """
    found = {(one.recording_id, one.ordinal): one for one in known}
    for hit in hits:
        for ordinal, one in [*enumerate(hit.segments, hit.first_ordinal), *enumerate(hit.around, hit.around_first)]:
            if not _is_of(speaker, one):
                continue
            found.setdefault(
                (hit.recording_id, ordinal),
                Passage(
                    len(found) + 1, hit.recording_id, hit.recording_name, hit.recorded_us, one.start_ms, one.end_ms,
                    one.speaker, one.text, ordinal, hit.recorded_offset_min,
                ),
            )  # fmt: skip
    return list(found.values())
