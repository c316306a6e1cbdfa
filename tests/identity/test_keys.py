"""Keys: shown once, kept as a hash, recognised only whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earmark.errors import UnauthorizedError
from earmark.identity.keys import authenticate, create_key, list_keys, revoke_key
from earmark.identity.projects import create_project, get_installation_secret, get_tenant
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
