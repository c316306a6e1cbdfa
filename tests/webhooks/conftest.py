"""A project whose events are delivered by processes that a test starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import pytest

from earmark.identity.projects import create_project, get_tenant
from earmark.jobs import outbox
from earmark.jobs.claiming import new_process
from earmark.jobs.outcomes import Pauses
from earmark.jobs.worker import Worker
from earmark.library.types import Page
from earmark.metrics import Metrics
from earmark.outbound.addresses import AddressRules
from earmark.outbound.sending import Sender
from earmark.sealing import Sealer
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator, Tenant
from earmark.webhooks import jobs as webhook_jobs
from earmark.webhooks.deliveries import list_attempts, list_deliveries
from earmark.webhooks.endpoints import create_endpoint, get_endpoint
from earmark.webhooks.reading import relay
from earmark.webhooks.types import Attempt, Delivery, DeliveryFilters, Endpoint, NewEndpoint
from tests.server import Place
from tests.webhooks.receiver import Receiver, receiving

POLL_S = 0.1
"""Processes look for events and jobs of others sooner than in a real installation."""
HERE = AddressRules((ip_network("127.0.0.0/8"),))


@dataclass
class Project:
    """A project without a server."""

    place: Place
    operator: Operator
    tenant: Tenant
    sealer: Sealer

    async def endpoint(self, url: str, **fields: Any) -> Endpoint:
        new = NewEndpoint(url, fields.pop("events", ["*"]), **fields)
        return (await create_endpoint(self.tenant, self.sealer, new))[0]

    async def emit(self, count: int = 1, type_: str = "recording.created", **about: Any) -> list[str]:
        """Write events, as a change would; return their ids."""
        data = about.pop("data", {"recording_id": "rec_1"})
        async with self.tenant.writing() as work:
            events = [await outbox.emit(work, type_, end_user_id=None, data=data, **about) for _ in range(count)]
        return [event.id for event in events]

    async def deliveries(self, endpoint: Endpoint) -> list[Delivery]:
        return await list_deliveries(self.tenant, Page(1_000), DeliveryFilters(endpoint.id))

    async def attempts(self, delivery: Delivery) -> list[Attempt]:
        return await list_attempts(self.tenant, delivery.id)

    async def now(self, endpoint: Endpoint) -> Endpoint:
        return await get_endpoint(self.tenant, endpoint.id)

    async def until(self, endpoint: Endpoint, is_so: Callable[[list[Delivery]], bool], most_s: float = 30) -> Any:
        """Wait until an endpoint's deliveries are as wanted; return them."""
        async with asyncio.timeout(most_s):
            while not is_so(found := await self.deliveries(endpoint)):
                await asyncio.sleep(0.02)
        return found

    @asynccontextmanager
    async def process(
        self, sender: Sender | None = None, lease_s: float = 30, metrics: Metrics | None = None
    ) -> AsyncIterator[Worker]:
        """A server process that delivers, until the block ends."""
        async with AsyncExitStack() as stack:
            database = await open_database(self.place.settings)
            stack.push_async_callback(database.close)
            operator = Operator(database)
            kinds = webhook_jobs.kinds(sender or Sender(HERE), self.sealer, metrics)
            worker = Worker(operator, kinds, new_process("host", lease_s, 1), metrics, pauses=Pauses(poll_s=POLL_S))
            loops = [worker.run(), worker.renew_leases(), database.listen(), relay(operator, poll_s=POLL_S)]
            tasks = [asyncio.create_task(one) for one in loops]
            try:
                yield worker
                await worker.stop(0.1)
            finally:
                for task in tasks:
                    task.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def project(fresh_place: Place) -> AsyncIterator[Project]:
    database = await open_database(fresh_place.settings)
    try:
        operator = Operator(database)
        made = await create_project(operator, "one")
        tenant = await get_tenant(operator, made.id, "live")
        yield Project(fresh_place, operator, tenant, Sealer(fresh_place.data_dir, None))
    finally:
        await database.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one
