"""Keys: shown once, kept as a hash, recognised only whole."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from earmark.ask.erasure import erase_end_user
from earmark.errors import UnauthorizedError
from earmark.identity import keys
from earmark.identity.errors import KeyNotFoundError
from earmark.identity.keys import authenticate, create_key, list_keys, revoke_key
from earmark.identity.projects import create_project, get_installation_secret, get_tenant
from earmark.library.end_users import create_end_user
from earmark.runtime import Runtime
from tests.server import Place


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


def test_a_key_is_recognised_until_it_is_revoked(fresh_place: Place) -> None:
    async def work(runtime: Runtime) -> None:
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

    fresh_place.run(work)


def test_every_process_signs_cursors_with_the_same_secret(fresh_place: Place) -> None:
    async def work(runtime: Runtime) -> str:
        return await get_installation_secret(runtime.operator, "cursor_secret")

    assert fresh_place.run(work) == fresh_place.run(work)


def test_a_key_stops_working_when_it_expires(fresh_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    expiry_us = 4_000_000_000_000_000

    async def work(runtime: Runtime) -> None:
        project = await create_project(runtime.operator, "keys")
        key = await create_key(await get_tenant(runtime.operator, project.id, "live"), expires_us=expiry_us)
        monkeypatch.setattr(keys, "now_us", lambda: expiry_us - 1)
        assert (await authenticate(runtime.database, f"Bearer {key.secret}")).key_id == key.id
        monkeypatch.setattr(keys, "now_us", lambda: expiry_us)
        with pytest.raises(UnauthorizedError):
            await authenticate(runtime.database, f"Bearer {key.secret}")

    fresh_place.run(work)


def test_a_bound_key_stands_for_its_end_user_and_goes_with_it(fresh_place: Place) -> None:
    async def work(runtime: Runtime) -> None:
        project = await create_project(runtime.operator, "keys")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        user = await create_end_user(tenant)
        key = await create_key(tenant, end_user=(user.id, user.number))
        caller = await authenticate(runtime.database, f"Bearer {key.secret}")
        assert (caller.end_user_id, caller.tenant.end_user_no) == (user.id, user.number)
        await erase_end_user(tenant, user.id)
        with pytest.raises(UnauthorizedError):
            await authenticate(runtime.database, f"Bearer {key.secret}")

    fresh_place.run(work)


def test_a_restricted_key_may_do_what_its_scopes_say(fresh_place: Place) -> None:
    async def work(runtime: Runtime) -> None:
        project = await create_project(runtime.operator, "keys")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        key = await create_key(tenant, scopes=frozenset({"ask:write", "recordings:read"}))
        assert re.fullmatch(r"rk_live_[A-Za-z0-9]{33,128}", key.secret)
        caller = await authenticate(runtime.database, f"Bearer {key.secret}")
        asked = ("ask:write", "ask:read", "recordings:read", "recordings:write", "end_users:read")
        assert [caller.may(scope) for scope in asked] == [True, True, True, False, False]

    fresh_place.run(work)


def test_keys_of_one_tenant_are_not_anothers(fresh_place: Place) -> None:
    async def work(runtime: Runtime) -> None:
        project = await create_project(runtime.operator, "keys")
        live, test = [await get_tenant(runtime.operator, project.id, mode) for mode in ("live", "test")]
        key = await create_key(live)
        assert await list_keys(test) == []
        with pytest.raises(KeyNotFoundError):
            await revoke_key(test, key.id)
        assert (await authenticate(runtime.database, f"Bearer {key.secret}")).key_id == key.id

    fresh_place.run(work)


def _cursor_secret(place: Place) -> str:
    async def work(runtime: Runtime) -> str:
        return runtime.cursor_secret

    return place.run(work)


def test_processes_started_at_once_agree_on_the_cursor_secret(fresh_place: Place) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        secrets = [one.result() for one in [pool.submit(_cursor_secret, fresh_place) for _ in range(2)]]
    assert len(set(secrets)) == 1
    assert re.fullmatch(r"[A-Za-z0-9]{48}", secrets[0])
