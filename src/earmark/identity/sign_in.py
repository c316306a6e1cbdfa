"""Console sign-in: exchanges a one-time code, created on the server's machine, for a 12-hour key.

A code has 256 random bits, is stored as a hash, expires after ten minutes, and is valid once across all
processes. It is in a link's fragment, which browsers never send.
"""

from __future__ import annotations

import hashlib
from ipaddress import ip_address, ip_network

from earmark.clock import now_us
from earmark.errors import UnauthorizedError
from earmark.identity import audit, queries
from earmark.identity.keys import find_by_secret, insert_credential
from earmark.identity.types import CONSOLE_LABEL, NewKey
from earmark.storage.database import Database
from earmark.storage.tenant import Tenant, TenantKey

CODE_LIFE_US = 600_000_000
KEY_LIFE_US = 12 * 3_600_000_000
TRIES_PER_MINUTE = 10


class SignInRefusedError(UnauthorizedError):
    """The code is wrong, used or expired; the response does not tell which."""

    def __init__(self) -> None:
        super().__init__()
        self.message = "The code is wrong, used or expired; create another link with `earmark console-link`."


async def create_code(tenant: Tenant, *, end_user: tuple[str, int] | None = None) -> NewKey:
    """Create a one-time code for a project, or for one end user (id and number)."""
    async with tenant.writing() as work:
        expires_us = now_us() + CODE_LIFE_US
        await work.execute(queries.delete_old_codes, {"now_us": now_us()})
        code = await insert_credential(work, kind="code", end_user=end_user, expires_us=expires_us, label=CONSOLE_LABEL)
        await audit.record(work, "console_link.created", code.id)
    return code


async def sign_in(database: Database, code: str) -> NewKey:
    """Redeem a code; return a new key for the same project or end user.

    Raises: SignInRefusedError.
    """
    row = await find_by_secret(database, code)
    if row is None:
        raise SignInRefusedError
    _, code_id, tenant_id, project_id, mode, end_user_id, end_user_no, *_ = row
    now = now_us()
    async with Tenant(database, TenantKey(tenant_id, project_id, mode)).writing() as work:
        if not await work.execute(queries.update_code_used, {"key_id": code_id, "now_us": now}):
            raise SignInRefusedError
        end_user = None if end_user_id is None else (end_user_id, end_user_no)
        return await create_console_key(work, end_user=end_user, actor=code_id)


async def create_console_key(
    tenant: Tenant, *, end_user: tuple[str, int] | None = None, actor: str = audit.OPERATOR
) -> NewKey:
    """Create the key of a browser that has signed in to the console."""
    async with tenant.writing() as work:
        key = await insert_credential(work, end_user=end_user, expires_us=now_us() + KEY_LIFE_US, label=CONSOLE_LABEL)
        await audit.record(work, "console.signed_in", key.id, actor=actor)
    return key


def rate_slot(host: str) -> int:
    """Return the rate limiter's number for attempts from this address.

    An IPv6 client usually has a whole /64 network, which counts as one address.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        whose = host
    else:
        whose = str(ip_network((address, 64), strict=False)) if address.version == 6 else host
    return int.from_bytes(hashlib.sha256(whose.encode()).digest()[:6])
