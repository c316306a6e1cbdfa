"""The SQL of parts of transcripts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, select

from earmark.library.transcript_queries import SEGMENT
from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, query
from earmark.storage.tables import segments


@query
def select_segments_within(own: Guard) -> Select[Any]:
    """Select segments that overlap a stretch of time, behind an ordinal, with their ordinals."""
    return (
        select(segments.c.ordinal, *SEGMENT)
        .where(
            own(segments),
            segments.c.transcription_id == bindparam("transcription_id"),
            segments.c.ordinal > bindparam("after_ordinal"),
            segments.c.end_ms > bindparam("from_ms"),
            segments.c.start_ms < bindparam("before_ms"),
        )
        .order_by(segments.c.ordinal)
        .limit(bindparam("limit"))
    )


@query
def select_segments_starting_at(own: Guard) -> Select[Any]:
    """Select the segments of one transcript that start at one of some times."""
    return (
        select(*SEGMENT)
        .where(
            own(segments),
            segments.c.transcription_id == bindparam("transcription_id"),
            any_of(segments.c.start_ms, "starts_ms"),
        )
        .order_by(segments.c.ordinal)
    )
