"""`earmark jobs`, and what `earmark doctor` says of jobs."""

from __future__ import annotations

import json

from earmark.identity.projects import create_project, get_tenant
from earmark.jobs.queue import enqueue
from earmark.jobs.types import NewJob
from earmark.runtime import Runtime
from tests.server import Place


def _with_job(place: Place, kind: str = "transcript.index") -> str:
    async def work(runtime: Runtime) -> str:
        project = await create_project(runtime.operator, "tests")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        async with tenant.writing() as unit:
            job_id = await enqueue(unit, NewJob(kind, payload={"transcription_id": "txn_gone"}))
        assert job_id is not None
        return job_id

    return place.run(work)


def _listed(place: Place, *more: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in place.cli("jobs", "list", *more, "--json").stdout.splitlines()]


def test_a_waiting_job_is_listed_and_cancelled(fresh_place: Place) -> None:
    job_id = _with_job(fresh_place)
    [job] = _listed(fresh_place, "--state", "pending")
    assert (job["id"], job["kind"], job["attempts"]) == (job_id, "transcript.index", 0)
    assert json.loads(fresh_place.cli("jobs", "cancel", job_id, "--json").stdout)["state"] == "cancelled"
    assert fresh_place.cli("jobs", "cancel", job_id, check=False).returncode == 1
    assert _listed(fresh_place, "--state", "pending") == []


def test_only_a_failed_job_is_run_again(fresh_place: Place) -> None:
    job_id = _with_job(fresh_place)
    refused = fresh_place.cli("jobs", "retry", job_id, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert fresh_place.cli("jobs", "list", "--state", "lost", check=False).returncode == 2


def test_the_doctor_says_how_many_jobs_wait(fresh_place: Place) -> None:
    _with_job(fresh_place)
    found = [json.loads(line) for line in fresh_place.cli("doctor", "--json").stdout.splitlines()]
    says = {one["check"]: one["says"] for one in found}
    assert says["jobs"].startswith("1 waiting, 0 running, 0 failed")
    assert says["background"] == "no task of a running server has died"
