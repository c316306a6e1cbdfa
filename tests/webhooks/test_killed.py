"""Processes that are killed between a commit and a request, or between a request and the commit of its outcome."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.webhooks.conftest import Project
from tests.webhooks.receiver import Receiver, receiving
from tests.zygote import Forked

pytestmark = pytest.mark.slow  # `make test-slow` kills

EVENTS_A_KILL = 5
"""More than the requests after which a process dies: one that failed under load is made again only a minute later."""


async def kill_often(project: Project, receiver: Receiver, kills: int) -> None:
    """Kill a delivering process again and again while events happen; nothing is lost, and what is doubled is the same."""
    endpoint = await project.endpoint(receiver.url)
    told: list[str] = []
    for number in range(kills):
        told += await project.emit(EVENTS_A_KILL)
        arguments = ["-m", "tests.webhooks.dying_sender", "before" if number % 2 else "after", str(1 + number % 3)]
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            process = Forked(arguments, project.place.environment, stdout=nowhere, stderr=nowhere)
        assert await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL
    async with project.process(lease_s=1):
        await project.until(endpoint, lambda found: {one.status for one in found} == {"succeeded"}, most_s=150)
    assert len(await project.deliveries(endpoint)) == len(told)
    assert set(receiver.ids) == set(told)
    bodies = {one.event["id"]: one.body for one in receiver.got}
    assert all(one.body == bodies[one.event["id"]] for one in receiver.got)
    assert kills // 3 <= sum(receiver.ids.values()) - len(told) <= 2 * kills  # what was under way, in two lanes


async def test_a_process_that_is_killed_loses_no_event(project: Project, receiver: Receiver) -> None:
    await kill_often(project, receiver, 10)


@pytest.mark.slow
async def test_of_two_hundred_processes_that_are_killed_none_loses_an_event(
    project: Project, receiver: Receiver
) -> None:
    await kill_often(project, receiver, 200)


@pytest.mark.slow
async def test_an_endpoint_that_never_answers_holds_up_none_of_fifty(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 deliveries: 200 events to 50 endpoints, more than one project may have, of which one is silent.

    Before it joins, the others get as many: how long theirs took then is what it must not change.
    """
    monkeypatch.setattr("earmark.webhooks.endpoints.MOST", 50)
    with receiving() as silent, receiving() as quick:
        silent.answer = silent.hanging
        for number in range(49):
            await project.endpoint(f"{quick.url}/{number}")
        async with project.process():
            without = await p95_of_200(project, quick, 49)
            quick.got.clear()
            first = await project.endpoint(silent.url)
            beside = await p95_of_200(project, quick, 49)
            # A silent server goes on with what was given up, so that only what it was sent can be counted.
            assert 2 <= len(silent.got) < 200
            assert not any(one.status == "succeeded" for one in await project.deliveries(first))
            silent.hold.set()
        assert beside <= 1.5 * without


async def p95_of_200(project: Project, quick: Receiver, endpoints: int) -> float:
    """Have 200 events happen, wait until all endpoints of a receiver have them; return the 95th percentile in seconds."""
    began_s = time.time()
    told = await project.emit(200)
    async with asyncio.timeout(280):
        while len(quick.got) < endpoints * 200:
            await asyncio.sleep(0.1)
    assert len({(one.path, one.event["id"]) for one in quick.got}) == endpoints * 200
    assert {one.event["id"] for one in quick.got} == set(told)
    return sorted(one.at_s - began_s for one in quick.got)[int(0.95 * endpoints * 200)]
