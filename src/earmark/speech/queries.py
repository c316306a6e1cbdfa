"""The SQL of running transcriptions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, select, update

from earmark.speech.types import State
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import heard_segments, hearings, transcriptions

STATE = tuple(hearings.c[name] for name in State.__dataclass_fields__)
SEGMENT = (
    heard_segments.c.start_ms, heard_segments.c.end_ms, heard_segments.c.text, heard_segments.c.speaker,
    heard_segments.c.confidence,
)  # fmt: skip


@query
def insert_hearing(own: Guard) -> Insert:
    return own.insert(hearings)


@query
def select_hearing(own: Guard) -> Select[Any]:
    is_it = hearings.c.transcription_id == bindparam("transcription_id")
    return select(*STATE).where(own(hearings), is_it)


@query
def update_heard(own: Guard) -> Update:
    """Only further than before: what was heard already is not stored again."""
    is_it = (hearings.c.transcription_id == bindparam("transcription_id")) & (
        hearings.c.heard_until_ms < bindparam("new_heard_until_ms")
    )
    changed: dict[str, Any] = {
        "heard_until_ms": bindparam("new_heard_until_ms"), "progress": bindparam("new_progress"),
        "language": func.coalesce(hearings.c.language, bindparam("new_language", type_=hearings.c.language.type)),
        "updated_us": bindparam("now_us"), "sent": None,
    }  # fmt: skip
    return update(hearings).where(own(hearings), is_it).values(changed)


@query
def update_sent(own: Guard) -> Update:
    is_it = hearings.c.transcription_id == bindparam("transcription_id")
    changed: dict[str, Any] = {"sent": bindparam("new_sent"), "updated_us": bindparam("now_us")}
    return update(hearings).where(own(hearings), is_it).values(changed)


@query
def select_sent(own: Guard) -> Select[Any]:
    """What vendors have of a transcription, a recording's or an end user's: engine and `sent`."""
    return _sent(own).where(hearings.c.transcription_id == bindparam("transcription_id"))


@query
def select_sent_of_recording(own: Guard) -> Select[Any]:
    return _sent(own).where(transcriptions.c.recording_id == bindparam("recording_id"))


@query
def select_sent_of_end_user(own: Guard) -> Select[Any]:
    return _sent(own).where(hearings.c.end_user_id == bindparam("of_end_user_id"))


def _sent(own: Guard) -> Select[Any]:
    is_its = (transcriptions.c.tenant_id == hearings.c.tenant_id) & (transcriptions.c.id == hearings.c.transcription_id)
    return (
        select(transcriptions.c.engine, hearings.c.sent)
        .select_from(hearings.join(transcriptions, is_its))
        .where(own(hearings), own(transcriptions), hearings.c.sent.is_not(None))
    )


@query
def update_heard_whole(own: Guard) -> Update:
    is_it = hearings.c.transcription_id == bindparam("transcription_id")
    changed: dict[str, Any] = {
        "decoded_ms": bindparam("new_decoded_ms"), "is_partial": bindparam("new_is_partial"),
        "progress": bindparam("new_progress"), "updated_us": bindparam("now_us"),
    }  # fmt: skip
    return update(hearings).where(own(hearings), is_it).values(changed)


@query
def delete_hearing(own: Guard) -> Delete:
    """With what was heard."""
    return delete(hearings).where(own(hearings), hearings.c.transcription_id == bindparam("transcription_id"))


@query
def insert_heard(own: Guard) -> Insert:
    return own.insert(heard_segments)


@query
def count_heard(own: Guard) -> Select[Any]:
    is_it = heard_segments.c.transcription_id == bindparam("transcription_id")
    return select(func.count()).where(own(heard_segments), is_it)


@long_query
def select_heard(own: Guard) -> Select[Any]:
    is_it = heard_segments.c.transcription_id == bindparam("transcription_id")
    return select(*SEGMENT).where(own(heard_segments), is_it).order_by(heard_segments.c.ordinal)
