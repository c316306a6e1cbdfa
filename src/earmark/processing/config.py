"""The configuration of projects and end users: what each level sets, and what that comes to.

A project's live and test data are configured apart, as everything of theirs is apart. Rows hold only what a level
sets, so that a new default reaches everybody who set nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from earmark.clock import now_us
from earmark.identity import audit
from earmark.library.end_users import lock_end_user
from earmark.library.errors import EndUserNotFoundError
from earmark.processing import queries
from earmark.processing.delaying import Earlier, in_force, longest, note_replaced
from earmark.processing.merging import apply_changes, merge_deep
from earmark.processing.sections import PROCESSING, RETENTION
from earmark.processing.types import Level, Resolved, Section
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Stored:
    """What a level sets of a section, and what its keys were within the last 24 hours (retention only)."""

    value: Mapping[str, Any] = field(default_factory=dict)
    earlier: Mapping[str, Earlier] = field(default_factory=dict)

    def days_in_force(self, key: str, now: int) -> set[int | None]:
        """Return the values of a key of retention that count now; None: not set."""
        return in_force(self.value.get(key), self.earlier.get(key, ()), now)


NOTHING = Stored()


def to_stored(row: Row | None) -> Stored:
    """Return what a row of `queries.STORED` holds."""
    if row is None:
        return NOTHING
    value_json, earlier_json = row
    return Stored(json.loads(value_json), json.loads(earlier_json) if earlier_json else {})


async def read_project(tenant: Tenant, section: Section, *, for_update: bool = False) -> Stored:
    """Return what the project sets of a section."""
    shape = {"for_update": True} if for_update else {}
    params = {"of_section": section.name}
    return to_stored(await tenant.whole_tenant().fetch_one(queries.select_project_config, params, **shape))


async def read_end_user(tenant: Tenant, section: Section, end_user_id: str, *, for_update: bool = False) -> Stored:
    """Return what an end user sets of a section."""
    shape = {"for_update": True} if for_update else {}
    params = {"of_section": section.name, "of_end_user": end_user_id}
    return to_stored(await tenant.fetch_one(queries.select_end_user_config, params, **shape))


async def resolve(tenant: Tenant, section: Section, end_user_id: str | None) -> Resolved:
    """Return a section as it is in force for the project, or for one of its end users."""
    levels: dict[Level, Stored] = {"project": await read_project(tenant, section)}
    if end_user_id is not None:
        levels["end_user"] = await read_end_user(tenant, section, end_user_id)
    return resolve_levels(section, {level: stored.value for level, stored in levels.items()})


def resolve_levels(section: Section, levels: Mapping[Level, Mapping[str, Any]]) -> Resolved:
    """Merge what the levels set, in the order of the section's levels."""
    value, source = dict(section.defaults), "default"
    for level in section.levels:
        if own := levels.get(level):
            value, source = merge_deep(value, own), level
    return Resolved(section, value, source)  # type: ignore[arg-type]


async def set_for_project(
    tenant: Tenant, section: Section, changes: Mapping[str, Any], *, actor: str = audit.OPERATOR
) -> Resolved:
    """Change what a project sets; return what that comes to. Null unsets, keys that aren't named stay."""
    async with tenant.whole_tenant().writing() as work:
        first = {"section": section.name, "value_json": "{}", "earlier_json": None, "updated_us": now_us()}
        await work.execute(queries.insert_project_config, first)
        stored = await read_project(work, section, for_update=True)
        values = _changed(section, stored, changes)
        if values is not None:
            await work.execute(queries.update_project_config, {"of_section": section.name, **values})
            await _record(work, section, work.key.project_id, actor)
        return await resolve(work, section, None)


async def set_for_end_user(
    tenant: Tenant, section: Section, end_user_id: str, changes: Mapping[str, Any], *, actor: str = audit.OPERATOR
) -> Resolved:
    """Change what an end user sets, as `set_for_project` does.

    Raises: EndUserNotFoundError.
    """
    async with tenant.writing() as work:
        if await lock_end_user(work, end_user_id) is None:
            raise EndUserNotFoundError
        first = {"end_user_id": end_user_id, "section": section.name, "value_json": "{}", "earlier_json": None}
        await work.execute(queries.insert_end_user_config, {**first, "updated_us": now_us()})
        stored = await read_end_user(work, section, end_user_id, for_update=True)
        values = _changed(section, stored, changes)
        if values is not None:
            is_it = {"of_section": section.name, "of_end_user": end_user_id}
            await work.execute(queries.update_end_user_config, {**is_it, **values})
            await _record(work, section, end_user_id, actor)
        return await resolve(work, section, end_user_id)


async def _record(work: Tenant, section: Section, object_id: str, actor: str) -> None:
    action: audit.Action = "retention.changed" if section is RETENTION else "processing.changed"
    await audit.record(work, action, object_id, actor=actor)


def _changed(section: Section, stored: Stored, changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the new values of a level's row, or None if nothing changes."""
    value = apply_changes(stored.value, changes)
    if value == stored.value:
        return None
    now = now_us()
    earlier = dict(stored.earlier)
    if section is RETENTION:
        for key in section.defaults:
            before = stored.value.get(key)
            if value.get(key) != before:
                earlier[key] = note_replaced(stored.earlier.get(key, ()), before, now)
    earlier_json = json.dumps(earlier) if earlier else None
    return {"new_value_json": json.dumps(value), "new_earlier_json": earlier_json, "new_updated_us": now}


async def wants_vectors(tenant: Tenant, end_user_id: str | None) -> bool:
    """Whether transcripts of an end user (or, None, of the project) get vectors: `auto_embedding.enabled`."""
    found = await resolve(tenant, PROCESSING, end_user_id)
    return bool(found.value["auto_embedding"]["enabled"])


def days_of(project: Stored, end_user: Stored, now: int) -> dict[str, int | None]:
    """Return the days of each key of retention that are in force, a shortened one only after 24 hours."""
    return {
        key: longest(end_user.days_in_force(key, now), project.days_in_force(key, now)) for key in RETENTION.defaults
    }
