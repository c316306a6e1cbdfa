"""Sends deliveries: each endpoint has two lanes, and a lane is a job that sends one delivery after another.

A lane marks a delivery before it sends it and unmarks it with the outcome; what a process that died had marked is sent
again by whoever runs the lane next. So no more than two are under way to an endpoint, however many processes there
are, and none is lost; some are sent twice, with the same id and bytes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import structlog

import earmark
from earmark.clock import now_us
from earmark.jobs.running import RunningJob
from earmark.jobs.types import JOBS
from earmark.metrics import Metrics
from earmark.outbound.sending import NotAnsweredError, Request, Sender
from earmark.sealing import SealedElsewhereError, Sealer
from earmark.storage.tenant import Tenant
from earmark.text import cut_utf16
from earmark.webhooks import delivery_queries, queries
from earmark.webhooks.endpoints import disable, get_endpoint, save_endpoint
from earmark.webhooks.errors import EndpointNotFoundError
from earmark.webhooks.queueing import lane_job
from earmark.webhooks.schedule import CLOCKS_US, GIVEN_UP_EVENTS, GIVEN_UP_US, LATEST_US, pause_after
from earmark.webhooks.signatures import Signable, sign
from earmark.webhooks.types import TEST, Attempt, Delivery, Endpoint

_DEADLINE_S: Final = 30.0
_SHOWN_BYTES: Final = 1_024
_TURN_S: Final = 10.0
"""After so long a lane leaves its slot to others that wait."""
_CLOCKS_S: Final = 0.02
_GONE: Final = 410
log = structlog.get_logger("earmark.webhooks")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt; `headers` are those of the answer."""

    attempt: Attempt
    headers: Mapping[str, str]

    @property
    def is_success(self) -> bool:
        """Whether the receiver has it."""
        return self.attempt.status_code is not None and 200 <= self.attempt.status_code < 300


@dataclass(frozen=True, slots=True)
class Marked:
    """A delivery that the lane has marked, and what to send."""

    endpoint: Endpoint
    delivery: Delivery
    body: bytes


@dataclass(frozen=True, slots=True)
class Lane:
    """One run of an endpoint's lane."""

    running: RunningJob
    sender: Sender
    sealer: Sealer
    metrics: Metrics | None = None

    async def run(self) -> None:
        """Send what is due; then end, or come back when something is."""
        until = time.monotonic() + _TURN_S
        last: tuple[Delivery, Outcome] | None = None
        while True:
            async with self.running.writing() as work:
                if last is not None:
                    self._count(await store_outcome(work, *last), last[1])
                is_over = time.monotonic() > until
                marked = None if is_over else await self._mark_next(work)
                if marked is None:
                    await self._leave(work, 0.0 if is_over else None)
                    return
            last = (marked.delivery, await self._attempt(marked))

    def _count(self, status: str | None, outcome: Outcome) -> None:
        """Count an attempt by what became of its delivery; one of a delivery that was erased is not counted."""
        if self.metrics is not None and status is not None:
            became = "retried" if status == "pending" else status
            self.metrics.count("earmark_webhook_attempts_total", outcome=became)
            self.metrics.observe("earmark_webhook_attempt_seconds", outcome.attempt.duration_ms / 1_000)

    @property
    def _place(self) -> dict[str, Any]:
        payload = self.running.job.payload
        return {"endpoint_id": payload["endpoint_id"], "lane": payload["lane"]}

    async def _mark_next(self, work: Tenant) -> Marked | None:
        """Mark the delivery that was under way when this lane was interrupted, else the one that is due longest."""
        row = await work.fetch_one(queries.select_endpoint, {"endpoint_id": self._place["endpoint_id"]})
        if row is None or Endpoint(*row).status != "enabled":
            return None
        found = await work.fetch_one(delivery_queries.select_in_lane, self._place)
        if found is None:
            now = now_us()
            due = {**self._place, "now_us": now, "latest_us": now + LATEST_US}
            found = await work.fetch_one(delivery_queries.select_next, due)
        delivery = Delivery(*found) if found is not None else await self._find_stranded(work)
        if delivery is None:
            return None
        what = {"event_id": delivery.event_id, "has_text": delivery.has_text}
        body = await work.fetch_one(queries.select_body, what)
        assert body is not None  # the delivery goes with its body
        await work.execute(delivery_queries.update_lane, {"delivery_id": delivery.id, "new_lane": self._place["lane"]})
        return Marked(Endpoint(*row), delivery, bytes(body[0]))

    async def _find_stranded(self, work: Tenant) -> Delivery | None:
        """Return the next delivery if its time was set before the clock stepped back, by which it would be late."""
        found = await work.fetch_one(delivery_queries.select_earliest, {"endpoint_id": self._place["endpoint_id"]})
        if found is None:
            return None
        delivery = Delivery(*found)
        attempts = await work.fetch_all(delivery_queries.select_attempts, {"delivery_id": delivery.id})
        set_us = max([delivery.created_us, *(Attempt(*row).at_us for row in attempts)])
        is_stranded = delivery.step == 0 or set_us > now_us() + CLOCKS_US  # step 0 is due at once
        return delivery if is_stranded else None

    async def _leave(self, work: Tenant, delay_s: float | None) -> None:
        """End the run; with the endpoint's row held, so that what is queued meanwhile is seen, or wakes the lane."""
        if delay_s is None:
            await work.fetch_one(queries.select_endpoint, {"endpoint_id": self._place["endpoint_id"]}, for_update=True)
            row = await work.fetch_one(delivery_queries.select_next_time, self._place)
            now, next_us = now_us(), None if row is None else row[0]
            delay_s = None if next_us is None else min(LATEST_US, max(0, next_us - now)) / 1e6
        if delay_s is None:
            await self.running.leave(work)
            return
        await self.running.leave(work, then=lane_job(**self._place, delay_s=delay_s))
        signals = work.database.signals
        asyncio.get_running_loop().call_later(delay_s + _CLOCKS_S, signals.fire, JOBS)

    async def _attempt(self, marked: Marked) -> Outcome:
        """Send it once."""
        started_us, started_s = now_us(), time.monotonic()
        status: int | None = None
        error: str | None = None
        answer: str | None = None
        headers: Mapping[str, str] = {}
        try:
            got = await self.sender.send(self._request(marked), deadline_s=_DEADLINE_S, limit_bytes=_SHOWN_BYTES)
            status, headers, answer = got.status, got.headers, _shown(got.body)
        except NotAnsweredError as failure:
            error = failure.reason
        except SealedElsewhereError:
            error = "secret_unreadable"
        duration_ms = round((time.monotonic() - started_s) * 1_000)
        attempt = Attempt(marked.delivery.attempts + 1, started_us, duration_ms, status, error, answer)
        return Outcome(attempt, headers)

    def _request(self, marked: Marked) -> Request:
        now = now_us()
        endpoint = marked.endpoint
        previous = endpoint.previous_at(now)
        signed = sign(
            Signable(marked.delivery.event_id, now // 1_000_000, marked.body),
            self.sealer.open(endpoint.secret_sealed),
            None if previous is None else self.sealer.open(previous),
        )
        about = {
            "Content-Type": "application/json", "Content-Length": str(len(marked.body)), "Accept-Encoding": "identity",
            "Accept": "*/*", "User-Agent": f"earmark/{earmark.__version__}",
        }  # fmt: skip
        return Request("POST", endpoint.url, {**about, **signed}, marked.body)


def _shown(body: bytes) -> str:
    """Return the first KiB of an answer as text that both databases store."""
    return cut_utf16(body[:_SHOWN_BYTES].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}"), 1_024)


async def store_outcome(work: Tenant, sent: Delivery, outcome: Outcome) -> str | None:
    """Store an attempt and what follows from it; return the delivery's new status.

    Nothing is stored, and None returned, if the delivery was erased while it was sent.
    """
    which = {"endpoint_id": sent.endpoint_id, "delivery_id": sent.id}
    try:
        endpoint = await get_endpoint(work, sent.endpoint_id, for_update=True)
    except EndpointNotFoundError:
        return None
    row = await work.fetch_one(delivery_queries.select_delivery, which, for_update=True)
    if row is None:
        return None
    delivery, attempt, now = Delivery(*row), outcome.attempt, now_us()
    after = _after(delivery, outcome, now)
    await work.execute(delivery_queries.insert_attempt, {"delivery_id": delivery.id, **asdict(attempt)})
    new = {f"new_{name}": getattr(after, name) for name in delivery_queries.CHANGING}
    await work.execute(delivery_queries.update_delivery, {"delivery_id": delivery.id, **new})
    await _judge(work, endpoint, outcome, now)
    return after.status


def _after(delivery: Delivery, outcome: Outcome, now: int) -> Delivery:
    attempt = outcome.attempt
    step = delivery.step + 1
    done = replace(
        delivery, attempts=attempt.number, step=step, last_status_code=attempt.status_code, lane=None, next_us=None,
        ended_us=now,
    )  # fmt: skip
    if outcome.is_success:
        return replace(done, status="succeeded")
    pause_s = None if attempt.status_code == _GONE else pause_after(step, outcome.headers, now)
    if pause_s is None or delivery.status != "pending":  # ended meanwhile, with its endpoint
        return replace(done, status="failed")
    return replace(done, next_us=now + round(pause_s * 1e6), ended_us=None)


async def _judge(work: Tenant, endpoint: Endpoint, outcome: Outcome, now: int) -> None:
    """Note on the endpoint how the attempt went; disable one that is gone, or that has failed for too long."""
    if outcome.is_success:
        await save_endpoint(work, replace(endpoint, last_success_us=now, failing_since_us=None))
        return
    since = endpoint.failing_since_us or now
    after = replace(endpoint, last_failure_us=now, failing_since_us=since)
    await save_endpoint(work, after)
    if endpoint.status != "enabled":
        return
    if outcome.attempt.status_code == _GONE:
        await disable(work, after, "gone")
    elif now - since >= GIVEN_UP_US:
        params = {"endpoint_id": endpoint.id, "since_us": since, "test_type": TEST}
        row = await work.fetch_one(delivery_queries.count_failed_since, params)
        if row is not None and row[0] >= GIVEN_UP_EVENTS:
            await disable(work, after, "failing")
            log.warning("webhook_endpoint.disabled", endpoint_id=endpoint.id, reason="failing")
