"""What metrics say of deliveries and jobs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earmark.jobs.queue import count_due, count_running, enqueue
from earmark.jobs.types import NewJob
from earmark.metrics import Metrics
from earmark.webhooks.measuring import Backlog, measure_backlog
from tests.webhooks.conftest import Project
from tests.webhooks.receiver import receiving
from tests.webhooks.test_delivering import all_are, status


def counts_of(metrics: Metrics) -> dict[str, float]:
    lines = (line for line in metrics.render().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_attempts_are_counted_by_what_became_of_the_delivery(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.webhooks.schedule.PAUSES_S", (0.02, 0.02, 0.02, 0.02, 0.02))
    metrics = Metrics(tmp_path)
    with receiving() as good, receiving(status(503)) as bad:
        first, second = await project.endpoint(good.url), await project.endpoint(bad.url)
        await project.emit()
        async with project.process(metrics=metrics):
            await project.until(first, all_are("succeeded"))
            await project.until(second, all_are("failed"))
    counts = counts_of(metrics)
    attempts = {
        name: counts[f'earmark_webhook_attempts_total{{outcome="{name}"}}'] for name in ("succeeded", "retried")
    }
    assert attempts == {"succeeded": 1, "retried": 5}
    assert counts['earmark_webhook_attempts_total{outcome="failed"}'] == 1
    assert counts["earmark_webhook_attempt_seconds_count"] == 7
    runs = {
        name: value for name, value in counts.items() if re.match(r"earmark_job_seconds_count.*webhooks.deliver", name)
    }
    totals = {name: value for name, value in counts.items() if re.match(r"earmark_jobs_total.*webhooks.deliver", name)}
    assert sum(runs.values()) == sum(totals.values()) > 0


async def test_the_backlog_is_what_has_not_ended_and_how_old_it_is(project: Project) -> None:
    assert await measure_backlog(project.operator) == Backlog(0, 0.0)
    with receiving(status(503)) as bad:
        endpoint = await project.endpoint(bad.url)
        await project.emit(2)
        async with project.process():
            found = await project.until(endpoint, lambda all_: [one.attempts for one in all_] == [1, 1])
        backlog = await measure_backlog(project.operator)
    assert {one.status for one in found} == {"pending"}
    assert backlog.pending == 2
    assert backlog.oldest_s > 0


async def test_due_jobs_are_counted_by_kind(project: Project) -> None:
    async with project.tenant.writing() as work:
        for new in (NewJob("lamp"), NewJob("lamp"), NewJob("wick"), NewJob("wick", delay_s=60)):
            await enqueue(work, new)
    due = {one.kind: one for one in await count_due(project.operator)}
    assert {kind: one.jobs for kind, one in due.items()} == {"lamp": 2, "wick": 1}
    assert all(0 <= one.waited_s < 60 for one in due.values())
    assert await count_running(project.operator) == {}
