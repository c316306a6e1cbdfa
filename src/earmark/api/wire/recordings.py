"""Wire models of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from earmark.api.wire.common import (
    Body,
    EndUserIdField,
    FolderIdField,
    Instant,
    ListQuery,
    Query,
    Shown,
    TimeField,
)
from earmark.api.wire.end_users import Metadata, fragment
from earmark.clock import render_at_place, render_time, render_time_or_none, to_us
from earmark.errors import InvalidError
from earmark.lengths import check_length
from earmark.library.types import Recording, RecordingOrder
from earmark.media.types import Media
from earmark.transcripts.text.dates import find_date

Source = Literal["device", "app_import", "api_upload"]
Status = Literal["pending", "streaming", "uploaded", "processing", "completed", "failed", "integrity_failure"]
Name = Annotated[str, check_length(1, 255)]


class RecordingBody(Body):
    """A new recording. `end_user_id` is required unless the credential is end-user-scoped."""

    end_user_id: EndUserIdField | None = None
    source: Source = "api_upload"
    name: Name | None = None
    recorded_at: Instant | None = None
    started_at: Instant | None = None
    ended_at: TimeField | None = None
    device_id: Annotated[str, check_length(1, 255)] | None = None
    metadata: Metadata | None = None
    recorded_precision: Literal["day"] | None = Field(
        None, description="`day`: of `recorded_at` only the day is known, which is then shown without a time."
    )
    file_name: Annotated[str, check_length(1, 255)] | None = Field(
        None, description="What its file is called: a date in it is taken if no other is given."
    )

    @model_validator(mode="after")
    def _one_beginning(self) -> RecordingBody:
        if self.recorded_at and self.started_at and self.recorded_at.us != self.started_at.us:
            raise InvalidError("recorded_at and started_at differ; send one of them.", param="recorded_at")
        return self

    def recorded(self) -> dict[str, Any]:
        """Return when it was recorded, as a recording stores it: as given, or as the file's name says."""
        given = self.started_at if self.recorded_at is None else self.recorded_at
        if given is not None:
            precision = self.recorded_precision
            return {
                "recorded_us": given.us, "recorded_offset_min": given.offset_min, "recorded_precision": precision,
            }  # fmt: skip
        found = None if self.file_name is None else find_date(self.file_name)
        if found is None:
            return {}
        precision = "day" if found.is_day else None
        return {
            "recorded_us": to_us(found.moment), "recorded_offset_min": found.offset_minutes,
            "recorded_precision": precision,
        }  # fmt: skip


class RecordingChanges(Body):
    """A recording's new values; omitted fields are unchanged, null clears a field."""

    name: Name | None = None
    metadata: Metadata | None = None
    recorded_at: Instant | None = None


class RecordingListQuery(ListQuery):
    """Filters of the recordings list."""

    end_user_id: EndUserIdField | None = None
    status: Status | None = None
    device_id: Annotated[str, check_length(1, 255)] | None = None
    recorded_after: TimeField | None = Field(None, description="Recorded at this time or later.")
    recorded_before: TimeField | None = Field(None, description="Recorded before this time.")
    q: Annotated[str, check_length(0, 200)] | None = Field(None, description="Part of the name, in any case.")
    folder_id: FolderIdField | None = Field(None, description="Only recordings in this folder.")
    speaker: Annotated[str, check_length(1, 128)] | None = Field(
        None, description="Only recordings in which this name, or first name, speaks; needs `transcriptions:read` too."
    )
    sort: Literal["created_at", "recorded_at", "name", "duration"] = Field(
        "created_at", description="What the list is ordered by; recordings without it come last."
    )
    order: Literal["asc", "desc"] | None = Field(None, description="By default `asc` for names, else `desc`.")
    include: Literal["local_time"] | None = Field(None, description="`local_time` adds `recorded_at_local`.")

    @model_validator(mode="after")
    def _offsets_go_with_the_default_order(self) -> RecordingListQuery:
        if self.offset is not None and not self.to_order().is_default:
            raise InvalidError("offset goes with the default order only; use cursor.", param="offset")
        return self

    def to_order(self) -> RecordingOrder:
        """Return the order that is asked for."""
        return RecordingOrder(self.sort, self.order == "asc" if self.order else self.sort == "name")


class RecordingQuery(Query):
    """Extra fields to include with a recording."""

    include: Literal["local_time"] | None = Field(None, description="`local_time` adds `recorded_at_local`.")


class MediaShown(Shown):
    """A recording's file, complete and verified."""

    id: str = Field(examples=["med_4dEfGh1jKlMn0pQrStUvWxYz"])
    type: Literal["audio", "image", "video"]
    content_type: str = Field(examples=["audio/ogg"])
    mime_type: str = Field(description="The same as `content_type`; its older name.")
    file_size_bytes: int
    content_sha256: str
    status: Literal["uploaded"]
    created_at: str


class RecordingShown(Shown):
    """A recording."""

    id: str = Field(examples=["rec_9aBcD3fGh1jKlMn0pQrStUvW"])
    project_id: str
    end_user_id: str | None
    device_id: str | None
    source: Source
    name: str | None = Field(examples=["Board call"])
    status: Status
    duration_ms: int | None
    duration_seconds: int | None
    recorded_at: str | None
    started_at: str | None
    ended_at: str | None
    content_sha256: str | None
    content_sha256_verified_at: str | None
    file_size_bytes: int | None
    metadata: dict[str, Any] | None
    transcription_id: str | None
    media: list[MediaShown]
    created_at: str
    updated_at: str
    deleted_at: None
    recorded_at_local: str | None = Field(
        None,
        description="With `include=local_time`: when it was recorded where it was recorded, `Z` if the offset isn't"
        " known; only the date if the time of day isn't known.",
        examples=["2026-05-20T12:23:45+02:00"],
    )


class RecordingPage(Shown):
    """A page of recordings, newest first."""

    data: list[RecordingShown]
    has_more: bool
    next_cursor: str | None


def media_to_wire(media: Media) -> dict[str, Any]:
    """Return a recording's file as the contract shows it."""
    return {
        "id": media.id,
        "type": media.content_type.partition("/")[0],
        "content_type": media.content_type,
        "mime_type": media.content_type,
        "file_size_bytes": media.size_bytes,
        "content_sha256": media.sha256,
        "status": "uploaded",
        "created_at": render_time(media.created_us),
    }


def recorded_locally(recording: Recording) -> str | None:
    """Return when a recording was made, by the clock of the place."""
    if recording.recorded_us is None:
        return None
    is_day = recording.recorded_precision == "day"
    return render_at_place(recording.recorded_us, recording.recorded_offset_min, is_day=is_day)


def recording_to_wire(recording: Recording, project_id: str, media: Sequence[Media] = ()) -> dict[str, Any]:
    """Return a recording as the contract shows it; `duration_seconds` is rounded half up."""
    recorded_at = render_time_or_none(recording.recorded_us)
    duration_ms = recording.duration_ms
    return {
        "id": recording.id,
        "project_id": project_id,
        "end_user_id": recording.end_user_id,
        "device_id": recording.device_id,
        "source": recording.source,
        "name": recording.name,
        "status": recording.status,
        "duration_ms": duration_ms,
        "duration_seconds": None if duration_ms is None else (duration_ms + 500) // 1_000,
        "recorded_at": recorded_at,
        "started_at": recorded_at,
        "ended_at": render_time_or_none(recording.ended_us),
        "content_sha256": recording.content_sha256,
        "content_sha256_verified_at": render_time_or_none(recording.content_sha256_verified_us),
        "file_size_bytes": recording.file_size_bytes,
        "metadata": fragment(recording.metadata_json),
        "transcription_id": recording.transcription_id,
        "media": [media_to_wire(one) for one in media],
        "created_at": render_time(recording.created_us),
        "updated_at": render_time(recording.updated_us),
        "deleted_at": None,
    }
