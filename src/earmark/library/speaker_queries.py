"""The SQL of who speaks in transcripts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Delete, Insert, Select, and_, bindparam, delete, func, select

from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import recordings, transcript_speakers


@query
def insert_speaker(own: Guard) -> Insert:
    return own.insert(transcript_speakers)


@query
def delete_speakers(own: Guard) -> Delete:
    is_it = transcript_speakers.c.transcription_id == bindparam("transcription_id")
    return delete(transcript_speakers).where(own(transcript_speakers), is_it)


def _recording_of() -> ColumnElement[bool]:
    """Join a transcript with the recording that shows it."""
    return and_(
        recordings.c.tenant_id == transcript_speakers.c.tenant_id,
        recordings.c.transcription_id == transcript_speakers.c.transcription_id,
    )


@long_query
def select_speakers(own: Guard, *, is_one: bool) -> Select[Any]:
    """Select an end user's speakers by name, after `after_name`, at most `limit`; or only `only_name`."""
    name = transcript_speakers.c.name
    columns = (name, func.count(), func.sum(transcript_speakers.c.segment_count),
               func.sum(transcript_speakers.c.spoken_ms), func.max(recordings.c.recorded_us))  # fmt: skip
    statement = (
        select(*columns)
        .join(recordings, _recording_of())
        .where(own(transcript_speakers), own(recordings), name > bindparam("after_name"))
    )
    if is_one:
        statement = statement.where(name == bindparam("only_name"))
    return statement.group_by(name).order_by(name).limit(bindparam("limit")).offset(bindparam("offset"))


@long_query
def select_transcripts_of_speaker(own: Guard, *, is_narrowed: bool) -> Select[Any]:
    """Select the current transcripts in which a name speaks, those of older recordings first."""
    statement = (
        select(recordings.c.id, transcript_speakers.c.transcription_id)
        .join(recordings, _recording_of())
        .where(own(transcript_speakers), own(recordings), transcript_speakers.c.name == bindparam("name"))
    )
    if is_narrowed:
        statement = statement.where(any_of(recordings.c.id, "recording_ids"))
    return statement.order_by(recordings.c.created_us, recordings.c.id)
