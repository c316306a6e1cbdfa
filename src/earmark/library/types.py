"""Immutable values of the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class EndUser:
    """An end user: the owner of recordings."""

    id: str
    number: int
    external_id: str | None
    email: str | None
    name: str | None
    metadata_json: str | None
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, with or without audio, with or without a transcript.

    `recorded_offset_min`: the minutes east of UTC where it was recorded, None if unknown; `recorded_precision` is `day`
    if only the day is known (then `recorded_us` is its midnight), else None.
    """

    id: str
    number: int
    end_user_id: str
    device_id: str | None
    source: str
    name: str | None
    status: str
    duration_ms: int | None
    recorded_us: int | None
    ended_us: int | None
    metadata_json: str | None
    transcription_id: str | None
    created_us: int
    updated_us: int
    content_sha256: str | None = None
    content_sha256_verified_us: int | None = None
    file_size_bytes: int | None = None
    media_id: str | None = None
    recorded_offset_min: int | None = None
    recorded_precision: str | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A named set of an end user's recordings."""

    id: str
    end_user_id: str
    name: str
    created_us: int
    updated_us: int
    recording_count: int


@dataclass(frozen=True, slots=True)
class Transcription:
    """One transcript of a recording, without its segments. `seq` says which of a recording's came later.

    `is_heard`: 1 if a job makes it of the recording's audio, 0 if it was imported. `revision`: raised by each
    correction of its words.
    """

    id: str
    recording_id: str
    end_user_id: str
    status: str
    language: str | None
    provider: str | None
    engine: str
    word_count: int | None
    confidence: float | None
    duration_ms: int | None
    error_message: str | None
    started_us: int | None
    completed_us: int | None
    created_us: int
    updated_us: int
    seq: int
    warnings_total: int = 0
    error_code: str | None = None
    is_heard: int = 0
    revision: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("pending", "processing")


@dataclass(frozen=True, slots=True)
class Speaker:
    """A name that speaks in an end user's transcripts, and how much over all of them."""

    name: str
    recording_count: int
    segment_count: int
    spoken_ms: int
    last_recorded_us: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page: after a keyset position (or skipping `offset`), at most `limit` rows."""

    limit: int = 20
    after: tuple[Any, str] | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list: the fields that are set, combined with AND. Each list has a subclass with its fields."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all filters of the list."""
        return tuple(cls.__dataclass_fields__)

    def given(self) -> dict[str, Any]:
        """Return the filters that are set, by name; an empty text is none."""
        return {
            name: value
            for name in self.__dataclass_fields__
            if (value := getattr(self, name)) is not None and value != ""
        }


@dataclass(frozen=True, slots=True)
class EndUserFilters(Filters):
    """Narrows a list of end users."""

    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingFilters(Filters):
    """Narrows a list of recordings.

    `q` is a part of the name; `recorded_after` is inclusive, `…before` exclusive; `speaker` speaks in the transcript.
    """

    end_user_id: str | None = None
    status: str | None = None
    device_id: str | None = None
    recorded_after: int | None = None
    recorded_before: int | None = None
    q: str | None = None
    folder_id: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """The order of a list of recordings; those without what they are ordered by come last, newest first."""

    by: Literal["created_at", "recorded_at", "name", "duration"] = "created_at"
    is_ascending: bool = False

    @property
    def is_default(self) -> bool:
        """Whether it is the newest first."""
        return self == RecordingOrder()


@dataclass(frozen=True, slots=True)
class FolderFilters(Filters):
    """Narrows a list of folders."""

    end_user_id: str | None = None


@dataclass(frozen=True, slots=True)
class SpeakerFilters(Filters):
    """Narrows a list of speakers."""

    end_user_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptionFilters(Filters):
    """Narrows a list of transcriptions."""

    recording_id: str | None = None
