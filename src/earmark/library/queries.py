"""The SQL of the library."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    case,
    delete,
    func,
    select,
    tuple_,
    update,
)

from earmark.library.types import EndUser, Recording
from earmark.storage import keyset
from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import end_users, folder_recordings, recordings, transcript_speakers

END_USER = tuple(end_users.c[name] for name in EndUser.__dataclass_fields__)
RECORDING = tuple(recordings.c[name] for name in Recording.__dataclass_fields__)


def newest_first(statement: Select[Any], table: Table, *, is_continued: bool, by: str = "created_us") -> Select[Any]:
    """Order newest first by keyset, after (`after_us`, `after_id`) if continued; at most `limit` rows."""
    ordered = keyset.newest_first(statement, table.c[by], table.c.id, is_continued=is_continued)
    return ordered.limit(bindparam("limit")).offset(bindparam("offset"))


# ---- end users -------------------------------------------------------------------------------------


@query
def insert_end_user(own: Guard) -> Insert:
    return own.insert(end_users)


@query
def select_end_user(own: Guard, *, for_update: bool = False) -> Select[Any]:
    statement = select(*END_USER).where(own(end_users), end_users.c.id == bindparam("end_user_id"))
    return statement.with_for_update(key_share=True) if for_update else statement


@query
def select_end_user_shared(own: Guard) -> Select[Any]:
    """Select an end user's number, and lock it against erasure until the commit."""
    statement = select(end_users.c.number).where(own(end_users), end_users.c.id == bindparam("end_user_id"))
    return statement.with_for_update(read=True, key_share=True)


@query
def select_end_user_by_external_id(own: Guard) -> Select[Any]:
    return select(*END_USER).where(own(end_users), end_users.c.external_id == bindparam("external_id"))


@query
def select_end_users(own: Guard, *, is_continued: bool) -> Select[Any]:
    return newest_first(select(*END_USER).where(own(end_users)), end_users, is_continued=is_continued)


@query
def update_end_user(own: Guard) -> Update:
    changed: dict[str, Any] = {
        name: bindparam(f"new_{name}") for name in ("external_id", "email", "name", "metadata_json", "updated_us")
    }
    return update(end_users).where(own(end_users), end_users.c.id == bindparam("end_user_id")).values(changed)


@query
def delete_end_user(own: Guard) -> Delete:
    return delete(end_users).where(own(end_users), end_users.c.id == bindparam("end_user_id"))


# ---- recordings ------------------------------------------------------------------------------------


@long_query
def count_library(own: Guard) -> Select[Any]:
    """Count end users, and recordings."""
    counts = (select(func.count()).select_from(one).where(own(one)) for one in (end_users, recordings))
    return select(*(one.scalar_subquery() for one in counts))


@query
def insert_recording(own: Guard) -> Insert:
    return own.insert(recordings, unset=("content_sha256", "content_sha256_verified_us", "file_size_bytes", "media_id"))


@query
def update_last_seq(own: Guard) -> Update:
    """Raise the sequence of a recording's transcriptions and media; the row is locked until the commit."""
    is_it = recordings.c.id == bindparam("recording_id")
    return update(recordings).where(own(recordings), is_it).values(last_seq=recordings.c.last_seq + 1)


@query
def select_last_seq(own: Guard) -> Select[tuple[int]]:
    return select(recordings.c.last_seq).where(own(recordings), recordings.c.id == bindparam("recording_id"))


@query
def select_recording(own: Guard, *, for_update: bool = False) -> Select[Any]:
    statement = select(*RECORDING).where(own(recordings), recordings.c.id == bindparam("recording_id"))
    return statement.with_for_update(key_share=True) if for_update else statement


@query
def select_recordings_shared(own: Guard) -> Select[Any]:
    """Select those that are there, which then stay until the commit."""
    statement = select(recordings.c.id).where(own(recordings), any_of(recordings.c.id, "recording_ids"))
    return statement.with_for_update(read=True, key_share=True)


@query
def select_recordings_among(own: Guard) -> Select[Any]:
    return select(*RECORDING).where(own(recordings), any_of(recordings.c.id, "recording_ids"))


@query
def select_recording_by_file(own: Guard) -> Select[Any]:
    return select(*RECORDING).where(
        own(recordings),
        recordings.c.end_user_id == bindparam("end_user_id"),
        recordings.c.import_sha256 == bindparam("import_sha256"),
    )


def _recording_ids_in_folder(own: Guard) -> Select[Any]:
    return select(folder_recordings.c.recording_id).where(
        own(folder_recordings), folder_recordings.c.folder_id == bindparam("folder_id")
    )


@query
def select_recordings_in_folder(own: Guard) -> Select[Any]:
    return (
        select(*RECORDING)
        .where(own(recordings), recordings.c.id.in_(_recording_ids_in_folder(own)))
        .order_by(recordings.c.created_us, recordings.c.id)
    )


@query
def select_transcribed(own: Guard, *, is_narrowed: bool) -> Select[Any]:
    """Select the newest recordings that have a transcript."""
    statement = select(*RECORDING).where(own(recordings), recordings.c.transcription_id.is_not(None))
    if is_narrowed:
        statement = statement.where(any_of(recordings.c.id, "recording_ids"))
    when = func.coalesce(recordings.c.recorded_us, recordings.c.created_us)
    return statement.order_by(when.desc(), recordings.c.id.desc()).limit(bindparam("limit"))


def _transcripts_with_speaker(own: Guard) -> Select[Any]:
    of, name = transcript_speakers, transcript_speakers.c.name
    begins_so = (name > bindparam("speaker_from")) & (name < bindparam("speaker_until"))  # "Bo" of "Bo Lindqvist"
    return select(of.c.transcription_id).where(own(of), begins_so | (name == bindparam("speaker")))


def _recordings(own: Guard, filters: frozenset[str]) -> Select[Any]:
    statement = select(*RECORDING).where(own(recordings))
    conditions: dict[str, ColumnElement[bool]] = {
        "end_user_id": recordings.c.end_user_id == bindparam("end_user_id"),
        "status": recordings.c.status == bindparam("status"),
        "uploaded": (recordings.c.status == "uploaded")
        | ((recordings.c.status == "completed") & recordings.c.content_sha256.is_not(None)),
        "device_id": recordings.c.device_id == bindparam("device_id"),
        "recorded_after": recordings.c.recorded_us >= bindparam("recorded_after"),
        "recorded_before": recordings.c.recorded_us < bindparam("recorded_before"),
        "q": recordings.c.name_folded.like(bindparam("q"), escape="\\"),
        "folder_id": recordings.c.id.in_(_recording_ids_in_folder(own)),
        "speaker": recordings.c.transcription_id.in_(_transcripts_with_speaker(own)),
    }
    for name in sorted(filters):
        statement = statement.where(conditions[name])
    return statement


@query
def select_recordings(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    return newest_first(_recordings(own, filters), recordings, is_continued=is_continued)


@long_query
def select_recordings_named(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """With `q`: every name is compared, as no index serves a pattern that begins with a wildcard."""
    return newest_first(_recordings(own, filters | {"q"}), recordings, is_continued=is_continued)


@long_query
def select_recordings_ordered(
    own: Guard, *, filters: frozenset[str], by: str, is_ascending: bool, is_continued: bool
) -> Select[Any]:
    """Select recordings that have a value in a column, in its order, after (`after_value`, `after_id`) if continued."""
    column = recordings.c[by]
    statement = _recordings(own, filters).where(column.is_not(None))
    if is_continued:
        position = tuple_(bindparam("after_value", type_=column.type), bindparam("after_id"))
        here = tuple_(column, recordings.c.id)
        statement = statement.where(here > position if is_ascending else here < position)
    order = (column, recordings.c.id) if is_ascending else (column.desc(), recordings.c.id.desc())
    return statement.order_by(*order).limit(bindparam("limit"))


@long_query
def select_recordings_without(own: Guard, *, filters: frozenset[str], by: str, is_continued: bool) -> Select[Any]:
    """Select recordings that have no value in a column, newest first."""
    statement = _recordings(own, filters).where(recordings.c[by].is_(None))
    return newest_first(statement, recordings, is_continued=is_continued)


@query
def update_recording(own: Guard) -> Update:
    names = (
        "name", "name_folded", "metadata_json", "recorded_us", "recorded_offset_min", "recorded_precision",
        "updated_us",
    )  # fmt: skip
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return update(recordings).where(own(recordings), recordings.c.id == bindparam("recording_id")).values(changed)


@query
def update_recording_transcribed(own: Guard) -> Update:
    return (
        update(recordings)
        .where(own(recordings), recordings.c.id == bindparam("recording_id"))
        .values(
            transcription_id=bindparam("new_transcription_id"),
            status="completed",
            duration_ms=func.coalesce(bindparam("new_duration_ms"), recordings.c.duration_ms),
            updated_us=bindparam("now_us"),
        )
    )


@query
def update_recording_audio(own: Guard) -> Update:
    """Update the audio's fields; None leaves a field unchanged. A recording with a transcript stays completed."""
    names = ("content_sha256", "content_sha256_verified_us", "file_size_bytes", "duration_ms", "media_id")
    changed: dict[str, Any] = {}
    for name in names:
        column = recordings.c[name]
        changed[name] = func.coalesce(bindparam(f"new_{name}", type_=column.type), column)
    return (
        update(recordings)
        .where(own(recordings), recordings.c.id == bindparam("recording_id"))
        .values(
            **changed,
            status=case((recordings.c.transcription_id.is_not(None), "completed"), else_=bindparam("new_status")),
            updated_us=bindparam("now_us"),
        )
    )


@query
def update_recording_without_audio(own: Guard) -> Update:
    """Its audio is gone; a recording without a transcript waits for an upload again."""
    names = ("content_sha256", "content_sha256_verified_us", "file_size_bytes", "media_id")
    return (
        update(recordings)
        .where(own(recordings), recordings.c.id == bindparam("recording_id"))
        .values(
            **dict.fromkeys(names),
            status=case((recordings.c.transcription_id.is_not(None), "completed"), else_="pending"),
            updated_us=bindparam("now_us"),
        )
    )


@query
def update_recording_without_transcript(own: Guard) -> Update:
    """Its transcript is gone, unless it has another one by now."""
    is_it = (recordings.c.id == bindparam("recording_id")) & (
        recordings.c.transcription_id == bindparam("gone_transcription_id")
    )
    return (
        update(recordings)
        .where(own(recordings), is_it)
        .values(
            transcription_id=None,
            status=case((recordings.c.media_id.is_not(None), "uploaded"), else_="pending"),
            updated_us=bindparam("now_us"),
        )
    )


@query
def delete_recording(own: Guard) -> Delete:
    return delete(recordings).where(own(recordings), recordings.c.id == bindparam("recording_id"))


# ---- transcripts -----------------------------------------------------------------------------------
