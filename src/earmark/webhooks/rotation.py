"""Secrets of endpoints: rotated with a grace in which both are valid, revoked, and sealed anew under another key."""

from __future__ import annotations

from dataclasses import replace

from earmark.clock import now_us
from earmark.identity.audit import OPERATOR, record
from earmark.identity.projects import list_tenants
from earmark.sealing import Sealer
from earmark.storage.tenant import Operator, Tenant
from earmark.webhooks import queries
from earmark.webhooks.endpoints import get_endpoint, save_endpoint
from earmark.webhooks.errors import GraceRunningError, NoPreviousSecretError
from earmark.webhooks.signatures import hint_of, new_secret
from earmark.webhooks.types import Endpoint


async def rotate_secret(
    tenant: Tenant, sealer: Sealer, endpoint_id: str, *, grace_s: int, force: bool = False, actor: str = OPERATOR
) -> tuple[Endpoint, str]:
    """Give an endpoint a new secret; return both.

    Args:
        grace_s: how long receivers may still use the earlier one.
        force: end a running grace, with its secret.

    Raises: EndpointNotFoundError; GraceRunningError.
    """
    secret, now = new_secret(), now_us()
    async with tenant.writing() as work:
        before = await get_endpoint(work, endpoint_id, for_update=True)
        if before.previous_at(now) is not None and not force:
            raise GraceRunningError
        after = replace(
            before, secret_sealed=sealer.seal(secret), secret_hint=hint_of(secret), updated_us=now,
            previous_sealed=before.secret_sealed if grace_s else None,
            previous_expires_us=now + grace_s * 1_000_000 if grace_s else None,
        )  # fmt: skip
        await save_endpoint(work, after)
        await record(work, "webhook_endpoint.secret_rotated", endpoint_id, actor=actor)
    return after, secret


async def revoke_previous(tenant: Tenant, endpoint_id: str, *, actor: str = OPERATOR) -> Endpoint:
    """End a rotation's grace: only the current secret is valid.

    Raises: EndpointNotFoundError; NoPreviousSecretError.
    """
    async with tenant.writing() as work:
        before = await get_endpoint(work, endpoint_id, for_update=True)
        if before.previous_at(now_us()) is None:
            raise NoPreviousSecretError
        after = replace(before, previous_sealed=None, previous_expires_us=None, updated_us=now_us())
        await save_endpoint(work, after)
        await record(work, "webhook_endpoint.secret_revoked", endpoint_id, actor=actor)
    return after


def open_secrets(endpoint: Endpoint, sealer: Sealer) -> list[str]:
    """Return the secrets that an endpoint's receivers may use now, the current one first.

    Raises: SealedElsewhereError, KeyUnusableError.
    """
    previous = endpoint.previous_at(now_us())
    return [sealer.open(sealed) for sealed in (endpoint.secret_sealed, previous) if sealed is not None]


async def reseal_all(operator: Operator, sealer: Sealer) -> int:
    """Encrypt all stored secrets under a new key; return the number of endpoints.

    Until all are, the file of keys holds the earlier key as well: a crash in between costs nothing.

    Raises: SealedElsewhereError, KeyUnusableError.
    """
    sealer.begin_rotation()
    count = 0
    for tenant in await list_tenants(operator):
        async with tenant.writing() as work:
            for endpoint in [Endpoint(*row) for row in await work.fetch_all(queries.select_all_endpoints)]:
                previous = endpoint.previous_sealed
                anew = replace(
                    endpoint,
                    secret_sealed=sealer.reseal(endpoint.secret_sealed),
                    previous_sealed=None if previous is None else sealer.reseal(previous),
                )
                await save_endpoint(work, anew)
                count += 1
    sealer.end_rotation()
    return count


async def count_unreadable(operator: Operator, sealer: Sealer) -> int:
    """Return how many endpoints have a secret that the key here can't decrypt."""
    count = 0
    for tenant in await list_tenants(operator):
        rows = await tenant.fetch_all(queries.select_secrets)
        count += sum(not sealer.can_open(sealed) for (sealed,) in rows)
    return count
