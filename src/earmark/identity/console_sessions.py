"""Console sessions: credentials that a browser holds in a cookie, for twelve hours; listed and revoked as devices.

Their secrets are stored as those of keys are, and are no keys: `Authorization` with one is 401.
"""

from __future__ import annotations

from typing import Final

from earmark.clock import now_us
from earmark.identity import audit, queries
from earmark.identity.errors import ConsoleSessionNotFoundError
from earmark.identity.keys import insert_credential, to_key_info
from earmark.identity.projects import list_tenants
from earmark.identity.sign_in import KEY_LIFE_US
from earmark.identity.types import CONSOLE_LABEL, KeyInfo, NewKey
from earmark.storage.keyset import position_params
from earmark.storage.tenant import Operator, Tenant

LIFE_S: Final = KEY_LIFE_US // 1_000_000


async def create_console_session(
    tenant: Tenant, *, end_user: tuple[str, int] | None = None, label: str, actor: str
) -> NewKey:
    """Create the session of a browser that has signed in: of a project, or of one end user (id and number)."""
    expires_us = now_us() + KEY_LIFE_US
    async with tenant.writing() as work:
        key = await insert_credential(work, kind="session", end_user=end_user, expires_us=expires_us, label=label)
        await audit.record(work, "console.signed_in", key.id, actor=actor)
    return key


async def list_devices(tenant: Tenant, *, limit: int, after: tuple[int, str] | None) -> list[KeyInfo]:
    """Return the browsers that are signed in, by a provider or a one-time link, newest first."""
    params = {"limit": limit, **position_params(after), "now_us": now_us(), "of_links": CONSOLE_LABEL}
    rows = await tenant.fetch_all(queries.select_devices, params, is_continued=after is not None)
    return [to_key_info(row, tenant) for row in rows]


async def end_device(tenant: Tenant, key_id: str, *, actor: str) -> None:
    """Sign a browser out at once, in every process.

    Raises: ConsoleSessionNotFoundError, also if it is signed out already.
    """
    async with tenant.writing() as work:
        params = {"key_id": key_id, "now_us": now_us(), "of_links": CONSOLE_LABEL}
        if not await work.execute(queries.update_device_ended, params):
            raise ConsoleSessionNotFoundError
        await audit.record(work, "console.signed_out", key_id, actor=actor)


async def sweep(operator: Operator) -> None:
    """Delete sessions that have expired."""
    now = now_us()
    for tenant in await list_tenants(operator):
        async with tenant.writing() as work:
            await work.execute(queries.delete_old_console_sessions, {"now_us": now})
