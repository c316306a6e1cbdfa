"""Keys: shown once, stored as a hash, valid only as a whole."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from earmark.clock import now_us
from earmark.errors import UnauthorizedError
from earmark.identity.errors import KeyNotFoundError, KeyNotRotatableError
from earmark.identity.keys import authenticate, create_key, find_refused, list_keys, revoke_key, rotate_key
from earmark.identity.projects import create_project, get_installation_secret, get_tenant
from earmark.identity.scopes import UnknownScopeError
from earmark.identity.sign_in import rate_slot
from earmark.library.end_users import create_end_user
from earmark.runtime import Runtime
from earmark.storage.errors import StorageUnavailableError
from earmark.storage.tenant import Tenant
from tests.clock import Clock
from tests.server import Place


async def new_tenant(runtime: Runtime) -> Tenant:
    return await get_tenant(runtime.operator, (await create_project(runtime.operator, "keys")).id, "live")


def test_only_a_hash_of_a_key_is_stored(tmp_path: Path) -> None:
    place = Place(tmp_path / "data")

    async def work(runtime: Runtime) -> str:
        project = await create_project(runtime.operator, "keys")
        key = await create_key(await get_tenant(runtime.operator, project.id, "test"))
        assert re.fullmatch(r"sk_test_[A-Za-z0-9]{33,128}", key.secret)
        stored = b"".join(path.read_bytes() for path in place.data_dir.iterdir())
        assert key.secret.encode() not in stored
        assert key.secret[8:].encode() not in stored
        return key.secret

    secret = place.run(work)
    assert secret.encode() not in b"".join(path.read_bytes() for path in place.data_dir.iterdir())


async def test_a_key_is_valid_until_it_is_revoked(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "keys")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    key = await create_key(tenant, label="one")
    caller = await authenticate(runtime.database, f"Bearer {key.secret}")
    assert (caller.key_id, caller.tenant, caller.end_user_id) == (key.id, tenant.key, None)
    for wrong in (key.secret[:-1], key.secret + "x", key.secret.swapcase()):
        with pytest.raises(UnauthorizedError):
            await authenticate(runtime.database, f"Bearer {wrong}")
    await revoke_key(tenant, key.id)
    with pytest.raises(UnauthorizedError):
        await authenticate(runtime.database, f"Bearer {key.secret}")
    assert [(one.id, one.label, one.revoked_us is not None) for one in await list_keys(tenant)] == [
        (key.id, "one", True)
    ]


def test_of_many_callers_those_whose_credential_ended_are_found_together(fresh_place: Place, clock: Clock) -> None:
    async def work(runtime: Runtime) -> None:
        tenant = await new_tenant(runtime)
        made = [await create_key(tenant) for _ in range(205)]
        ending = await create_key(tenant, expires_us=now_us() + 60_000_000)
        headers = [f"Bearer {key.secret}" for key in (*made, ending)]
        assert await find_refused(runtime.database, headers) == set()
        assert await find_refused(runtime.database, []) == set()
        await revoke_key(tenant, made[0].id)
        await revoke_key(tenant, made[204].id)
        respelt = headers[0].replace("Bearer ", "bearer  ")
        refused = {headers[0], headers[204], respelt}
        assert await find_refused(runtime.database, [*headers, respelt]) == refused
        clock.shift_s = 61
        assert await find_refused(runtime.database, [*headers, None]) == {headers[0], headers[204], headers[205], None}

    fresh_place.run(work)


def test_every_process_signs_cursors_with_the_same_secret(fresh_place: Place) -> None:
    async def work(runtime: Runtime) -> str:
        return await get_installation_secret(runtime.operator, "cursor_secret")

    assert fresh_place.run(work) == fresh_place.run(work)


async def test_a_key_stops_working_when_it_expires(runtime: Runtime, clock: Clock) -> None:
    expiry_us = 4_000_000_000_000_000
    project = await create_project(runtime.operator, "keys")
    key = await create_key(await get_tenant(runtime.operator, project.id, "live"), expires_us=expiry_us)
    clock.stop_at(expiry_us - 1)
    assert (await authenticate(runtime.database, f"Bearer {key.secret}")).key_id == key.id
    clock.stop_at(expiry_us)
    with pytest.raises(UnauthorizedError):
        await authenticate(runtime.database, f"Bearer {key.secret}")


async def test_an_end_users_key_acts_for_its_end_user_and_is_deleted_with_it(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "keys")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user = await create_end_user(tenant)
    key = await create_key(tenant, end_user=(user.id, user.number))
    caller = await authenticate(runtime.database, f"Bearer {key.secret}")
    assert (caller.end_user_id, caller.tenant.end_user_no) == (user.id, user.number)
    await runtime.deletion.erase_end_user(tenant, user.id)
    with pytest.raises(UnauthorizedError):
        await authenticate(runtime.database, f"Bearer {key.secret}")


async def test_a_restricted_key_may_do_what_its_scopes_say(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "keys")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    key = await create_key(tenant, scopes=frozenset({"ask:write", "recordings:read"}))
    assert re.fullmatch(r"rk_live_[A-Za-z0-9]{33,128}", key.secret)
    caller = await authenticate(runtime.database, f"Bearer {key.secret}")
    asked = ("ask:write", "ask:read", "recordings:read", "recordings:write", "end_users:read")
    assert [caller.may(scope) for scope in asked] == [True, True, True, False, False]


async def test_keys_of_one_tenant_are_invalid_for_another(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "keys")
    live, test = [await get_tenant(runtime.operator, project.id, mode) for mode in ("live", "test")]
    key = await create_key(live)
    assert await list_keys(test) == []
    with pytest.raises(KeyNotFoundError):
        await revoke_key(test, key.id)
    assert (await authenticate(runtime.database, f"Bearer {key.secret}")).key_id == key.id


def _cursor_secret(place: Place) -> str:
    async def work(runtime: Runtime) -> str:
        return runtime.cursor_secret

    return place.run(work)


def test_processes_started_at_once_agree_on_the_cursor_secret(empty_place: Place) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        secrets = [one.result() for one in [pool.submit(_cursor_secret, empty_place) for _ in range(2)]]
    assert len(set(secrets)) == 1
    assert re.fullmatch(r"[A-Za-z0-9]{48}", secrets[0])


async def test_an_unknown_scope_is_refused(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    for scope in ("ask", "ask:delete", "everything:read", "", "ASK:READ", "ask:read "):
        with pytest.raises(UnknownScopeError):
            await create_key(tenant, scopes=frozenset({"ask:read", scope}))
    assert await list_keys(tenant) == []


async def test_a_rotated_key_has_the_same_scopes_and_the_old_one_is_revoked_at_once(runtime: Runtime) -> None:
    expiry_us = 4_000_000_000_000_000
    tenant = await new_tenant(runtime)
    user = await create_end_user(tenant)
    reach = {"end_user": (user.id, user.number), "scopes": frozenset({"ask:read"}), "expires_us": expiry_us}
    old = await create_key(tenant, **reach, label="phone")
    before = await authenticate(runtime.database, f"Bearer {old.secret}")
    new = await rotate_key(tenant, old.id)
    after = await authenticate(runtime.database, f"Bearer {new.secret}")
    assert (after.tenant, after.scopes) == (before.tenant, before.scopes)
    with pytest.raises(UnauthorizedError):
        await authenticate(runtime.database, f"Bearer {old.secret}")
    shown = {one.id: one for one in await list_keys(tenant)}
    assert (shown[new.id].label, shown[new.id].expires_us) == ("phone", expiry_us)
    assert shown[old.id].revoked_us is not None


async def test_with_a_grace_period_the_old_key_is_valid_until_its_end(runtime: Runtime, clock: Clock) -> None:
    tenant = await new_tenant(runtime)
    start_us = now_us()
    old = await create_key(tenant)
    clock.stop_at(start_us)
    new = await rotate_key(tenant, old.id, grace_us=60_000_000)
    clock.stop_at(start_us + 59_999_999)
    assert (await authenticate(runtime.database, f"Bearer {old.secret}")).key_id == old.id
    clock.stop_at(start_us + 60_000_000)
    with pytest.raises(UnauthorizedError):
        await authenticate(runtime.database, f"Bearer {old.secret}")
    assert (await authenticate(runtime.database, f"Bearer {new.secret}")).key_id == new.id


async def test_a_grace_period_never_extends_a_keys_expiry(runtime: Runtime, clock: Clock) -> None:
    tenant = await new_tenant(runtime)
    expiry_us = now_us() + 10_000_000
    old = await create_key(tenant, expires_us=expiry_us)
    await rotate_key(tenant, old.id, grace_us=3_600_000_000)
    assert {one.expires_us for one in await list_keys(tenant)} == {expiry_us}
    clock.stop_at(expiry_us)
    for why in ("has expired", "is revoked"):
        with pytest.raises(KeyNotRotatableError, match=why):
            await rotate_key(tenant, old.id)
        await revoke_key(tenant, old.id)
    with pytest.raises(KeyNotFoundError):
        await rotate_key(tenant, "key_unknown")


def test_sign_in_attempts_are_counted_by_address_and_by_ipv6_network() -> None:
    assert rate_slot("192.0.2.1") != rate_slot("192.0.2.2")
    assert rate_slot("2001:db8::1") == rate_slot("2001:db8::ffff:1") == rate_slot("2001:db8::1%eth0")
    assert rate_slot("2001:db8::1") != rate_slot("2001:db8:0:1::1")
    assert rate_slot("") != rate_slot("testclient")


async def test_the_time_of_last_use_is_not_lost_when_it_can_not_be_written(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Tenant) -> None:
        raise StorageUnavailableError("The server can't write to its disk.")

    tenant = await new_tenant(runtime)
    caller = await authenticate(runtime.database, f"Bearer {(await create_key(tenant)).secret}")
    runtime.admission.last_used.note(caller)
    with monkeypatch.context() as patch, pytest.raises(StorageUnavailableError):
        patch.setattr(Tenant, "writing", away)
        await runtime.admission.last_used.write()
    await runtime.admission.last_used.write()
    assert [one.last_used_us is None for one in await list_keys(tenant)] == [False]


async def test_the_time_of_last_use_is_written_later_and_never_goes_back(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    used, unused = await create_key(tenant), await create_key(tenant)
    caller = await authenticate(runtime.database, f"Bearer {used.secret}")
    runtime.admission.last_used.note(caller)
    assert [one.last_used_us for one in await list_keys(tenant)] == [None, None]
    await runtime.admission.last_used.write()
    first = {one.id: one.last_used_us for one in await list_keys(tenant)}
    assert first[unused.id] is None
    assert first[used.id] is not None
    runtime.admission.last_used._noted[caller.tenant.tenant_id, used.id] = first[used.id] - 5
    await runtime.admission.last_used.write()
    assert {one.id: one.last_used_us for one in await list_keys(tenant)} == first
