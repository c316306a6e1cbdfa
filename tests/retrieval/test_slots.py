"""Slots bound what runs at once; owners take turns, and whoever gives up blocks nobody."""

from __future__ import annotations

import asyncio
import random

from earmark.retrieval.slots import FairSlots


async def _hold(slots: FairSlots, owner: str, order: list[str], free: asyncio.Event | None = None) -> None:
    async with slots.hold(owner):
        order.append(owner)
        await (free.wait() if free else asyncio.sleep(0))


def test_owners_take_turns_however_many_each_waits_with() -> None:
    async def main() -> list[str]:
        slots, order, free = FairSlots(1), [], asyncio.Event()
        first = asyncio.create_task(_hold(slots, "first", order, free))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(_hold(slots, owner, order)) for owner in ("a", "a", "a", "a", "b", "c", "b")]
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(first, *waiting)
        return order

    assert asyncio.run(main()) == ["first", "a", "b", "c", "a", "b", "a", "a"]


def test_no_more_run_at_once_than_there_are_slots_whatever_is_given_up() -> None:
    async def main() -> None:
        chance, slots, now, most, done = random.Random(3), FairSlots(3), 0, 0, 0

        async def work(owner: int) -> None:
            nonlocal now, most, done
            async with slots.hold(owner):
                now += 1
                most = max(most, now)
                try:
                    await asyncio.sleep(chance.choice((0, 0, 0.001)))
                    done += 1
                finally:
                    now -= 1

        tasks = [asyncio.create_task(work(chance.randrange(4))) for _ in range(400)]
        for task in tasks:
            if chance.random() < 0.4:
                task.cancel()
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (now, most) == (0, 3)
        assert done == sum(not task.cancelled() for task in tasks)
        async with asyncio.timeout(5):  # every slot is free again
            await asyncio.gather(*(work(number) for number in range(3)))
        assert slots._free == 3

    asyncio.run(main())


def test_a_slot_granted_in_the_instant_that_its_waiter_gives_up_is_passed_on() -> None:
    async def main() -> None:
        slots, order, free = FairSlots(1), [], asyncio.Event()
        first = asyncio.create_task(_hold(slots, "first", order, free))
        await asyncio.sleep(0)
        second = asyncio.create_task(_hold(slots, "second", order))
        third = asyncio.create_task(_hold(slots, "third", order))
        await asyncio.sleep(0)
        slots._release()  # grants to the second, which is cancelled before it runs
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        async with asyncio.timeout(5):
            await third
        assert order == ["first", "third"]
        free.set()
        await first

    asyncio.run(main())
