"""The lease of a long-running request with an Idempotency-Key."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from earmark.api.pipeline.retries import Retry
from earmark.idempotency import requests as idempotency
from earmark.storage.errors import StorageUnavailableError


async def test_a_lease_is_renewed_after_the_database_was_briefly_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[None] = []

    class FakeTenant:
        @asynccontextmanager
        async def writing(self, *, is_urgent: bool) -> Any:
            tries.append(None)
            if len(tries) == 1:
                raise StorageUnavailableError("The database does not answer.")
            yield self

    renewed = asyncio.Event()

    async def renew(*_: Any) -> None:
        renewed.set()

    monkeypatch.setattr(idempotency, "RENEW_S", 0.001)
    monkeypatch.setattr(idempotency, "renew", renew)
    tenant: Any = FakeTenant()
    nothing: Any = idempotency.Claim("holder", "made", None)
    retry = Retry(tenant, nothing, nothing)
    async with asyncio.timeout(60):
        await renewed.wait()
    retry._renewing.cancel()
