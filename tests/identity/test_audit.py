"""The audit trail: written with its change, append-only, separate for each tenant."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from earmark.errors import UnavailableError
from earmark.identity.audit import record, walk_events
from earmark.identity.keys import create_key, list_keys, revoke_key, rotate_key
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.errors import EndUserNotFoundError
from earmark.runtime import Runtime
from earmark.storage.query import Compiled
from earmark.storage.tenant import Tenant
from tests.server import Place


async def create_project_with_key(runtime: Runtime) -> Tenant:
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "audit")).id, "live")
    await create_key(tenant)
    return tenant


async def events_of(tenant: Tenant) -> list[tuple[str, str, str | None]]:
    return [(one.actor, one.action, one.object_id) async for one in walk_events(tenant)]


async def test_keys_and_erasures_leave_events_in_order(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "audit")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user = await create_end_user(tenant)
    first = await create_key(tenant)
    second = await rotate_key(tenant, first.id)
    await revoke_key(tenant, second.id)
    await runtime.deletion.erase_end_user(tenant, user.id, actor=second.id)
    events = await events_of(tenant)
    assert sorted(events[1:3]) == [("operator", "key.created", second.id), ("operator", "key.rotated", first.id)]
    assert events[:1] + events[3:] == [
        ("operator", "key.created", first.id),
        ("operator", "key.revoked", second.id),
        (second.id, "end_user.erased", user.id),
    ]
    assert await events_of(await get_tenant(runtime.operator, project.id, "test")) == []


async def test_revoking_a_key_again_changes_neither_its_time_nor_the_audit_trail(runtime: Runtime) -> None:
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "audit")).id, "live")
    key = await create_key(tenant)
    await revoke_key(tenant, key.id)
    (before,) = await list_keys(tenant)
    await revoke_key(tenant, key.id)
    assert await list_keys(tenant) == [before]
    assert [action for _, action, _ in await events_of(tenant)] == ["key.created", "key.revoked"]


async def test_what_failed_leaves_no_event(runtime: Runtime) -> None:
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "audit")).id, "live")
    with pytest.raises(EndUserNotFoundError):
        await runtime.deletion.erase_end_user(tenant, "eu_nobody")
    assert await events_of(tenant) == []


async def test_more_events_than_a_page_are_walked_once_each(runtime: Runtime) -> None:
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "audit")).id, "live")
    async with tenant.writing() as unit:
        for number in range(1_001):
            await record(unit, "session.exported", f"as_{number}")
    assert len({one for _, _, one in await events_of(tenant)}) == len(await events_of(tenant)) == 1_001


OTHERS = "SELECT tenant_id, {id}, at_us, 'nobody', action, object_id, {seq}, hash FROM audit_events LIMIT 1"
NEW_ID = "'aud_new'"
COLUMNS = "tenant_id, id, at_us, actor, action, object_id, seq, hash"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_events SET actor = 'nobody'",
        "DELETE FROM audit_events",
        f"INSERT OR REPLACE INTO audit_events ({COLUMNS}) {OTHERS.format(id='id', seq='seq + 1')}",
        f"INSERT OR REPLACE INTO audit_events ({COLUMNS}) {OTHERS.format(id=NEW_ID, seq='seq')}",
        f"INSERT OR REPLACE INTO audit_events (rowid, {COLUMNS}) SELECT rowid,"
        + OTHERS.format(id=NEW_ID, seq="seq + 1").removeprefix("SELECT"),
        "UPDATE OR REPLACE audit_events SET actor = 'nobody'",
    ],
)
async def test_the_database_refuses_to_change_the_trail(runtime: Runtime, change: str) -> None:
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "audit")).id, "live")
    await create_key(tenant)
    before = await events_of(tenant)
    with pytest.raises(UnavailableError):
        async with runtime.database.writing(tenant.key.tenant_id) as connection:
            await connection.execute(Compiled(change, (), {}, is_long=False), ())
    assert await events_of(tenant) == before


@pytest.mark.parametrize("trigger", ["on", "off"])
def test_a_shell_that_replaces_an_event_is_refused_whatever_its_pragmas(fresh_place: Place, trigger: str) -> None:
    """On PostgreSQL there is no REPLACE, and the server's role may not change an event."""
    fresh_place.run(lambda runtime: create_project_with_key(runtime))
    if fresh_place.database_url is not None:
        return
    with closing(sqlite3.connect(fresh_place.data_dir / "earmark.db")) as shell:
        shell.execute(f"PRAGMA recursive_triggers={trigger}")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            shell.execute(f"REPLACE INTO audit_events ({COLUMNS}) {OTHERS.format(id='id', seq='seq')}")
