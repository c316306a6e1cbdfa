"""The SQL of the sessions list and its title filter: one SELECT a page."""

from __future__ import annotations

from collections.abc import Sequence
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

from earmark.storage.dialect import any_of, contains
from earmark.storage.keyset import newest_first
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import ask_session_recordings, ask_sessions, ask_title_counters, ask_title_grams

SESSION_NAMES = (
    "id", "end_user_id", "scope_json", "title", "message_count", "last_message_us", "last_model", "last_provider",
    "created_us", "updated_us",
)  # fmt: skip
SESSION = tuple(ask_sessions.c[name] for name in SESSION_NAMES)
GRAM = (ask_title_grams.c.gram, ask_title_grams.c.block, ask_title_grams.c.offsets)


def _walk(own: Guard, columns: Sequence[Any], filters: frozenset[str], *, is_continued: bool) -> Select[Any]:
    """Select newest activity first, ties by id descending; after a position if continued."""
    listed = ask_session_recordings if "recording_id" in filters else ask_sessions
    id_column = listed.c.session_id if "recording_id" in filters else listed.c.id
    statement = select(*columns).where(own(ask_sessions))
    if "recording_id" in filters:
        is_same = (listed.c.tenant_id == ask_sessions.c.tenant_id) & (listed.c.session_id == ask_sessions.c.id)
        is_named = listed.c.recording_id == bindparam("recording_id")
        statement = statement.join(listed, is_same).where(own(listed), is_named)
        if not own.scoped and "end_user_id" not in filters:
            statement = statement.where(listed.c.end_user_id == _owner(own))
    conditions: dict[str, ColumnElement[bool]] = {
        "end_user_id": listed.c.end_user_id == bindparam("end_user_id"),
        "scope_type": listed.c.scope_type == bindparam("scope_type"),
        "active_after": listed.c.last_message_us >= bindparam("active_after"),
        "active_before": listed.c.last_message_us < bindparam("active_before"),
    }
    for name in sorted(filters - {"recording_id"}):
        statement = statement.where(conditions[name])
    return newest_first(statement, listed.c.last_message_us, id_column, is_continued=is_continued)


def _owner(own: Guard) -> ColumnElement[str]:
    """Select the recording's owner; fixing the end user lets the index provide the list order."""
    of = ask_session_recordings
    named = select(of.c.end_user_id).where(own(of), of.c.recording_id == bindparam("recording_id")).limit(1)
    return named.correlate(None).scalar_subquery()


@query
def select_sessions(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """Select one page of the list without a title filter."""
    return _walk(own, SESSION, filters, is_continued=is_continued).limit(bindparam("limit"))


@long_query
def select_sessions_titled(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """Select one page of titles that contain `q`, scanning in list order without limit."""
    statement = _walk(own, SESSION, filters, is_continued=is_continued)
    return statement.where(contains(ask_sessions.c.title_folded, "q")).limit(bindparam("limit"))


@long_query
def select_sessions_titled_near(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """Select titles that contain `q` among the next `reach` sessions of the list."""
    columns = (*SESSION, ask_sessions.c.title_folded)
    near = _walk(own, columns, filters, is_continued=is_continued).limit(bindparam("reach")).subquery("near")
    return (
        select(*(near.c[name] for name in SESSION_NAMES))
        .where(contains(near.c.title_folded, "q"))
        .order_by(near.c.last_message_us.desc(), near.c.id.desc())
        .limit(bindparam("limit"))
    )


@long_query
def select_sessions_titled_among(
    own: Guard, *, filters: frozenset[str], is_continued: bool, is_indexed: bool
) -> Select[Any]:
    """Select among the title index's candidates, or among the titles not indexed yet.

    The inner LIMIT (higher than any possible count) stops planners from scanning in list order instead.
    """
    columns = (*SESSION, ask_sessions.c.scope_type, ask_sessions.c.title_folded)
    numbered = any_of(ask_sessions.c.title_seq, "title_seqs")
    wanted = numbered if is_indexed else ask_sessions.c.title_seq >= bindparam("indexed_seq")
    few = select(*columns).where(own(ask_sessions), wanted).limit(bindparam("most")).subquery("few")
    named = select(ask_session_recordings.c.session_id).where(
        own(ask_session_recordings), ask_session_recordings.c.recording_id == bindparam("recording_id")
    )
    conditions: dict[str, ColumnElement[bool]] = {
        "end_user_id": few.c.end_user_id == bindparam("end_user_id"),
        "scope_type": few.c.scope_type == bindparam("scope_type"),
        "recording_id": few.c.id.in_(named),
        "active_after": few.c.last_message_us >= bindparam("active_after"),
        "active_before": few.c.last_message_us < bindparam("active_before"),
    }
    statement = select(*(few.c[name] for name in SESSION_NAMES)).where(contains(few.c.title_folded, "q"))
    statement = statement.where(*(conditions[name] for name in sorted(filters)))
    ordered = newest_first(statement, few.c.last_message_us, few.c.id, is_continued=is_continued)
    return ordered.limit(bindparam("limit"))


# ---- the title index -------------------------------------------------------------------------------


@query
def insert_title_counter(own: Guard) -> Insert:
    return own.insert_or_ignore(ask_title_counters)


@query
def select_title_counter(own: Guard, *, for_update: bool) -> Select[Any]:
    statement = select(ask_title_counters.c.next_seq, ask_title_counters.c.indexed_seq).where(own(ask_title_counters))
    return statement.with_for_update() if for_update else statement


@query
def update_title_counter(own: Guard) -> Update:
    return update(ask_title_counters).where(own(ask_title_counters)).values(next_seq=bindparam("new_next_seq"))


@query
def update_indexed_seq(own: Guard) -> Update:
    return update(ask_title_counters).where(own(ask_title_counters)).values(indexed_seq=bindparam("new_indexed_seq"))


@query
def select_titles_between(own: Guard) -> Select[Any]:
    return select(ask_sessions.c.title_seq, ask_sessions.c.title_folded).where(
        own(ask_sessions), ask_sessions.c.title_seq >= bindparam("first"), ask_sessions.c.title_seq < bindparam("end")
    )


@query
def select_titles_of(own: Guard, *, whose: str) -> Select[Any]:
    """Select and lock the titles of a session, or of an end user.

    Turns lock in the same order: a session, then its end user and the title index.
    """
    column = ask_sessions.c.id if whose == "session" else ask_sessions.c.end_user_id
    return (
        select(ask_sessions.c.title_seq, ask_sessions.c.title_folded)
        .where(own(ask_sessions), column == bindparam("whose_id"))
        .order_by(ask_sessions.c.id)
        .with_for_update()
    )


@query
def insert_title_gram(own: Guard) -> Insert:
    return own.insert(ask_title_grams)


@long_query
def select_title_grams(own: Guard) -> Select[Any]:
    return select(*GRAM).where(own(ask_title_grams), any_of(ask_title_grams.c.gram, "grams")).limit(bindparam("limit"))


@long_query
def select_title_grams_between(own: Guard) -> Select[Any]:
    return (
        select(*GRAM)
        .where(
            own(ask_title_grams),
            ask_title_grams.c.gram >= bindparam("first"),
            ask_title_grams.c.gram < bindparam("end"),
        )
        .limit(bindparam("limit"))
    )


@query
def select_title_grams_of_block(own: Guard) -> Select[Any]:
    return select(*GRAM).where(
        own(ask_title_grams),
        any_of(ask_title_grams.c.gram, "grams"),
        ask_title_grams.c.block == bindparam("title_block"),
    )


@query
def update_title_gram(own: Guard) -> Update:
    return (
        update(ask_title_grams)
        .where(
            own(ask_title_grams),
            ask_title_grams.c.gram == bindparam("title_gram"),
            ask_title_grams.c.block == bindparam("title_block"),
        )
        .values(offsets=bindparam("new_offsets"))
    )


@query
def delete_title_gram(own: Guard) -> Delete:
    return delete(ask_title_grams).where(
        own(ask_title_grams),
        ask_title_grams.c.gram == bindparam("title_gram"),
        ask_title_grams.c.block == bindparam("title_block"),
    )
