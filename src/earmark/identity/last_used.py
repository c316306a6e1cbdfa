"""When a credential was last used: noted in memory, written now and then, never on a request's way."""

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
    """What this process knows and the database does not yet. A crash loses at most a minute of it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[tuple[int, str], int] = {}

    def note(self, caller: Caller) -> None:
        """Remember that the caller's credential was used just now."""
        self._noted[caller.tenant.tenant_id, caller.key_id] = now_us()

    async def write(self) -> None:
        """Write what was noted, in one unit of work for each tenant; what could not be written stays noted."""
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

    async def keep_writing(self) -> None:
        """Write every minute, until cancelled; a failure is logged and the next minute tries again."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            try:
                await self.write()
            except EarmarkError as error:
                log.warning("last_used.not_written", error=type(error).__name__)
