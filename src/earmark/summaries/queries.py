"""The SQL of summaries, their items and templates."""

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
    delete,
    func,
    or_,
    select,
    update,
)

from earmark.storage.keyset import newest_first
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import (
    recordings,
    summaries,
    summary_items,
    summary_templates,
    transcriptions,
    usage_days,
)
from earmark.summaries.types import Item, Summary

SUMMARY = tuple(summaries.c[name] for name in Summary.__dataclass_fields__ if name != "current_revision")
ITEM_COLUMNS = tuple(Item.__dataclass_fields__)[:10]
_WHEN = func.coalesce(recordings.c.recorded_us, recordings.c.created_us)
ITEM = (*(summary_items.c[name] for name in ITEM_COLUMNS), recordings.c.name, recordings.c.recorded_us, _WHEN)
CHANGING = (
    "status", "provider", "model", "output_json", "citations_json", "dropped_items", "error_code", "error_message",
    "job_id", "started_us", "completed_us", "updated_us",
)  # fmt: skip


def _select(own: Guard) -> Select[Any]:
    """Summaries, each with the revision that its transcript has now."""
    now = select(transcriptions.c.revision).where(
        own(transcriptions), transcriptions.c.id == summaries.c.transcription_id
    )
    return select(*SUMMARY, now.scalar_subquery())


def _is_open() -> ColumnElement[bool]:
    return or_(summaries.c.status == "pending", summaries.c.status == "processing")


def _is_same(shape: str, has_provider: bool) -> ColumnElement[bool]:
    """The same transcript, template or prompt, and provider."""
    made_by = (
        summaries.c.template_id == bindparam("of_template_id")
        if shape == "template"
        else summaries.c.custom_prompt == bindparam("of_prompt")
    )
    asked = summaries.c.asked_provider
    provider = asked == bindparam("of_provider") if has_provider else asked.is_(None)
    return and_(summaries.c.transcription_id == bindparam("transcription_id"), made_by, provider)


@query
def insert_summary(own: Guard) -> Insert:
    return own.insert(summaries)


@query
def select_summary(own: Guard, *, for_update: bool = False) -> Select[Any]:
    statement = _select(own).where(own(summaries), summaries.c.id == bindparam("summary_id"))
    return statement.with_for_update() if for_update else statement


@query
def select_open(own: Guard, *, made_by: str, has_provider: bool) -> Select[Any]:
    return (
        _select(own)
        .where(own(summaries), _is_same(made_by, has_provider), _is_open())
        .order_by(summaries.c.id)
        .limit(1)
    )


@query
def select_summaries(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    statement = _select(own).where(own(summaries))
    for name in sorted(filters):
        statement = statement.where(summaries.c[name] == bindparam(name))
    ordered = newest_first(statement, summaries.c.created_us, summaries.c.id, is_continued=is_continued)
    return ordered.limit(bindparam("limit")).offset(bindparam("offset"))


@query
def update_summary(own: Guard) -> Update:
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CHANGING}
    return update(summaries).where(own(summaries), summaries.c.id == bindparam("summary_id")).values(changed)


@query
def delete_summary(own: Guard) -> Delete:
    return delete(summaries).where(own(summaries), summaries.c.id == bindparam("summary_id"))


@query
def delete_replaced(own: Guard, *, made_by: str, has_provider: bool) -> Delete:
    """Delete those that have ended of the same transcript, template or prompt, and provider."""
    is_ended = or_(summaries.c.status == "completed", summaries.c.status == "failed")
    is_other = summaries.c.id != bindparam("kept_id")
    return delete(summaries).where(own(summaries), _is_same(made_by, has_provider), is_other, is_ended)


@query
def select_stuck(own: Guard) -> Select[Any]:
    is_idle = summaries.c.updated_us < bindparam("before_us")
    return select(summaries.c.id).where(own(summaries), _is_open(), is_idle)


# ---- items ------------------------------------------------------------------------------------------


@query
def insert_item(own: Guard) -> Insert:
    return own.insert(summary_items)


@query
def delete_items_of(own: Guard) -> Delete:
    return delete(summary_items).where(own(summary_items), summary_items.c.recording_id == bindparam("recording_id"))


@query
def delete_items_of_summary(own: Guard) -> Delete:
    return delete(summary_items).where(own(summary_items), summary_items.c.summary_id == bindparam("summary_id"))


@query
def select_completed(own: Guard) -> Select[Any]:
    """A recording's completed summaries, the newest first."""
    is_it = and_(summaries.c.recording_id == bindparam("recording_id"), summaries.c.status == "completed")
    ordered = _select(own).where(own(summaries), is_it).order_by(summaries.c.completed_us.desc())
    return ordered.limit(bindparam("most"))


@query
def select_items_source(own: Guard) -> Select[Any]:
    """When the summary was completed whose items are a recording's."""
    is_its = and_(summary_items.c.summary_id == summaries.c.id, own(summaries))
    is_it = summary_items.c.recording_id == bindparam("recording_id")
    return select(summaries.c.completed_us).where(own(summary_items), is_its, is_it).limit(1)


@long_query
def select_items(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """Newest recording first, a summary's items in their order."""
    conditions: dict[str, ColumnElement[bool]] = {
        "kind": summary_items.c.kind == bindparam("kind"),
        "end_user_id": summary_items.c.end_user_id == bindparam("end_user_id"),
        "speaker": summary_items.c.speaker == bindparam("speaker"),
        "recorded_after": recordings.c.recorded_us >= bindparam("recorded_after"),
        "recorded_before": recordings.c.recorded_us < bindparam("recorded_before"),
    }
    statement = select(*ITEM).where(
        own(summary_items), own(recordings), recordings.c.id == summary_items.c.recording_id
    )
    for name in sorted(filters):
        statement = statement.where(conditions[name])
    ordered = newest_first(statement, _WHEN, summary_items.c.id, is_continued=is_continued)
    return ordered.limit(bindparam("limit")).offset(bindparam("offset"))


# ---- templates --------------------------------------------------------------------------------------

TEMPLATE = tuple(
    summary_templates.c[name] for name in ("id", "name", "instructions", "schema_json", "created_us", "updated_us")
)


@query
def insert_template(own: Guard) -> Insert:
    return own.insert(summary_templates)


@query
def select_template(own: Guard) -> Select[Any]:
    return select(*TEMPLATE).where(own(summary_templates), summary_templates.c.id == bindparam("template_id"))


@query
def select_templates(own: Guard) -> Select[Any]:
    return (
        select(*TEMPLATE)
        .where(own(summary_templates))
        .order_by(summary_templates.c.created_us.desc(), summary_templates.c.id.desc())
        .limit(bindparam("most"))
    )


@query
def update_template(own: Guard) -> Update:
    changed: dict[str, Any] = {
        name: bindparam(f"new_{name}") for name in ("name", "instructions", "schema_json", "updated_us")
    }
    is_it = summary_templates.c.id == bindparam("template_id")
    return update(summary_templates).where(own(summary_templates), is_it).values(changed)


@query
def delete_template(own: Guard) -> Delete:
    return delete(summary_templates).where(own(summary_templates), summary_templates.c.id == bindparam("template_id"))


# ---- usage ------------------------------------------------------------------------------------------

USAGE_KEY = ("day", "end_user_id", "provider", "model")
USAGE_COUNTS = ("input_tokens", "output_tokens", "cached_tokens")


@query
def insert_usage_day(own: Guard) -> Insert:
    return own.insert_or_ignore(usage_days)


@query
def update_usage_day(own: Guard) -> Update:
    is_it = and_(*(usage_days.c[name] == bindparam(f"of_{name}") for name in USAGE_KEY))
    more: dict[str, Any] = {
        name: usage_days.c[name] + bindparam(f"more_{name}", type_=usage_days.c[name].type) for name in USAGE_COUNTS
    }
    return update(usage_days).where(own(usage_days), is_it).values(more)
