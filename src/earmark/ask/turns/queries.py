"""The SQL of running turns: what they said so far, whether they should stop, and what they used."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, or_, select, tuple_, update

from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, query
from earmark.storage.tables import ask_sessions, ask_turn_events, usage_days

_USAGE_KEY = ("day", "end_user_id", "provider", "model")
_USAGE_COUNTS = ("answers", "input_tokens", "output_tokens", "cached_tokens")


@query
def update_turn_cancel(own: Guard) -> Update:
    return (
        update(ask_sessions)
        .where(
            own(ask_sessions),
            ask_sessions.c.id == bindparam("session_id"),
            ask_sessions.c.turn_message_id == bindparam("message_id"),
        )
        .values(turn_cancel=1)
    )


@query
def select_turn_signs(own: Guard) -> Select[Any]:
    """Who holds the turns of these sessions, and whether they should stop."""
    return select(ask_sessions.c.id, ask_sessions.c.turn_holder, ask_sessions.c.turn_cancel).where(
        own(ask_sessions), any_of(ask_sessions.c.id, "session_ids")
    )


@query
def select_held_turns(own: Guard) -> Select[Any]:
    """The sessions whose turn is still the holder's, for the unit of work to change; without those others change."""
    return (
        select(ask_sessions.c.id)
        .where(
            own(ask_sessions),
            any_of(ask_sessions.c.id, "session_ids"),
            any_of(ask_sessions.c.turn_holder, "holders"),
        )
        .with_for_update(key_share=True, skip_locked=True)
    )


@query
def update_turn_leases(own: Guard) -> Update:
    return (
        update(ask_sessions)
        .where(
            own(ask_sessions),
            any_of(ask_sessions.c.id, "session_ids"),
            any_of(ask_sessions.c.turn_holder, "holders"),
        )
        .values(turn_expires_us=bindparam("new_turn_expires_us"))
    )


@query
def insert_events(own: Guard) -> Insert:
    return own.insert(ask_turn_events)


@query
def select_events(own: Guard) -> Select[Any]:
    columns = (ask_turn_events.c.first_seq, ask_turn_events.c.events_json, ask_turn_events.c.ended_us)
    return (
        select(*columns)
        .where(
            own(ask_turn_events),
            ask_turn_events.c.session_id == bindparam("session_id"),
            ask_turn_events.c.message_id == bindparam("message_id"),
            or_(ask_turn_events.c.first_seq >= bindparam("from_seq"), ask_turn_events.c.ended_us.is_not(None)),
        )
        .order_by(ask_turn_events.c.first_seq)
    )


@query
def select_turn_leases(own: Guard) -> Select[Any]:
    """Who holds the turns of these sessions, until when, and on which question."""
    names = ("id", "turn_holder", "turn_expires_us", "turn_message_id")
    return select(*(ask_sessions.c[name] for name in names)).where(
        own(ask_sessions), any_of(ask_sessions.c.id, "session_ids")
    )


@query
def select_event_marks(own: Guard) -> Select[Any]:
    """How far the turns of these sessions are stored, and whether they have ended."""
    key = (ask_turn_events.c.session_id, ask_turn_events.c.message_id)
    return (
        select(*key, func.max(ask_turn_events.c.first_seq), func.count(ask_turn_events.c.ended_us))
        .where(own(ask_turn_events), any_of(ask_turn_events.c.session_id, "session_ids"))
        .group_by(*key)
    )


@query
def delete_events(own: Guard) -> Delete:
    return delete(ask_turn_events).where(
        own(ask_turn_events),
        ask_turn_events.c.session_id == bindparam("session_id"),
        ask_turn_events.c.message_id == bindparam("message_id"),
    )


@query
def select_old_event(own: Guard) -> Select[Any]:
    return (
        select(ask_turn_events.c.created_us)
        .where(own(ask_turn_events), ask_turn_events.c.created_us < bindparam("before_us"))
        .limit(1)
    )


@query
def delete_old_events(own: Guard) -> Delete:
    return delete(ask_turn_events).where(own(ask_turn_events), ask_turn_events.c.created_us < bindparam("before_us"))


@query
def insert_usage_day(own: Guard) -> Insert:
    return own.insert_or_ignore(usage_days)


@query
def update_usage_day(own: Guard) -> Update:
    return (
        update(usage_days)
        .where(own(usage_days), *(usage_days.c[name] == bindparam(f"of_{name}") for name in _USAGE_KEY))
        .values(
            {
                name: usage_days.c[name] + bindparam(f"more_{name}", type_=usage_days.c[name].type)
                for name in _USAGE_COUNTS
            }
        )
    )


@query
def select_usage(own: Guard, *, filters: frozenset[str]) -> Select[Any]:
    day = usage_days.c.day
    key = [usage_days.c[name] for name in _USAGE_KEY]
    wanted = {
        "after": tuple_(*key) > tuple_(*(bindparam(f"after_{column.name}", type_=column.type) for column in key)),
        "since": day >= bindparam("since"),
        "until": day <= bindparam("until"),
        "end_user_id": usage_days.c.end_user_id == bindparam("end_user_id"),
    }
    return (
        select(*key, *(usage_days.c[name] for name in _USAGE_COUNTS))
        .where(own(usage_days), *(wanted[name] for name in sorted(filters)))
        .order_by(*key)
        .limit(bindparam("limit"))
    )
