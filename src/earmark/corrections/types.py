"""Immutable values of corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from earmark.transcripts.types import Segment

ChangeKind = Literal["speaker_renamed", "segment_text", "segment_speaker", "segment_unclear", "segment_clear"]


@dataclass(frozen=True, slots=True)
class SegmentCorrection:
    """What to change of one segment. `text` None: its words stay; `has_speaker`: `speaker` is set (None: cleared).

    `is_unclear`: whether it is marked so; None: the mark stays.
    """

    index: int
    text: str | None = None
    speaker: str | None = None
    has_speaker: bool = False
    is_unclear: bool | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What to change of a transcript, all at once: speakers by name first, then single segments.

    `speakers` maps names as they are to names as they should be; two may become one.
    """

    speakers: Mapping[str, str]
    segments: Sequence[SegmentCorrection] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a correction made. `segment`: which; None for all segments of a speaker.

    A mark that was set (`segment_unclear`) or removed (`segment_clear`) has no values.

    Its fields are columns of `transcript_changes`, in order.
    """

    kind: ChangeKind
    segment: int | None
    segment_count: int
    old_value: str | None
    new_value: str | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A corrected transcript: its segments, the ordinals of those that differ, and what was changed."""

    segments: Sequence[Segment]
    ordinals: Sequence[int]
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a transcript: who made it, when and what changed (at most 20 of `change_count` changes)."""

    revision: int
    actor: str
    change_count: int
    created_us: int
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a correction: the credential's id, and what every try of one keyed request says."""

    actor: str
    made: str | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """One transcript in which a speaker was renamed. `merged_indexes`: of its segments, if the new name spoke too."""

    recording_id: str
    transcription_id: str
    revision: int
    merged_indexes: Sequence[int] = ()
