"""Events: written with their change, read by position, handed on once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from earmark.errors import InvalidError
from earmark.jobs import outbox
from earmark.jobs.outbox import Event
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator, Tenant
from tests.clock import Clock
from tests.jobs.world import World


async def emit(tenant: Tenant, number: int, subject_id: str | None = "rec_1") -> None:
    async with tenant.writing() as work:
        await outbox.emit(work, "recording.created", end_user_id="eu_1", subject_id=subject_id, data={"number": number})


def numbers(events: Sequence[Event]) -> list[int]:
    return [event.data["number"] for event in events]


async def test_events_are_read_in_order_by_position_and_only_after_it(world: World) -> None:
    for number in range(5):
        await emit(world.tenant if number % 2 else world.other, number)
    first = await outbox.read_after(world.operator, 0, most=2)
    assert numbers(first) == [0, 1]
    assert numbers(await outbox.read_after(world.operator, first[-1].position or 0)) == [2, 3, 4]


async def test_of_two_events_the_later_is_read_later_whatever_the_clock_says(world: World, clock: Clock) -> None:
    for number in range(5):
        clock.shift_s = -5 * number
        await emit(world.tenant, number)
    assert numbers(await outbox.read_after(world.operator, 0)) == [0, 1, 2, 3, 4]


async def test_an_event_of_a_change_that_was_rolled_back_does_not_exist(world: World) -> None:
    with pytest.raises(InvalidError):
        async with world.tenant.writing() as work:
            await outbox.emit(work, "recording.created", end_user_id=None, data={})
            raise InvalidError("no")
    assert await outbox.read_after(world.operator, 0) == []


async def test_a_type_that_the_contract_does_not_name_is_refused(world: World) -> None:
    async with world.tenant.writing() as work:
        with pytest.raises(ValueError, match="type of event"):
            await outbox.emit(work, "recording.painted", end_user_id=None, data={})


async def test_a_named_reader_and_its_effects_move_together(world: World) -> None:
    handed: list[int] = []

    async def take(_: Operator, events: Sequence[Event]) -> None:
        handed.extend(numbers(events))

    async def fail(_: Operator, events: Sequence[Event]) -> None:
        raise InvalidError("not now")

    for number in range(3):
        await emit(world.tenant, number)
    with pytest.raises(InvalidError):
        await outbox.read_once(world.operator, "webhooks", fail)
    assert await outbox.read_once(world.operator, "webhooks", take) == 3
    assert await outbox.read_once(world.operator, "webhooks", take) == 0
    await emit(world.tenant, 3)
    assert await outbox.read_once(world.operator, "webhooks", take) == 1
    assert handed == [0, 1, 2, 3]


async def test_two_processes_that_read_under_one_name_hand_on_each_event_once(world: World) -> None:
    handed: list[int] = []

    async def take(_: Operator, events: Sequence[Event]) -> None:
        handed.extend(numbers(events))

    for number in range(40):
        await emit(world.tenant, number)
    second = await open_database(world.place.settings)
    try:
        await asyncio.gather(
            *(outbox.read_once(one, "webhooks", take) for one in (world.operator, Operator(second)) for _ in range(3))
        )
    finally:
        await second.close()
    assert sorted(handed) == list(range(40))


async def test_a_follower_hears_what_comes_and_nothing_of_before(world: World) -> None:
    await emit(world.tenant, 0)
    heard: list[int] = []

    async def follow() -> None:
        async for event in outbox.follow(world.operator):
            heard.append(event.data["number"])

    task = asyncio.create_task(follow())
    await asyncio.sleep(0.1)
    await emit(world.tenant, 1)
    await emit(world.other, 2)
    await world.until_so(lambda: len(heard) == 2)
    task.cancel()
    assert heard == [1, 2]


async def test_events_about_what_is_erased_are_gone(world: World) -> None:
    await emit(world.tenant, 0, "rec_1")
    await emit(world.tenant, 1, "rec_2")
    await emit(world.other, 2, "rec_1")
    async with world.tenant.writing() as work:
        await outbox.delete_about(work, "rec_1")
    assert numbers(await outbox.read_after(world.operator, 0)) == [1, 2]
    async with world.tenant.writing() as work:
        await outbox.delete_of_end_user(work, "eu_1")
    assert numbers(await outbox.read_after(world.operator, 0)) == [2]
