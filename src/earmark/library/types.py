"""Immutable values of the library."""

from __future__ import annotations

from dataclasses import dataclass


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
    """A recording, with or without audio, with or without a transcript."""

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
    """One transcript of a recording, without its segments. `seq` says which of a recording's came later."""

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


@dataclass(frozen=True, slots=True)
class Page:
    """A page: after a keyset position (or skipping `offset`), at most `limit` rows."""

    limit: int = 20
    after: tuple[int, str] | None = None
    offset: int = 0
