"""The SQL of transcriptions and their segments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    select,
    update,
)

from earmark.library.queries import newest_first
from earmark.library.types import Transcription
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import segments, transcriptions

TRANSCRIPTION = tuple(transcriptions.c[name] for name in Transcription.__dataclass_fields__)


@query
def insert_transcription(own: Guard) -> Insert:
    return own.insert(transcriptions)


@query
def insert_segment(own: Guard) -> Insert:
    """Insert a segment as it comes: nobody has marked it yet."""
    return own.insert(segments, unset={"is_unclear"})


@query
def select_transcription(own: Guard) -> Select[Any]:
    return select(*TRANSCRIPTION).where(own(transcriptions), transcriptions.c.id == bindparam("transcription_id"))


@query
def select_warnings(own: Guard) -> Select[tuple[str | None]]:
    is_it = transcriptions.c.id == bindparam("transcription_id")
    return select(transcriptions.c.warnings_json).where(own(transcriptions), is_it)


@query
def select_transcriptions(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """Of one recording by `seq`: there, which is newer says which is current."""
    statement = select(*TRANSCRIPTION).where(own(transcriptions))
    if "recording_id" in filters:
        statement = statement.where(transcriptions.c.recording_id == bindparam("recording_id"))
        return newest_first(statement, transcriptions, is_continued=is_continued, by="seq")
    return newest_first(statement, transcriptions, is_continued=is_continued)


def _is_open() -> ColumnElement[bool]:
    return (transcriptions.c.status == "pending") | (transcriptions.c.status == "processing")


@query
def select_open_heard(own: Guard) -> Select[Any]:
    """Select what jobs make of a recording's audio at present, the newest first."""
    is_heard = (transcriptions.c.recording_id == bindparam("recording_id")) & (transcriptions.c.is_heard == 1)
    return select(*TRANSCRIPTION).where(own(transcriptions), is_heard, _is_open()).order_by(transcriptions.c.seq.desc())


@query
def update_transcription_started(own: Guard) -> Update:
    is_it = (transcriptions.c.id == bindparam("transcription_id")) & (transcriptions.c.status == "pending")
    changed: dict[str, Any] = {
        "status": "processing", "started_us": bindparam("now_us"), "updated_us": bindparam("now_us"),
    }  # fmt: skip
    return update(transcriptions).where(own(transcriptions), is_it).values(changed)


@query
def update_transcription_failed(own: Guard) -> Update:
    is_it = transcriptions.c.id == bindparam("transcription_id")
    changed: dict[str, Any] = {
        "status": "failed", "error_code": bindparam("new_code"), "error_message": bindparam("new_error"),
        "updated_us": bindparam("now_us"),
    }  # fmt: skip
    return update(transcriptions).where(own(transcriptions), is_it, _is_open()).values(changed)


@query
def update_transcription_heard(own: Guard) -> Update:
    is_it = (transcriptions.c.id == bindparam("transcription_id")) & (transcriptions.c.status == "processing")
    names = ("language", "word_count", "confidence", "duration_ms", "warnings_json", "warnings_total")
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    changed |= {"status": "completed", "completed_us": bindparam("now_us"), "updated_us": bindparam("now_us")}
    return update(transcriptions).where(own(transcriptions), is_it).values(changed)


@query
def update_transcription_completed(own: Guard) -> Update:
    return (
        update(transcriptions)
        .where(
            own(transcriptions),
            transcriptions.c.id == bindparam("transcription_id"),
            transcriptions.c.status == "processing",
        )
        .values(status="completed", completed_us=bindparam("now_us"), updated_us=bindparam("now_us"))
    )


@query
def delete_transcription(own: Guard) -> Delete:
    """Its segments go by cascade."""
    return delete(transcriptions).where(own(transcriptions), transcriptions.c.id == bindparam("transcription_id"))


@query
def delete_earlier_transcriptions(own: Guard) -> Delete:
    """Failed ones stay: they are no transcript that another could replace."""
    return delete(transcriptions).where(
        own(transcriptions),
        transcriptions.c.recording_id == bindparam("recording_id"),
        transcriptions.c.seq < bindparam("before_seq"),
        transcriptions.c.status != "failed",
    )


SEGMENT = (
    segments.c.start_ms, segments.c.end_ms, segments.c.text, segments.c.speaker, segments.c.confidence,
    segments.c.is_unclear.is_not(None),
)  # fmt: skip


@long_query
def select_segments(own: Guard) -> Select[Any]:
    return (
        select(*SEGMENT)
        .where(own(segments), segments.c.transcription_id == bindparam("transcription_id"))
        .order_by(segments.c.ordinal)
    )
