"""Frozen values of retrieval that other rooms see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earmark.library.types import Segment


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What to look for and where. `recording_ids` None is the whole library of the end user.

    `before` and `after` are how many segments around each moment are read with it.
    """

    query: str
    recording_ids: tuple[str, ...] | None = None
    recorded_after_us: int | None = None
    recorded_before_us: int | None = None
    speaker: str | None = None
    limit: int = 8
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class ChunkHit:
    """A found moment: whole segments of one recording, best first in a list.

    Units: milliseconds from the start of the recording; `score` is unitless, finite, at least 0.
    `parts` are what the score is made of; `first_ordinal` is the first segment's place in its recording.
    `around` are its segments with those asked for around it, from `around_first` on.
    """

    chunk_id: str
    recording_id: str
    transcription_id: str
    segments: tuple[Segment, ...]
    speaker: str | None
    recorded_us: int | None
    recording_name: str | None
    score: float
    parts: Mapping[str, float]
    first_ordinal: int = 0
    around: tuple[Segment, ...] = ()
    around_first: int = 0

    @property
    def text(self) -> str:
        """The verbatim words, one segment a line, without speaker labels."""
        return "\n".join(segment.text for segment in self.segments)

    @property
    def start_ms(self) -> int:
        """Where the first segment starts."""
        return self.segments[0].start_ms

    @property
    def end_ms(self) -> int:
        """Where the last segment ends."""
        return max(segment.end_ms for segment in self.segments)
