"""Lines of the log that are written in a job name it, whichever part of the worker writes them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from earmark.errors import UnavailableError
from earmark.jobs import queue
from earmark.jobs.claiming import Claimer, new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import Job, NewJob, PermanentJobError
from earmark.logs import configure_logs
from earmark.storage.tenant import Tenant
from tests.jobs.world import World

log = structlog.get_logger("tests")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    configure_logs("info")
    yield file
    structlog.reset_defaults()


def lines_of(written: io.StringIO) -> dict[str, dict[str, Any]]:
    return {line["event"]: line for line in map(json.loads, written.getvalue().splitlines())}


async def add(world: World, kind: str) -> str:
    async with world.tenant.writing() as work:
        return str(await queue.enqueue(work, NewJob(kind)))


def says(line: dict[str, Any], job_id: str, kind: str) -> bool:
    return (line["job_id"], line["job_kind"], "request_id" in line) == (job_id, kind, False)


async def test_what_a_handler_logs_and_why_it_failed_names_the_job(world: World, written: io.StringIO) -> None:
    async def fail(_: RunningJob) -> None:
        log.info("handled")
        raise PermanentJobError("no", "No.")

    async def tell(_: Tenant, __: Job) -> None:
        log.info("announced")

    async with world.process(JobKind("failing", fail, on_failure=tell)):
        job_id = await add(world, "failing")
        await world.until(job_id, "failed")
    lines = lines_of(written)
    assert all(says(lines[event], job_id, "failing") for event in ("handled", "job.failed", "announced"))


async def test_an_outcome_that_cannot_be_stored_is_logged_with_its_job(
    world: World, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RunningJob, "put_back", break_down)
    async with world.process(JobKind("failing", break_down)):
        job_id = await add(world, "failing")
        await world.until_so(lambda: "job.outcome_lost" in lines_of(written))
    assert says(lines_of(written)["job.outcome_lost"], job_id, "failing")


async def test_a_job_whose_processes_died_too_often_is_named(world: World, written: io.StringIO) -> None:
    kind = JobKind("deadly", world.note, max_losses=1)
    job_id = await add(world, "deadly")
    assert await Claimer(world.operator, [kind], new_process("elsewhere", -1, 1)).claim(1)
    async with world.process(kind):
        await world.until(job_id, "failed")
    assert says(lines_of(written)["job.lost_too_often"], job_id, "deadly")


async def test_what_the_worker_logs_between_jobs_names_none(
    world: World, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(_: Claimer) -> list[Job]:
        raise UnavailableError("The database is away.")

    async with world.process(JobKind("greet", world.note), lease_s=0.3):
        await world.until(await add(world, "greet"), "succeeded")
        monkeypatch.setattr(Claimer, "find_lost", lose)
        await world.until_so(lambda: "jobs.leases_not_renewed" in lines_of(written))
    assert not {"job_id", "job_kind"} & set(lines_of(written)["jobs.leases_not_renewed"])
