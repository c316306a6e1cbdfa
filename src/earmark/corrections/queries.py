"""The SQL of corrections."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Insert, Select, Update, bindparam, select, update

from earmark.corrections.types import Change
from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import (
    original_segments,
    segments,
    transcript_changes,
    transcript_revisions,
    transcriptions,
)


@query
def update_corrected(own: Guard) -> Update:
    """Raise a completed transcript's revision, if it is still the one asked about."""
    is_it = (transcriptions.c.id == bindparam("transcription_id")) & (transcriptions.c.status == "completed")
    changed: dict[str, Any] = {
        "revision": transcriptions.c.revision + 1, "word_count": bindparam("new_word_count"),
        "updated_us": bindparam("now_us"),
    }  # fmt: skip
    is_current = transcriptions.c.revision == bindparam("asked_revision")
    return update(transcriptions).where(own(transcriptions), is_it, is_current).values(changed)


@query
def update_segment(own: Guard) -> Update:
    is_it = (segments.c.transcription_id == bindparam("of_transcription")) & (
        segments.c.ordinal == bindparam("of_ordinal")
    )
    changed: dict[str, Any] = {
        "text": bindparam("new_text"), "speaker": bindparam("new_speaker"), "is_unclear": bindparam("new_is_unclear"),
    }  # fmt: skip
    return update(segments).where(own(segments), is_it).values(changed)


@query
def insert_original(own: Guard) -> Insert:
    return own.insert(original_segments)


@query
def select_original_ordinals(own: Guard) -> Select[tuple[int]]:
    is_it = original_segments.c.transcription_id == bindparam("transcription_id")
    return select(original_segments.c.ordinal).where(own(original_segments), is_it)


@long_query
def select_originals(own: Guard) -> Select[Any]:
    columns = (original_segments.c.ordinal, original_segments.c.speaker, original_segments.c.text)
    is_it = original_segments.c.transcription_id == bindparam("transcription_id")
    return select(*columns).where(own(original_segments), is_it)


@query
def insert_revision(own: Guard) -> Insert:
    return own.insert(transcript_revisions)


@query
def insert_change(own: Guard) -> Insert:
    return own.insert(transcript_changes)


@query
def select_made(own: Guard) -> Select[tuple[str | None]]:
    """Select which keyed request made a revision."""
    is_it = (transcript_revisions.c.transcription_id == bindparam("transcription_id")) & (
        transcript_revisions.c.revision == bindparam("of_revision")
    )
    return select(transcript_revisions.c.made).where(own(transcript_revisions), is_it)


@query
def select_revisions(own: Guard, *, is_continued: bool) -> Select[Any]:
    """Select a transcript's revisions, the newest first, before `after_us` if continued."""
    table = transcript_revisions
    columns = (table.c.revision, table.c.actor, table.c.change_count, table.c.created_us)
    statement = select(*columns).where(own(table), table.c.transcription_id == bindparam("transcription_id"))
    if is_continued:
        statement = statement.where(table.c.revision < bindparam("after_us"))
    return statement.order_by(table.c.revision.desc()).limit(bindparam("limit")).offset(bindparam("offset"))


CHANGE = tuple(transcript_changes.c[name] for name in Change.__dataclass_fields__)


@long_query
def select_changes(own: Guard) -> Select[Any]:
    """Select the first changes of each of some revisions."""
    table = transcript_changes
    return (
        select(table.c.revision, *CHANGE)
        .where(
            own(table),
            table.c.transcription_id == bindparam("transcription_id"),
            any_of(table.c.revision, "revisions"),
            table.c.ordinal < bindparam("most"),
        )
        .order_by(table.c.revision, table.c.ordinal)
    )
