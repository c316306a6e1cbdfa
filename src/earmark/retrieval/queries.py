"""The SQL of retrieval. Queries read one end user's rows: callers narrow their handle first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import (
    chunks,
    postings,
    recording_indexes,
    recordings,
    segments,
    staged_vectors,
    vector_blocks,
)


@query
def insert_index(own: Guard) -> Insert:
    return own.insert(recording_indexes)


@query
def insert_vectors(own: Guard) -> Insert:
    return own.insert(vector_blocks)


@query
def insert_posting(own: Guard) -> Insert:
    return own.insert(postings)


@query
def insert_chunk(own: Guard) -> Insert:
    return own.insert(chunks)


@query
def delete_index(own: Guard) -> Delete:
    """Delete an index; its postings and vectors are deleted by cascade."""
    return delete(recording_indexes).where(
        own(recording_indexes), recording_indexes.c.recording_id == bindparam("recording_id")
    )


@query
def select_indexed_transcription(own: Guard) -> Select[Any]:
    is_it = recording_indexes.c.recording_id == bindparam("recording_id")
    return select(recording_indexes.c.transcription_id).where(own(recording_indexes), is_it)


@query
def delete_chunks(own: Guard) -> Delete:
    return delete(chunks).where(own(chunks), chunks.c.recording_id == bindparam("recording_id"))


@long_query
def select_indexes(own: Guard) -> Select[Any]:
    columns = (recording_indexes.c.recording_no, recording_indexes.c.recording_id, recording_indexes.c.transcription_id,
               recording_indexes.c.language, recording_indexes.c.chunk_count, recording_indexes.c.chunk_lengths,
               recordings.c.recorded_us, recordings.c.name, recording_indexes.c.embedder,
               recording_indexes.c.vector_counts, recordings.c.recorded_offset_min,
               recording_indexes.c.revision)  # fmt: skip
    return (
        select(*columns)
        .join(
            recordings,
            (recordings.c.tenant_id == recording_indexes.c.tenant_id)
            & (recordings.c.id == recording_indexes.c.recording_id),
        )
        .where(own(recording_indexes), own(recordings))
        .order_by(recordings.c.created_us, recording_indexes.c.recording_id)
    )


@long_query
def select_postings(own: Guard) -> Select[Any]:
    return (
        select(postings.c.term, postings.c.recording_no, postings.c.occurrences)
        .where(own(postings), any_of(postings.c.term, "terms"))
        .order_by(postings.c.term, postings.c.recording_no)
    )


@long_query
def select_languages(own: Guard) -> Select[Any]:
    """Which languages the library has, and which embedders made its vectors."""
    return select(recording_indexes.c.language, recording_indexes.c.embedder).where(own(recording_indexes)).distinct()


@long_query
def select_known_terms(own: Guard) -> Select[Any]:
    return select(postings.c.term).where(own(postings), any_of(postings.c.term, "terms")).distinct()


@long_query
def select_vectors(own: Guard) -> Select[Any]:
    return select(vector_blocks.c.recording_no, vector_blocks.c.vectors).where(own(vector_blocks))


@long_query
def select_vectors_of(own: Guard) -> Select[Any]:
    return select(vector_blocks.c.recording_no, vector_blocks.c.vectors).where(
        own(vector_blocks), any_of(vector_blocks.c.recording_no, "recording_nos")
    )


def _is_at_places() -> ColumnElement[bool]:
    """Chunks with one of the ordinals in one of the recordings: a superset of the places that are wanted."""
    return and_(any_of(chunks.c.recording_id, "recording_ids"), any_of(chunks.c.ordinal, "ordinals"))


def _index_of_chunk() -> ColumnElement[bool]:
    return and_(
        recording_indexes.c.tenant_id == chunks.c.tenant_id, recording_indexes.c.recording_id == chunks.c.recording_id
    )


@long_query
def select_chunks_at(own: Guard) -> Select[Any]:
    columns = (chunks.c.recording_id, chunks.c.ordinal, recording_indexes.c.transcription_id,
               recording_indexes.c.revision, chunks.c.id, chunks.c.speaker, chunks.c.first_segment,
               chunks.c.last_segment)  # fmt: skip
    return (
        select(*columns)
        .join(recording_indexes, _index_of_chunk())
        .where(own(chunks), own(recording_indexes), _is_at_places())
    )


@long_query
def select_segments_around(own: Guard) -> Select[Any]:
    """The segments of chunks, with those `before` and `after` each of them."""
    columns = (segments.c.start_ms, segments.c.end_ms, segments.c.text, segments.c.speaker, segments.c.confidence)
    return (
        select(chunks.c.id, *columns)
        .join(recording_indexes, _index_of_chunk())
        .join(
            segments,
            (segments.c.tenant_id == recording_indexes.c.tenant_id)
            & (segments.c.transcription_id == recording_indexes.c.transcription_id)
            & (segments.c.ordinal >= chunks.c.first_segment - bindparam("before"))
            & (segments.c.ordinal <= chunks.c.last_segment + bindparam("after")),
        )
        .where(own(chunks), own(recording_indexes), own(segments), _is_at_places(), any_of(chunks.c.id, "chunk_ids"))
        .order_by(chunks.c.id, segments.c.ordinal)
    )


@query
def count_indexes(own: Guard) -> Select[Any]:
    counted = (func.count(), func.coalesce(func.sum(recording_indexes.c.chunk_count), 0))
    return select(*counted).select_from(recording_indexes).where(own(recording_indexes))


# ---- another embedder ------------------------------------------------------------------------------


def _is_stale() -> ColumnElement[bool]:
    """Whether vectors are another embedder's, or in the old one-per-chunk format."""
    return or_(recording_indexes.c.embedder != bindparam("embedder"), recording_indexes.c.vector_counts.is_(None))


@long_query
def select_stale_owners(own: Guard) -> Select[Any]:
    """Select the end users with recordings whose vectors must be recomputed: how many, and how many have none."""
    has_none = func.sum(case((recording_indexes.c.embedder == bindparam("no_embedder"), 1), else_=0))
    return (
        select(recordings.c.end_user_id, recording_indexes.c.end_user_no, func.count(), has_none)
        .join(
            recordings,
            (recordings.c.tenant_id == recording_indexes.c.tenant_id)
            & (recordings.c.id == recording_indexes.c.recording_id),
        )
        .where(own(recording_indexes), own(recordings), _is_stale())
        .group_by(recordings.c.end_user_id, recording_indexes.c.end_user_no)
        .order_by(recordings.c.end_user_id)
    )


@long_query
def select_stale(own: Guard) -> Select[Any]:
    names = ("recording_no", "recording_id", "transcription_id", "embedder", "chunk_count", "revision")
    columns = (recording_indexes.c[name] for name in names)
    return select(*columns).where(own(recording_indexes), _is_stale()).order_by(recording_indexes.c.recording_id)


@query
def select_index_transcription(own: Guard) -> Select[Any]:
    return select(recording_indexes.c.transcription_id, recording_indexes.c.revision).where(
        own(recording_indexes), recording_indexes.c.recording_no == bindparam("recording_no")
    )


@query
def select_index_vectors(own: Guard) -> Select[Any]:
    columns = (recording_indexes.c.recording_no, recording_indexes.c.embedder, recording_indexes.c.vector_counts)
    return select(*columns).where(own(recording_indexes), recording_indexes.c.recording_id == bindparam("recording_id"))


@query
def select_chunk_bounds(own: Guard) -> Select[Any]:
    return (
        select(chunks.c.first_segment, chunks.c.last_segment)
        .where(own(chunks), chunks.c.recording_id == bindparam("recording_id"))
        .order_by(chunks.c.ordinal)
    )


@query
def insert_staged(own: Guard) -> Insert:
    return own.insert(staged_vectors)


@query
def delete_staged(own: Guard) -> Delete:
    return delete(staged_vectors).where(own(staged_vectors), staged_vectors.c.recording_no == bindparam("recording_no"))


@query
def select_staged_nos(own: Guard) -> Select[Any]:
    return select(staged_vectors.c.recording_no).where(
        own(staged_vectors),
        staged_vectors.c.embedder == bindparam("embedder"),
        staged_vectors.c.vector_counts.is_not(None),
    )


@query
def select_staged(own: Guard) -> Select[Any]:
    return select(staged_vectors.c.vectors, staged_vectors.c.vector_counts).where(
        own(staged_vectors),
        staged_vectors.c.embedder == bindparam("embedder"),
        staged_vectors.c.recording_no == bindparam("recording_no"),
    )


@query
def delete_vectors(own: Guard) -> Delete:
    return delete(vector_blocks).where(own(vector_blocks), vector_blocks.c.recording_no == bindparam("recording_no"))


@query
def update_index_embedder(own: Guard) -> Update:
    return (
        update(recording_indexes)
        .where(own(recording_indexes), recording_indexes.c.recording_no == bindparam("recording_no"))
        .values(embedder=bindparam("new_embedder"), vector_counts=bindparam("new_vector_counts"))
    )
