"""Wire models of corrections, their history, and speakers across recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema, model_validator

from earmark.api.wire.common import NOT_BLANK, Body, EndUserIdField, ListQuery, RecordingIdField, Shown, is_whole
from earmark.clock import render_time, render_time_or_none
from earmark.corrections.types import Change, ChangeKind, Correction, Renamed, Revision, SegmentCorrection
from earmark.lengths import check_length
from earmark.library.types import Speaker
from earmark.transcripts.labels import is_machine_label
from earmark.transcripts.limits import MAX_SPEAKER_UNITS, MAX_TEXT_UNITS
from earmark.transcripts.normalise import clean_text, flatten

_MOST = 500
_MS_PER_MINUTE = 60_000


def _schema(most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": most, "pattern": NOT_BLANK})


def _check_once(indexes: Sequence[int]) -> None:
    if len(set(indexes)) < len(indexes):
        raise ValueError("must name each segment once")


# Cleaned as on entry, then measured.
SpeakerName = Annotated[str, AfterValidator(flatten), check_length(1, MAX_SPEAKER_UNITS), _schema(MAX_SPEAKER_UNITS)]
SegmentText = Annotated[str, AfterValidator(clean_text), check_length(1, MAX_TEXT_UNITS), _schema(MAX_TEXT_UNITS)]
PresentName = Annotated[str, check_length(1, MAX_SPEAKER_UNITS)]


class SegmentCorrectionBody(Body):
    """What to change of one segment: its words, its speaker, its mark. A speaker of null: it is not known."""

    index: Annotated[int, Field(ge=0), is_whole]
    text: SegmentText = Field(default_factory=str)
    speaker: SpeakerName | None = Field(default_factory=lambda: None)
    is_unclear: StrictBool = Field(
        default_factory=bool, description="Whether its words are marked as hard to understand."
    )

    @model_validator(mode="after")
    def _check_says_something(self) -> SegmentCorrectionBody:
        if not self.model_fields_set & {"text", "speaker", "is_unclear"}:
            raise ValueError("must have a text, a speaker or is_unclear")
        return self

    def to_correction(self) -> SegmentCorrection:
        """Return the room's value."""
        given = self.model_fields_set
        return SegmentCorrection(
            self.index, self.text if "text" in given else None, self.speaker, "speaker" in given,
            self.is_unclear if "is_unclear" in given else None,
        )  # fmt: skip


class CorrectionBody(Body):
    """What to correct of the transcript that has this revision."""

    revision: Annotated[int, Field(ge=1, description="As it was read."), is_whole]
    speakers: Annotated[dict[PresentName, SpeakerName], Field(max_length=_MOST)] = Field(
        {}, description="Names as they are, and as they should be. Two that get one name are one speaker from then on.",
        examples=[{"SPEAKER_0": "Ada"}],
    )  # fmt: skip
    segments: Annotated[list[SegmentCorrectionBody], Field(max_length=_MOST)] = Field(
        [], description="Applied after `speakers`."
    )

    @model_validator(mode="after")
    def _check_says_something(self) -> CorrectionBody:
        if not self.speakers and not self.segments:
            raise ValueError("must have speakers or segments to correct")
        _check_once([one.index for one in self.segments])
        return self

    def to_correction(self) -> Correction:
        """Return the room's value."""
        return Correction(self.speakers, [one.to_correction() for one in self.segments])


class ChangeShown(Shown):
    """One change. Values have at most 1,000 characters here; a mark that was set or removed has none."""

    kind: ChangeKind
    index: int | None = Field(description="Of the segment; null: all segments of the speaker.")
    segment_count: int
    old: str | None
    new: str | None


class RevisionShown(Shown):
    """A revision of a transcript: by which credential it was made, when, and what it changed."""

    revision: int
    actor: str = Field(description="The id of the credential.", examples=["key_4dEfGh1jKlMn0pQrStUvWxYz"])
    created_at: str
    change_count: int
    changes: list[ChangeShown] = Field(description="The first 20 of `change_count`.")


class HistoryPage(Shown):
    """A page of a transcript's history, newest first. Revision 1 is the transcript as it came, and is not listed."""

    data: list[RevisionShown]
    has_more: bool
    next_cursor: str | None


class SpeakerListQuery(ListQuery):
    """Whose recordings' speakers to list."""

    end_user_id: EndUserIdField | None = Field(None, description="Required with a project-wide key.")
    name: PresentName | None = Field(None, description="Exactly this one.")


class SpeakerShown(Shown):
    """A name that speaks in recordings of an end user."""

    end_user_id: str
    name: str
    recording_count: int
    segment_count: int
    duration_ms: int = Field(description="Of its segments together.")
    minutes: float = Field(description="The same, to a tenth of a minute.")
    last_recorded_at: str | None
    is_machine_label: bool | None = Field(
        None, description="True where the name is a machine's label, which different people may have; else absent."
    )


class SpeakerPage(Shown):
    """A page of speakers, by name."""

    data: list[SpeakerShown]
    has_more: bool
    next_cursor: str | None


class SpeakerChanges(Body):
    """Which name is to be another, in which recordings."""

    end_user_id: EndUserIdField | None = Field(None, description="Required with a project-wide key.")
    name: PresentName
    new_name: SpeakerName
    recording_ids: Annotated[list[RecordingIdField], Field(min_length=1, max_length=_MOST)] | None = Field(
        None, description="If absent, all recordings in which the name speaks; required for a machine's label."
    )

    @model_validator(mode="after")
    def _check_differs(self) -> SpeakerChanges:
        if self.name == self.new_name:
            raise ValueError("must have a new_name that differs from name")
        return self


class RenamedShown(Shown):
    """A transcript in which the speaker was renamed."""

    recording_id: str
    transcription_id: str
    revision: int
    merged_indexes: list[int] | None = Field(
        None, description="Only where `new_name` spoke before: the segments that were `name`'s, to part the two again."
    )


class RenamedSpeakers(Shown):
    """What was renamed by this request, and how many recordings are left for the same request again."""

    end_user_id: str
    transcriptions: list[RenamedShown]
    remaining: int


def revision_to_wire(one: Revision) -> dict[str, Any]:
    """Return a row of a history."""
    return {
        "revision": one.revision, "actor": one.actor, "created_at": render_time(one.created_us),
        "change_count": one.change_count, "changes": [_change_to_wire(change) for change in one.changes],
    }  # fmt: skip


def _change_to_wire(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind, "index": change.segment, "segment_count": change.segment_count,
        "old": change.old_value, "new": change.new_value,
    }  # fmt: skip


def speaker_to_wire(end_user_id: str, one: Speaker) -> dict[str, Any]:
    """Return a row of the list of speakers."""
    return {
        "end_user_id": end_user_id, "name": one.name, "recording_count": one.recording_count,
        "segment_count": one.segment_count, "duration_ms": one.spoken_ms,
        "minutes": round(one.spoken_ms / _MS_PER_MINUTE, 1),
        "last_recorded_at": render_time_or_none(one.last_recorded_us),
        **({"is_machine_label": True} if is_machine_label(one.name) else {}),
    }  # fmt: skip


def renamed_to_wire(end_user_id: str | None, renamed: Sequence[Renamed], remaining: int) -> dict[str, Any]:
    """Return what was renamed."""
    shown = [
        {"recording_id": one.recording_id, "transcription_id": one.transcription_id, "revision": one.revision,
         **({"merged_indexes": one.merged_indexes} if one.merged_indexes else {})}
        for one in renamed
    ]  # fmt: skip
    return {"end_user_id": end_user_id, "transcriptions": shown, "remaining": remaining}
