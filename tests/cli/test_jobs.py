"""`earmark jobs`, and what `earmark doctor` says of jobs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from earmark.identity.projects import create_project, get_tenant
from earmark.jobs.queue import enqueue
from earmark.jobs.types import NewJob
from earmark.library.recordings import get_recording
from earmark.runtime import Runtime
from earmark.summaries.summaries import get_summary, start_summary
from earmark.summaries.types import Summary, Wanted
from tests.server import Place, new_project, running, wait_until

BOARD = Path(__file__).parents[2] / "src" / "earmark" / "sample" / "ines" / "board-2026-04-28.json"


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


def test_a_summary_whose_job_is_cancelled_has_failed(fresh_place: Place) -> None:
    project = new_project(fresh_place)
    whose = ("--project", project.id, "--end-user", "ines")
    recording_id = json.loads(fresh_place.cli("import", str(BOARD), *whose, "--json").stdout)["recording_id"]

    async def start(runtime: Runtime) -> Summary:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        recording = await get_recording(tenant, recording_id)
        return await start_summary(tenant, recording.transcription_id or "", Wanted("tmpl_general_notes"))

    async def show(runtime: Runtime) -> Summary:
        return await get_summary(await get_tenant(runtime.operator, project.id, "live"), waiting.id)

    waiting = fresh_place.run(start)
    fresh_place.cli("jobs", "cancel", waiting.job_id or "")
    ended = fresh_place.run(show)
    assert (ended.status, ended.error_code) == ("failed", "cancelled")


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
    pending = _listed(fresh_place, "--state", "pending")
    later = len(pending) - 1
    assert says["jobs"].endswith(f"; {later} more pending ones are for later" if later else "failed")
    assert says["background"] == "no task of a running server has died"


def test_the_doctor_counts_the_pending_jobs_that_are_for_later(fresh_place: Place) -> None:
    with running(fresh_place) as server:
        wait_until(lambda: len(_listed(fresh_place, "--state", "pending")) > 1)
        server.stop()
    pending = len(_listed(fresh_place, "--state", "pending"))
    found = [json.loads(line) for line in fresh_place.cli("doctor", "--json").stdout.splitlines()]
    says = next(one["says"] for one in found if one["check"] == "jobs")
    waiting, later = (int(number) for number in re.findall(r"(\d+) (?:waiting|more pending)", says))
    assert waiting + later == pending
