"""Slots bound what runs at once; owners take turns, and whoever gives up blocks nobody."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from earmark.fair_slots import URGENT, FairSlots


async def _hold(slots: FairSlots, owner: str, order: list[str], free: asyncio.Event | None = None) -> None:
    async with slots.hold((owner, None)):
        order.append(owner)
        await (free.wait() if free else asyncio.sleep(0))


async def test_owners_take_turns_however_many_each_waits_with() -> None:
    slots, order, free = FairSlots(1), [], asyncio.Event()
    first = asyncio.create_task(_hold(slots, "first", order, free))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(_hold(slots, owner, order)) for owner in ("a", "a", "a", "a", "b", "c", "b")]
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(first, *waiting)
    assert order == ["first", "a", "b", "c", "a", "b", "a", "a"]


async def test_no_more_run_at_once_than_there_are_slots_whatever_is_given_up() -> None:
    chance, slots, now, most, done = random.Random(3), FairSlots(3), 0, 0, 0

    async def work(owner: int | None) -> None:
        nonlocal now, most, done
        async with slots.hold((owner, chance.randrange(2))):
            now += 1
            most = max(most, now)
            try:
                await asyncio.sleep(chance.choice((0, 0, 0.001)))
                done += 1
            finally:
                now -= 1

    tasks = [asyncio.create_task(work(chance.choice((None, 1, 2, 3)))) for _ in range(400)]
    for task in tasks:
        if chance.random() < 0.4:
            task.cancel()
        if chance.random() < 0.3:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (now, most) == (0, 3)
    assert done == sum(not task.cancelled() for task in tasks)
    async with asyncio.timeout(60):  # every slot is free again
        await asyncio.gather(*(work(number) for number in range(3)))
    assert slots._free == 3


async def test_a_slot_granted_in_the_instant_that_its_waiter_gives_up_is_passed_on() -> None:
    slots, order, free = FairSlots(1), [], asyncio.Event()
    first = asyncio.create_task(_hold(slots, "first", order, free))
    await asyncio.sleep(0)
    second = asyncio.create_task(_hold(slots, "second", order))
    third = asyncio.create_task(_hold(slots, "third", order))
    await asyncio.sleep(0)
    slots.release(("first", None))  # grants to the second, which is cancelled before it runs
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    async with asyncio.timeout(60):
        await third
    assert order == ["first", "third"]
    free.set()
    with suppress(KeyError):  # its slot was given back above
        await first


async def test_end_users_of_a_tenant_take_turns_within_its_turns() -> None:
    slots, order, free = FairSlots(1), [], asyncio.Event()

    async def hold(tenant: str, user: str) -> None:
        async with slots.hold((tenant, user)):
            order.append(tenant + user)
            await free.wait()

    free.set()
    await slots.acquire(("x", None))
    crowd = [("a", "1"), ("a", "1"), ("a", "1"), ("a", "2"), ("a", "3"), ("b", "9"), ("b", "9")]
    waiting = [asyncio.create_task(hold(*owner)) for owner in crowd]
    await asyncio.sleep(0)
    slots.release(("x", None))
    await asyncio.gather(*waiting)
    assert order == ["a1", "b9", "a2", "b9", "a3", "a1", "a1"]


async def test_a_tenant_never_holds_more_than_its_part_and_what_is_urgent_comes_first() -> None:
    slots, order = FairSlots(3, most_each=2), []

    async def hold(owner: tuple[str, None]) -> None:
        async with slots.hold(owner):
            order.append(owner[0] or "urgent")

    await slots.acquire(("a", None))
    await slots.acquire(("a", None))
    third = asyncio.create_task(hold(("a", None)))
    await asyncio.sleep(0)
    assert order == []  # though a slot is free
    await slots.acquire(("b", None))
    others = [asyncio.create_task(hold(owner)) for owner in (("c", None), URGENT)]
    await asyncio.sleep(0)
    slots.release(("b", None))
    await asyncio.gather(*others)
    assert order == ["urgent", "c"]
    slots.release(("a", None))
    await third
    assert order == ["urgent", "c", "a"]
