"""The SQL that finds where in an end user's recordings somebody speaks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import chunks, recording_indexes, segments, transcript_speakers


@query
def select_speaker_names(own: Guard) -> Select[Any]:
    """Select the names of all who speak in an end user's recordings."""
    return select(transcript_speakers.c.name).where(own(transcript_speakers)).distinct()


@long_query
def select_chunks_of_speakers(own: Guard) -> Select[Any]:
    """Select the chunks in which anyone of `names` speaks.

    It begins with the names, which are in an index of the end user: others' chunks are not looked at.
    """
    speakers = transcript_speakers
    return (
        select(chunks.c.recording_id, chunks.c.ordinal)
        .select_from(speakers)
        .join(
            recording_indexes,
            (recording_indexes.c.tenant_id == speakers.c.tenant_id)
            & (recording_indexes.c.transcription_id == speakers.c.transcription_id),
        )
        .join(
            chunks,
            (chunks.c.tenant_id == recording_indexes.c.tenant_id)
            & (chunks.c.recording_id == recording_indexes.c.recording_id),
        )
        .join(
            segments,
            (segments.c.tenant_id == speakers.c.tenant_id)
            & (segments.c.transcription_id == speakers.c.transcription_id)
            & (segments.c.ordinal >= chunks.c.first_segment)
            & (segments.c.ordinal <= chunks.c.last_segment),
        )
        .where(
            own(speakers), own(recording_indexes), own(chunks), own(segments),
            any_of(speakers.c.name, "names"), segments.c.speaker == speakers.c.name,
        )
        .distinct()
    )  # fmt: skip
