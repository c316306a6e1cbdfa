"""Endpoints: create, read, list, change, delete, and the end of one that can't be reached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from earmark.clock import now_us
from earmark.identity.audit import EARMARK, OPERATOR, record
from earmark.ids import new_id
from earmark.jobs.outbox import emit
from earmark.library.end_users import dump_metadata, page_params
from earmark.library.types import Page
from earmark.sealing import Sealer
from earmark.storage.tenant import Tenant
from earmark.webhooks import delivery_queries, queries
from earmark.webhooks.errors import EndpointDisabledError, EndpointNotFoundError, TooManyEndpointsError
from earmark.webhooks.reading import ensure_read
from earmark.webhooks.signatures import hint_of, new_secret
from earmark.webhooks.types import DISABLED, DisabledReason, Endpoint, NewEndpoint

MOST: Final = 20
"""Endpoints of a project and mode."""


async def create_endpoint(
    tenant: Tenant, sealer: Sealer, new: NewEndpoint, *, actor: str = OPERATOR
) -> tuple[Endpoint, str]:
    """Create an endpoint, whose URL was checked; return it and its secret, which is shown once.

    Raises: TooManyEndpointsError.
    """
    now, secret = now_us(), new_secret()
    endpoint = Endpoint(
        new_id("we"), new.url, json.dumps(new.events), int(new.has_text), new.description, dump_metadata(new.metadata),
        "enabled", None, sealer.seal(secret), hint_of(secret), None, None, None, None, None, now, now,
    )  # fmt: skip
    async with tenant.writing() as work:
        await ensure_read(work)  # locks what says that the project has endpoints: the count is exact
        row = await work.fetch_one(queries.count_endpoints)
        if row is not None and row[0] >= MOST:
            raise TooManyEndpointsError(MOST)
        await work.execute(queries.insert_endpoint, asdict(endpoint))
        await record(work, "webhook_endpoint.created", endpoint.id, actor=actor)
    return endpoint, secret


async def get_endpoint(tenant: Tenant, endpoint_id: str, *, for_update: bool = False) -> Endpoint:
    """Return an endpoint; `for_update` locks its row until the commit.

    Raises: EndpointNotFoundError.
    """
    shape = {"for_update": True} if for_update else {}
    row = await tenant.fetch_one(queries.select_endpoint, {"endpoint_id": endpoint_id}, **shape)
    if row is None:
        raise EndpointNotFoundError
    return Endpoint(*row)


async def hold_enabled(work: Tenant, endpoint_id: str) -> Endpoint:
    """Return an endpoint that something may be sent to, its row locked until the commit.

    Raises: EndpointNotFoundError; EndpointDisabledError.
    """
    endpoint = await get_endpoint(work, endpoint_id, for_update=True)
    if endpoint.status != "enabled":
        raise EndpointDisabledError
    return endpoint


async def list_endpoints(tenant: Tenant, page: Page) -> list[Endpoint]:
    """Return endpoints, newest first."""
    rows = await tenant.fetch_all(queries.select_endpoints, page_params(page), is_continued=page.after is not None)
    return [Endpoint(*row) for row in rows]


async def save_endpoint(work: Tenant, endpoint: Endpoint) -> None:
    """Store an endpoint's changed fields, in the caller's unit of work."""
    new = {f"new_{name}": value for name, value in asdict(endpoint).items() if name in queries.CHANGING}
    await work.execute(queries.update_endpoint, {"endpoint_id": endpoint.id, **new})


async def update_endpoint(
    tenant: Tenant, endpoint_id: str, changes: Mapping[str, Any], *, actor: str = OPERATOR
) -> Endpoint:
    """Change `url` (which was checked), `events`, `has_text`, `description`, `metadata` or `status`; others stay.

    Raises: EndpointNotFoundError.
    """
    async with tenant.writing() as work:
        before = await get_endpoint(work, endpoint_id, for_update=True)
        values = {name: changes[name] for name in ("url", "description") if name in changes}
        if "events" in changes:
            values["events_json"] = json.dumps(changes["events"])
        if "has_text" in changes:
            values["has_text"] = int(changes["has_text"])
        if "metadata" in changes:
            values["metadata_json"] = dump_metadata(changes["metadata"])
        after = replace(before, **values, updated_us=now_us())
        status = changes.get("status", before.status)
        if status == "enabled" != before.status:
            after = replace(after, status="enabled", disabled_reason=None, failing_since_us=None)
        await save_endpoint(work, after)
        await record(work, "webhook_endpoint.updated", endpoint_id, actor=actor)
        if status == "disabled" != before.status:
            after = await disable(work, after, "requested", actor=actor)
    return after


async def disable(work: Tenant, endpoint: Endpoint, reason: DisabledReason, *, actor: str = EARMARK) -> Endpoint:
    """Disable an endpoint whose row the caller holds, end what waits for it, and tell the others."""
    now = now_us()
    after = replace(endpoint, status="disabled", disabled_reason=reason, updated_us=now)
    await save_endpoint(work, after)
    await work.execute(delivery_queries.fail_pending, {"endpoint_id": endpoint.id, "now_us": now})
    data = {"id": endpoint.id, "status": "disabled", "disabled_reason": reason}
    await emit(work, DISABLED, end_user_id=None, data=data)
    await record(work, "webhook_endpoint.disabled", endpoint.id, actor=actor)
    return after


async def delete_endpoint(tenant: Tenant, endpoint_id: str, *, actor: str = OPERATOR) -> None:
    """Delete an endpoint with its deliveries; its lanes find that it is gone.

    Raises: EndpointNotFoundError.
    """
    async with tenant.writing() as work:
        if not await work.execute(queries.delete_endpoint, {"endpoint_id": endpoint_id}):
            raise EndpointNotFoundError
        await record(work, "webhook_endpoint.deleted", endpoint_id, actor=actor)
