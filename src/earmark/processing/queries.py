"""The SQL of processing: the configuration, and what is past its time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Insert, Select, Update, bindparam, case, null, or_, select, update

from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, long_query, operator_query, query
from earmark.storage.tables import ask_sessions, end_user_configs, media, project_configs, transcriptions

STORED = ("value_json", "earlier_json")
_CHANGED: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*STORED, "updated_us")}


# ---- the configuration -----------------------------------------------------------------------------


@query
def select_project_config(own: Guard, *, for_update: bool = False) -> Select[Any]:
    columns = (project_configs.c[name] for name in STORED)
    found = select(*columns).where(own(project_configs), project_configs.c.section == bindparam("of_section"))
    return found.with_for_update() if for_update else found


@query
def insert_project_config(own: Guard) -> Insert:
    """A row that is there already stays as it is."""
    return own.insert_or_ignore(project_configs)


@query
def update_project_config(own: Guard) -> Update:
    is_it = project_configs.c.section == bindparam("of_section")
    return update(project_configs).where(own(project_configs), is_it).values(_CHANGED)


def _is_end_users() -> ColumnElement[bool]:
    section, whose = end_user_configs.c.section, end_user_configs.c.end_user_id
    return (section == bindparam("of_section")) & (whose == bindparam("of_end_user"))


@query
def select_end_user_config(own: Guard, *, for_update: bool = False) -> Select[Any]:
    columns = (end_user_configs.c[name] for name in STORED)
    found = select(*columns).where(own(end_user_configs), _is_end_users())
    return found.with_for_update() if for_update else found


@long_query
def select_end_user_configs(own: Guard) -> Select[Any]:
    """What each end user sets of a section."""
    columns = (end_user_configs.c.end_user_id, *(end_user_configs.c[name] for name in STORED))
    is_it = end_user_configs.c.section == bindparam("of_section")
    return select(*columns).where(own(end_user_configs), is_it).order_by(end_user_configs.c.end_user_id)


@query
def insert_end_user_config(own: Guard) -> Insert:
    """A row that is there already stays as it is."""
    return own.insert_or_ignore(end_user_configs)


@query
def update_end_user_config(own: Guard) -> Update:
    return update(end_user_configs).where(own(end_user_configs), _is_end_users()).values(_CHANGED)


@operator_query
def select_configs_of_projects(own: Guard) -> Select[Any]:
    """What the tenants among `tenant_ids` set of a section."""
    return select(project_configs.c.tenant_id, project_configs.c.value_json).where(
        any_of(project_configs.c.tenant_id, "tenant_ids"), project_configs.c.section == bindparam("of_section")
    )


@operator_query
def select_configs_of_end_users(own: Guard) -> Select[Any]:
    """What the end users among `end_user_ids`, of the tenants among `tenant_ids`, set of a section."""
    columns = (end_user_configs.c.tenant_id, end_user_configs.c.end_user_id, end_user_configs.c.value_json)
    return select(*columns).where(
        any_of(end_user_configs.c.tenant_id, "tenant_ids"),
        any_of(end_user_configs.c.end_user_id, "end_user_ids"),
        end_user_configs.c.section == bindparam("of_section"),
    )


# ---- what is past its time: id, end user, recording, and what its time is counted from ---------------


def _page(found: Select[Any], columns: tuple[Column[Any], Column[Any]], *, of_one: bool) -> Select[Any]:
    """At most `most` rows after `after_id`, of all end users or of `of_end_user`."""
    own_id, whose = columns
    if of_one:
        found = found.where(whose == bindparam("of_end_user"))
    return found.where(own_id > bindparam("after_id")).order_by(own_id).limit(bindparam("most"))


@long_query
def select_old_audio(own: Guard, *, of_one: bool) -> Select[Any]:
    """Verified media; they don't change after their upload was completed."""
    found = select(media.c.id, media.c.end_user_id, media.c.recording_id, media.c.updated_us).where(
        own(media), media.c.status == "verified", media.c.updated_us <= bindparam("before_us")
    )
    return _page(found, (media.c.id, media.c.end_user_id), of_one=of_one)


@long_query
def select_old_transcripts(own: Guard, *, of_one: bool) -> Select[Any]:
    columns = (transcriptions.c.id, transcriptions.c.end_user_id, transcriptions.c.recording_id,
               transcriptions.c.completed_us)  # fmt: skip
    is_old = transcriptions.c.completed_us <= bindparam("before_us")
    found = select(*columns).where(own(transcriptions), transcriptions.c.status == "completed", is_old)
    return _page(found, (transcriptions.c.id, transcriptions.c.end_user_id), of_one=of_one)


def _last_activity() -> ColumnElement[int]:
    """An imported session's messages have the times that its export says; `updated_us` is always this server's."""
    return case(
        (ask_sessions.c.import_sha256.is_(None), ask_sessions.c.last_message_us), else_=ask_sessions.c.updated_us
    )


def _old_sessions(own: Guard) -> Select[Any]:
    activity = _last_activity()
    idle = or_(ask_sessions.c.turn_expires_us.is_(None), ask_sessions.c.turn_expires_us < bindparam("now_us"))
    none = null().label("recording_id")
    return select(ask_sessions.c.id, ask_sessions.c.end_user_id, none, activity.label("since_us")).where(
        own(ask_sessions), activity <= bindparam("before_us"), idle
    )


@long_query
def select_old_sessions(own: Guard, *, of_one: bool) -> Select[Any]:
    """Sessions without a running turn."""
    return _page(_old_sessions(own), (ask_sessions.c.id, ask_sessions.c.end_user_id), of_one=of_one)


@query
def select_old_session(own: Guard) -> Select[Any]:
    """One of them, locked: nothing happens in it until the commit."""
    return _old_sessions(own).where(ask_sessions.c.id == bindparam("session_id")).with_for_update()
