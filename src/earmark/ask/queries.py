"""The SQL of Ask, except what `list_queries.py` and `turn_queries.py` contain."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Delete,
    Insert,
    Select,
    Update,
    bindparam,
    case,
    delete,
    select,
    update,
)

from earmark.ask.sessions.list_queries import SESSION
from earmark.storage.query import Guard, query
from earmark.storage.tables import (
    ask_messages,
    ask_session_recordings,
    ask_sessions,
    ask_turn_waiters,
    end_users,
    message_sources,
)

STATE = (
    ask_sessions.c.id, ask_sessions.c.end_user_id, end_users.c.number, ask_sessions.c.scope_json,
    ask_sessions.c.title, ask_sessions.c.message_count, ask_sessions.c.last_message_us,
    ask_sessions.c.updated_us, ask_sessions.c.turn_holder, ask_sessions.c.turn_message_id,
    ask_sessions.c.turn_expires_us, ask_sessions.c.is_title_default,
)  # fmt: skip
MESSAGE = (
    ask_messages.c.id, ask_messages.c.ordinal, ask_messages.c.role, ask_messages.c.content,
    ask_messages.c.parts_json, ask_messages.c.model, ask_messages.c.provider, ask_messages.c.finish_reason,
    ask_messages.c.created_us, ask_messages.c.input_tokens, ask_messages.c.output_tokens,
    ask_messages.c.cached_tokens, ask_messages.c.answered, ask_messages.c.dropped_citations,
)  # fmt: skip


# ---- sessions --------------------------------------------------------------------------------------


@query
def insert_session(own: Guard) -> Insert:
    return own.insert(ask_sessions, unset=("turn_cancel",))


@query
def insert_session_recording(own: Guard) -> Insert:
    return own.insert(ask_session_recordings)


@query
def select_session(own: Guard) -> Select[Any]:
    return select(*SESSION).where(own(ask_sessions), ask_sessions.c.id == bindparam("session_id"))


@query
def select_session_by_import(own: Guard) -> Select[Any]:
    return select(*SESSION).where(
        own(ask_sessions),
        ask_sessions.c.end_user_id == bindparam("end_user_id"),
        ask_sessions.c.import_sha256 == bindparam("import_sha256"),
    )


@query
def select_session_state(own: Guard, *, for_update: bool = False) -> Select[Any]:
    statement = (
        select(*STATE)
        .join(
            end_users,
            (end_users.c.tenant_id == ask_sessions.c.tenant_id) & (end_users.c.id == ask_sessions.c.end_user_id),
        )
        .where(own(ask_sessions), own(end_users), ask_sessions.c.id == bindparam("session_id"))
    )
    return statement.with_for_update(of=ask_sessions) if for_update else statement


@query
def update_session_title(own: Guard) -> Update:
    names = ("title", "title_folded", "title_seq", "is_title_default", "updated_us")
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return update(ask_sessions).where(own(ask_sessions), ask_sessions.c.id == bindparam("session_id")).values(changed)


@query
def update_session_counters(own: Guard) -> Update:
    """Update after a message: count, activity, last model and provider."""
    names = ("message_count", "last_message_us", "updated_us")
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    for name in ("last_model", "last_provider"):
        new = bindparam(f"new_{name}", type_=ask_sessions.c[name].type)
        changed[name] = case((new.is_not(None), new), else_=ask_sessions.c[name])
    return update(ask_sessions).where(own(ask_sessions), ask_sessions.c.id == bindparam("session_id")).values(changed)


@query
def update_session_recordings_activity(own: Guard) -> Update:
    return (
        update(ask_session_recordings)
        .where(own(ask_session_recordings), ask_session_recordings.c.session_id == bindparam("session_id"))
        .values(last_message_us=bindparam("new_last_message_us"))
    )


@query
def delete_session(own: Guard) -> Delete:
    return delete(ask_sessions).where(own(ask_sessions), ask_sessions.c.id == bindparam("session_id"))


# ---- turns -----------------------------------------------------------------------------------------


@query
def update_turn(own: Guard) -> Update:
    names = ("turn_holder", "turn_message_id", "turn_expires_us")
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    changed["turn_cancel"] = None
    return update(ask_sessions).where(own(ask_sessions), ask_sessions.c.id == bindparam("session_id")).values(changed)


@query
def clear_turn(own: Guard) -> Update:
    return (
        update(ask_sessions)
        .where(
            own(ask_sessions),
            ask_sessions.c.id == bindparam("session_id"),
            ask_sessions.c.turn_holder == bindparam("holder"),
        )
        .values(turn_holder=None, turn_message_id=None, turn_expires_us=None)
    )


@query
def select_waiters(own: Guard) -> Select[Any]:
    return (
        select(ask_turn_waiters.c.ticket, ask_turn_waiters.c.holder, ask_turn_waiters.c.expires_us)
        .where(own(ask_turn_waiters), ask_turn_waiters.c.session_id == bindparam("session_id"))
        .order_by(ask_turn_waiters.c.ticket)
    )


@query
def insert_waiter(own: Guard) -> Insert:
    return own.insert(ask_turn_waiters)


@query
def update_waiter(own: Guard) -> Update:
    return (
        update(ask_turn_waiters)
        .where(
            own(ask_turn_waiters),
            ask_turn_waiters.c.session_id == bindparam("session_id"),
            ask_turn_waiters.c.holder == bindparam("holder"),
        )
        .values(expires_us=bindparam("new_expires_us"))
    )


@query
def delete_waiter(own: Guard) -> Delete:
    return delete(ask_turn_waiters).where(
        own(ask_turn_waiters),
        ask_turn_waiters.c.session_id == bindparam("session_id"),
        (ask_turn_waiters.c.holder == bindparam("holder")) | (ask_turn_waiters.c.expires_us < bindparam("now_us")),
    )


# ---- messages --------------------------------------------------------------------------------------


@query
def insert_message(own: Guard) -> Insert:
    return own.insert(ask_messages, unset=("word_seq",))


@query
def insert_source(own: Guard) -> Insert:
    return own.insert(message_sources)


@query
def delete_sources_of(own: Guard) -> Delete:
    """What answers kept of a recording's words."""
    return delete(message_sources).where(own(message_sources), message_sources.c.recording_id == bindparam("gone_id"))


@query
def delete_message_at(own: Guard) -> Delete:
    return delete(ask_messages).where(
        own(ask_messages),
        ask_messages.c.session_id == bindparam("session_id"),
        ask_messages.c.ordinal == bindparam("ordinal"),
    )


@query
def select_message(own: Guard) -> Select[Any]:
    return select(*MESSAGE).where(
        own(ask_messages),
        ask_messages.c.session_id == bindparam("session_id"),
        ask_messages.c.id == bindparam("message_id"),
    )


@query
def select_messages(own: Guard, *, is_continued: bool, is_descending: bool) -> Select[Any]:
    ordinal = ask_messages.c.ordinal
    statement = select(*MESSAGE).where(own(ask_messages), ask_messages.c.session_id == bindparam("session_id"))
    if is_continued:
        after = bindparam("after", type_=ordinal.type)
        statement = statement.where(ordinal < after if is_descending else ordinal > after)
    return statement.order_by(ordinal.desc() if is_descending else ordinal).limit(bindparam("limit"))


@query
def select_sources_between(own: Guard) -> Select[Any]:
    return (
        select(message_sources.c.message_id, message_sources.c.chunk_json)
        .join(
            ask_messages,
            (ask_messages.c.tenant_id == message_sources.c.tenant_id)
            & (ask_messages.c.session_id == message_sources.c.session_id)
            & (ask_messages.c.id == message_sources.c.message_id),
        )
        .where(
            own(message_sources),
            own(ask_messages),
            message_sources.c.session_id == bindparam("session_id"),
            ask_messages.c.ordinal >= bindparam("first"),
            ask_messages.c.ordinal <= bindparam("last"),
        )
        .order_by(ask_messages.c.ordinal, message_sources.c.rank)
    )
