"""The audit trail's hash chain: what altered it is found and named, and everything lawful leaves it whole."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from earmark.identity.audit import AuditBrokenError, record, verify, walk_events
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.runtime import Runtime
from earmark.storage.open import open_database
from earmark.storage.tenant import Tenant
from tests.server import Place

Alter = Callable[[Place, Sequence[str]], None]


@pytest.fixture
def alter(request: pytest.FixtureRequest) -> Alter:
    """A function that changes the database as somebody who owns it may."""

    def run(place: Place, statements: Sequence[str]) -> None:
        if place.database_url is not None:
            name = urlsplit(place.database_url).path.strip("/")
            asyncio.run(_alter_postgres(request.getfixturevalue("cluster").url(name, "postgres"), statements))
            return
        with closing(sqlite3.connect(place.data_dir / "earmark.db")) as file, file:
            for change in ("update", "replace", "delete"):
                file.execute(f"DROP TRIGGER audit_events_no_{change}")
            for statement in statements:
                file.execute(statement)

    return run


async def _alter_postgres(url: str, statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def filled(runtime: Runtime, events: int = 5) -> Tenant:
    """Return a tenant with a trail."""
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "audit")).id, "live")
    async with tenant.writing() as work:
        for number in range(events):
            await record(work, "session.exported", f"as_{number}")
    return tenant


async def fault_of(runtime: Runtime, project_id: str) -> str | None:
    try:
        await verify(await get_tenant(runtime.operator, project_id, "live"))
    except AuditBrokenError as error:
        return error.fault
    return None


async def id_of(tenant: Tenant, seq: int) -> str:
    return next(event.id for event in [one async for one in walk_events(tenant)] if event.seq == seq)


NEWEST = "SELECT max(seq) FROM audit_events"
ALTERED = {
    "a field": (["UPDATE audit_events SET actor = 'nobody' WHERE seq = 3"], "event 3 ({third}) is not what was written"),
    "a field and another's hash": (
        ["UPDATE audit_events SET object_id = NULL, hash = (SELECT hash FROM audit_events WHERE seq = 2) WHERE seq = 3"],
        "event 3 ({third}) is not what was written",
    ),
    "an event in the middle": (["DELETE FROM audit_events WHERE seq = 3"], "event 3 is missing"),
    "the first event": (["DELETE FROM audit_events WHERE seq = 1"], "event 1 is missing"),
    "the last event": ([f"DELETE FROM audit_events WHERE seq = ({NEWEST})"], "what came after event 4 is missing"),
    "all events": (["DELETE FROM audit_events"], "what came after event 0 is missing"),
    "two that changed places": (
        ["UPDATE audit_events SET seq = -3 WHERE seq = 3", "UPDATE audit_events SET seq = 3 WHERE seq = 4",
         "UPDATE audit_events SET seq = 4 WHERE seq = -3"],
        "event 3 ({fourth}) is not what was written",
    ),
    "one that is added": (
        ["INSERT INTO audit_events SELECT tenant_id, 'aud_forged', at_us, actor, action, object_id, 6, hash"
         " FROM audit_events WHERE seq = 5"],
        "event 6 (aud_forged) is not what was written",
    ),
    "the head": (["DELETE FROM audit_heads"], "what came after event 5 is missing"),
}  # fmt: skip


@pytest.mark.parametrize("what", ALTERED)
def test_what_was_altered_is_found_and_the_first_broken_event_is_named(
    fresh_place: Place, alter: Alter, what: str
) -> None:
    statements, expected = ALTERED[what]

    async def fill(runtime: Runtime) -> tuple[str, str, str]:
        tenant = await filled(runtime)
        assert (await verify(tenant)).seq == 5
        return tenant.key.project_id, await id_of(tenant, 3), await id_of(tenant, 4)

    project, third, fourth = fresh_place.run(fill)
    alter(fresh_place, statements)
    found = fresh_place.run(lambda runtime: fault_of(runtime, project))
    assert found == expected.format(third=third, fourth=fourth)


async def test_writers_of_several_processes_make_one_chain(runtime: Runtime, fresh_place: Place) -> None:
    tenant = await filled(runtime, events=0)
    databases = [await open_database(fresh_place.settings) for _ in range(3)]

    async def write(one: Tenant, number: int) -> None:
        for _ in range(10):
            await record(one, "session.exported", f"as_{number}")
            await create_key(one)

    try:
        handles = [Tenant(database, tenant.key) for database in (runtime.database, *databases)]
        await asyncio.gather(*(write(one, number) for number, one in enumerate(handles)))
    finally:
        for database in databases:
            await database.close()
    assert (await verify(tenant)).seq == 4 * 10 * 2


async def test_an_erasure_leaves_the_chain_whole_and_nothing_of_the_person_in_it(runtime: Runtime) -> None:
    tenant = await filled(runtime)
    user = await create_end_user(tenant, external_id="ada@example.org", name="Ada", email="ada@example.org")
    await create_key(tenant, end_user=(user.id, user.number), label="Ada's phone")
    await runtime.deletion.erase_end_user(tenant, user.id)
    assert (await verify(tenant)).seq == 7
    events = [event async for event in walk_events(tenant)]
    assert (events[-1].action, events[-1].object_id) == ("end_user.erased", user.id)
    assert not [word for word in ("ada@example.org", "'Ada'", "phone") if word in str(events)]


async def test_the_chains_of_two_tenants_do_not_touch(runtime: Runtime) -> None:
    one, other = await filled(runtime, 3), await filled(runtime, 2)
    assert ((await verify(one)).seq, (await verify(other)).seq) == (3, 2)
    assert (await verify(one)).hash != (await verify(other)).hash


# ---- the commands ----------------------------------------------------------------------------------


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def hash_of(line: dict[str, Any]) -> str:
    """Compute an exported line's hash as the documentation says."""
    names = ("tenant_id", "seq", "previous", "id", "at_us", "actor", "action", "object_id")
    hashed = json.dumps(["earmark.audit/1", *(line[name] for name in names)], separators=(",", ":"))
    return hashlib.sha256(hashed.encode()).hexdigest()


def test_an_export_can_be_verified_without_earmark_and_shows_a_chain_that_was_made_anew(
    fresh_place: Place, alter: Alter, tmp_path: Path
) -> None:
    project = fresh_place.run(filled).key.project_id
    exported = fresh_place.cli("audit", "export", "--project", project).stdout
    lines = lines_of(exported)
    assert [line["hash"] for line in lines] == list(map(hash_of, lines))
    assert [line["previous"] for line in lines] == ["0" * 64, *(line["hash"] for line in lines[:-1])]
    file = tmp_path / "audit.ndjson"
    file.write_text(exported)
    fresh_place.cli("audit", "verify", "--against", str(file))
    last = {**lines[-1], "actor": "somebody"}
    forged = {**last, "hash": hash_of(last)}
    where = f"WHERE seq = {last['seq']}"
    alter(
        fresh_place,
        [
            f"UPDATE audit_events SET actor = 'somebody', hash = '{forged['hash']}' {where}",
            f"UPDATE audit_heads SET hash = '{forged['hash']}' {where}",
        ],
    )
    fresh_place.cli("audit", "verify")
    done = fresh_place.cli("audit", "verify", "--against", str(file), check=False)
    assert (done.returncode, f"FAIL event {last['seq']} is not the exported one" in done.stdout) == (1, True)


def test_an_altered_export_is_refused(fresh_place: Place, tmp_path: Path) -> None:
    project = fresh_place.run(filled).key.project_id
    file = tmp_path / "audit.ndjson"
    file.write_text(fresh_place.cli("audit", "export", "--project", project).stdout.replace("as_2", "as_9"))
    done = fresh_place.cli("audit", "verify", "--against", str(file), check=False)
    said = "earmark: Line 3 of the file is not what `earmark audit export` wrote.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


@pytest.mark.parametrize(
    ("file", "says"),
    [("/dev/zero", "Line 1 of the file is too long."),
     ('{"tenant_id": [], "seq": {}, "hash": 5}', "Line 1 of the file is not what `earmark audit export` wrote.")],
)  # fmt: skip
def test_an_export_that_somebody_made_up_is_refused(fresh_place: Place, tmp_path: Path, file: str, says: str) -> None:
    path = tmp_path / "audit.ndjson"
    if file.startswith("/"):
        path.symlink_to(file)
    else:
        path.write_text(file)
    done = fresh_place.cli("audit", "verify", "--against", str(path), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"earmark: {says}\n")


def test_verify_and_doctor_name_the_first_broken_event_and_exit_with_1(fresh_place: Place, alter: Alter) -> None:
    project = fresh_place.run(filled).key.project_id
    good = fresh_place.cli("audit", "verify", "--json")
    assert [(row["ok"], row["events"]) for row in lines_of(good.stdout)] == [(True, 5), (True, 0)]
    assert any(row["check"] == "audit" and row["ok"] for row in lines_of(fresh_place.cli("doctor", "--json").stdout))
    alter(fresh_place, ["DELETE FROM audit_events WHERE seq = 2"])
    bad = fresh_place.cli("audit", "verify", "--json", check=False)
    assert bad.returncode == 1
    assert [(row["project_id"], row["mode"], row["fault"]) for row in lines_of(bad.stdout)] == [
        (project, "live", "event 2 is missing"), (project, "test", None)]  # fmt: skip
    doctor = fresh_place.cli("doctor", "--json", check=False)
    found = {row["check"]: row for row in lines_of(doctor.stdout)}
    assert (doctor.returncode, found["audit"]["ok"]) == (1, False)
    assert found["audit"]["says"] == f"The audit trail of {project} (live) was altered: event 2 is missing."
