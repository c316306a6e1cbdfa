"""Jobs of webhooks: events become deliveries, lanes send them, old ones go."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from earmark.identity.projects import find_tenant_key
from earmark.jobs.kinds import JobKind, sweeping
from earmark.jobs.outbox import Event, read_own_between
from earmark.jobs.running import RunningJob
from earmark.metrics import Metrics
from earmark.outbound.sending import Sender
from earmark.sealing import Sealer
from earmark.storage.tenant import Tenant
from earmark.webhooks import delivery_queries, queries
from earmark.webhooks.deliveries import RECOVER, missed_by, requeue_failed
from earmark.webhooks.delivering import Lane
from earmark.webhooks.endpoints import hold_enabled
from earmark.webhooks.erasure import sweep
from earmark.webhooks.errors import EndpointDisabledError, EndpointNotFoundError
from earmark.webhooks.queueing import DELIVER, queue_events
from earmark.webhooks.reading import FAN_OUT
from earmark.webhooks.types import Endpoint

_ATTEMPTS: Final = 20
_LOSSES: Final = 1_000_000
"""A process that dies under such a job says nothing of the job, which goes on while there is something to do."""
_SWEEP_S: Final = 3_600.0
_AT_ONCE: Final = 20
_FAILED_AT_ONCE: Final = 500
_FIRST: Final = (-1, "")


def kinds(sender: Sender, sealer: Sealer, metrics: Metrics | None = None) -> list[JobKind]:
    """Return this room's kinds of job."""

    async def deliver(running: RunningJob) -> None:
        await Lane(running, sender, sealer, metrics).run()

    return [
        JobKind(FAN_OUT, _fan_out, max_attempts=_ATTEMPTS, max_losses=_LOSSES),
        JobKind(RECOVER, _recover, max_attempts=_ATTEMPTS, max_losses=_LOSSES),
        JobKind(DELIVER, deliver, max_attempts=_ATTEMPTS, max_losses=_LOSSES, is_waiting=True),
        sweeping("webhooks.sweep", sweep, _SWEEP_S),
    ]


async def _fan_out(running: RunningJob) -> None:
    """Queue the events at some positions for the endpoints that ask for them."""
    payload = running.job.payload
    project_id = await _project_of(running)
    async with running.finishing() as work:
        endpoints = [Endpoint(*row) for row in await work.fetch_all(queries.select_endpoints_enabled)]
        if endpoints:
            await queue_events(
                work, await read_own_between(work, payload["after"], payload["until"]), endpoints, project_id
            )


async def _recover(running: RunningJob) -> None:
    """Queue what failed and what an endpoint was never sent, some at a time, until there is none."""
    project_id = await _project_of(running)
    if not await _requeue_failed(running):
        return
    while True:
        async with running.writing() as work:
            with suppress(EndpointNotFoundError, EndpointDisabledError):
                if await _recover_some(work, running, project_id):
                    continue
            await running.leave(work)
            return


async def _requeue_failed(running: RunningJob) -> bool:
    """Queue failed deliveries again; return False if the endpoint is gone or disabled, with which the job ends."""
    payload = running.job.payload
    place: tuple[int, str] | None = _FIRST
    while place is not None:
        async with running.writing() as work:
            try:
                await hold_enabled(work, payload["endpoint_id"])
            except (EndpointNotFoundError, EndpointDisabledError):
                await running.leave(work)
                return False
            place = await requeue_failed(work, payload["endpoint_id"], payload["since_us"], place, _FAILED_AT_ONCE)
    return True


async def _recover_some(work: Tenant, running: RunningJob, project_id: str) -> bool:
    payload = running.job.payload
    endpoint = await hold_enabled(work, payload["endpoint_id"])
    params = {**missed_by(endpoint, payload["since_us"]), "most": _AT_ONCE}
    events = [Event._make(row) for row in await work.fetch_all(delivery_queries.select_missed, params)]
    await queue_events(work, events, [endpoint], project_id)
    return bool(events)


async def _project_of(running: RunningJob) -> str:
    key = await find_tenant_key(running.operator, running.job.tenant_id)
    assert key is not None
    return key.project_id
