"""Records when credentials were last used: in memory, written every minute, never during a request."""

from __future__ import annotations

import asyncio

import structlog

from earmark.clock import now_us
from earmark.errors import EarmarkError
from earmark.identity import queries
from earmark.identity.types import Caller
from earmark.storage.database import Database
from earmark.storage.tenant import Tenant, TenantKey

WRITE_EVERY_S = 60.0
log = structlog.get_logger("earmark.identity")


class LastUsed:
    """Uses not yet written to the database; a crash loses at most a minute."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[tuple[int, str], int] = {}

    def note(self, caller: Caller) -> None:
        """Record that the caller's credential was used now."""
        self._noted[caller.tenant.tenant_id, caller.key_id] = now_us()

    async def write(self) -> None:
        """Write the recorded uses, one unit of work per tenant; a failure loses none."""
        noted, self._noted = self._noted, {}
        try:
            await self._write(noted)
        except EarmarkError:
            self._noted = noted | self._noted
            raise

    async def _write(self, noted: dict[tuple[int, str], int]) -> None:
        by_tenant: dict[int, list[dict[str, object]]] = {}
        for (tenant_id, key_id), used_us in noted.items():
            by_tenant.setdefault(tenant_id, []).append({"key_id": key_id, "used_us": used_us})
        for tenant_id, rows in by_tenant.items():
            async with Tenant(self._database, TenantKey(tenant_id, "", "")).writing() as work:
                await work.execute_many(queries.update_key_used, rows)

    async def write_periodically(self) -> None:
        """Write every minute until cancelled; a failure is logged and retried after a minute."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            try:
                await self.write()
            except EarmarkError as error:
                log.warning("last_used.not_written", error=type(error).__name__)
