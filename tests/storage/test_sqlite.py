"""Units of work, on the database under test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from earmark.errors import NotFoundError
from earmark.identity.projects import create_project, get_tenant
from earmark.library import queries
from earmark.library.end_users import create_end_user, find_end_user, get_end_user, list_end_users
from earmark.library.errors import ExternalIdTakenError
from earmark.library.recordings import create_recording
from earmark.library.types import Page
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant
from tests.server import Place


@pytest.fixture(scope="module")
def shared(new_place: Callable[[], Place]) -> Place:
    return new_place()


@pytest.fixture
async def runtime(shared: Place) -> AsyncIterator[Runtime]:
    async with open_runtime(shared.settings) as one:
        yield one


async def new_tenant(runtime: Runtime) -> Tenant:
    project = await create_project(runtime.operator, "storage")
    return await get_tenant(runtime.operator, project.id, "live")


async def test_a_unit_of_work_that_raises_leaves_nothing(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    with pytest.raises(ZeroDivisionError):
        async with tenant.writing() as unit:
            await create_end_user(unit, external_id="lost")
            raise ZeroDivisionError
    assert await find_end_user(tenant, "lost") is None


async def test_nested_units_of_work_are_one_transaction(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    with pytest.raises(ExternalIdTakenError):
        async with tenant.writing() as unit:
            await create_end_user(unit, external_id="twice")
            await create_end_user(unit, external_id="twice")
    assert await list_end_users(tenant, Page()) == []


async def test_a_cancelled_unit_leaves_nothing_and_does_not_block_the_next(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    is_inside = asyncio.Event()

    async def never_ends() -> None:
        async with tenant.writing() as unit:
            await create_end_user(unit, external_id="cancelled")
            is_inside.set()
            await asyncio.sleep(3_600)

    task = asyncio.create_task(never_ends())
    await is_inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await create_end_user(tenant, external_id="next")
    assert [user.external_id for user in await list_end_users(tenant, Page())] == ["next"]


async def test_a_snapshot_sees_one_moment(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    await create_end_user(tenant, external_id="first")
    async with tenant.reading() as snapshot:
        assert len(await list_end_users(snapshot, Page())) == 1
        await create_end_user(tenant, external_id="second")
        assert len(await list_end_users(snapshot, Page())) == 1
    assert len(await list_end_users(tenant, Page())) == 2


async def test_a_change_outside_a_unit_of_work_is_refused(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    with pytest.raises(RuntimeError, match="writing"):
        await tenant.execute(queries.delete_end_user, {"end_user_id": "eu_x"})
    async with tenant.reading() as snapshot:
        with pytest.raises(RuntimeError):
            await snapshot.execute(queries.delete_end_user, {"end_user_id": "eu_x"})


async def test_inserting_a_row_without_its_parent_is_not_found(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    with pytest.raises(NotFoundError):
        await create_recording(tenant.acting_for("eu_gone", 1))


async def test_a_handle_of_one_end_user_can_not_switch_to_another(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    one, other = await create_end_user(tenant), await create_end_user(tenant)
    narrowed = tenant.acting_for(one.id, one.number)
    with pytest.raises(ValueError, match="another"):
        narrowed.acting_for(other.id, other.number)
    assert (await get_end_user(narrowed, one.id)).id == one.id
    with pytest.raises(NotFoundError):
        await get_end_user(narrowed, other.id)


async def test_many_writers_lose_nothing(runtime: Runtime) -> None:
    tenant = await new_tenant(runtime)
    await asyncio.gather(*(create_end_user(tenant, external_id=f"user {number}") for number in range(40)))
    assert len(await list_end_users(tenant, Page(100))) == 40
