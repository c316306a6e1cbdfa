"""`/v1/webhook-endpoints`: who is told of a project's events, and what became of each."""

from __future__ import annotations

from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.common import ListQuery
from earmark.api.wire.webhooks import (
    DeliveryListQuery,
    DeliveryPage,
    DeliveryShown,
    DeliveryWithAttemptsShown,
    EndpointBody,
    EndpointChanges,
    EndpointPage,
    EndpointShown,
    EndpointWithSecretShown,
    RecoveryBody,
    RecoveryShown,
    RotationBody,
    attempts_to_wire,
    delivery_to_wire,
    endpoint_to_wire,
)
from earmark.errors import ConflictError, NotFoundError
from earmark.library.types import Filters
from earmark.webhooks import deliveries, endpoints, rotation
from earmark.webhooks.types import DeliveryFilters, NewEndpoint

routes = Routes("Webhooks")
BY_ID = {"endpoint_id": "we"}
BY_IDS = {**BY_ID, "delivery_id": "dlv"}
_READ, _WRITE = "webhooks:read", "webhooks:write"
_ONE = "/webhook-endpoints/{endpoint_id}"


async def endpoint_exists(call: Call, endpoint_id: str) -> None:
    """Raise 404 unless the caller has this endpoint."""
    await endpoints.get_endpoint(call.tenant, endpoint_id)


async def delivery_exists(call: Call, endpoint_id: str, delivery_id: str) -> None:
    """Raise 404 unless the caller has this delivery to this endpoint."""
    await deliveries.get_delivery(call.tenant, endpoint_id, delivery_id)


async def _check_url(call: Call, body: EndpointBody | EndpointChanges) -> None:
    """Raise 400 for a URL that may not be requested; its name is resolved, which may take seconds."""
    if body.url is not None:
        with call.aside():
            await call.runtime.sender.check(body.url)


@routes.add("POST", "/webhook-endpoints", Rules(_WRITE, is_project_wide=True, retry="secret", prepare=_check_url),
            answers={201: EndpointWithSecretShown}, errors=[ConflictError])  # fmt: skip
async def create_webhook_endpoint(call: Call, body: EndpointBody) -> Reply:
    """Create an endpoint, at most 20, and show its secret once."""
    new = NewEndpoint(body.url, body.events, bool(body.include), body.description, body.metadata)
    endpoint, secret = await endpoints.create_endpoint(call.tenant, call.runtime.sealer, new, actor=call.caller.key_id)
    return json_reply({**endpoint_to_wire(endpoint), "secret": secret}, 201)


@routes.add("GET", "/webhook-endpoints", Rules(_READ, is_project_wide=True), answers={200: EndpointPage})
async def list_webhook_endpoints(call: Call, query: ListQuery) -> Reply:
    """List endpoints, newest first."""
    return await page_reply(
        call,
        "webhook_endpoints",
        query,
        Filters(),
        fetch=lambda page: endpoints.list_endpoints(call.tenant, page),
        position_of=lambda one: (one.created_us, one.id),
        to_wire=endpoint_to_wire,
    )


@routes.add("GET", _ONE, Rules(_READ, BY_ID, is_project_wide=True), answers={200: EndpointShown},
            errors=[NotFoundError])  # fmt: skip
async def get_webhook_endpoint(call: Call, endpoint_id: str) -> Reply:
    """Show an endpoint, without its secret."""
    return json_reply(endpoint_to_wire(await endpoints.get_endpoint(call.tenant, endpoint_id)))


@routes.add("PATCH", _ONE, Rules(_WRITE, BY_ID, endpoint_exists, is_project_wide=True, prepare=_check_url),
            answers={200: EndpointShown}, errors=[NotFoundError])  # fmt: skip
async def update_webhook_endpoint(call: Call, endpoint_id: str, body: EndpointChanges) -> Reply:
    """Change an endpoint. Disabling it ends what waits for it; enabling it sends only what happens from then on."""
    changes = _changes_of(body)
    return json_reply(
        endpoint_to_wire(await endpoints.update_endpoint(call.tenant, endpoint_id, changes, actor=call.caller.key_id))
    )


def _changes_of(body: EndpointChanges) -> dict[str, Any]:
    """Return what a body changes; null means nothing for a field that always has a value."""
    changes = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in changes.items() if value is not None or name in _CLEARABLE}
    if "include" in changes:
        changes["has_text"] = bool(changes.pop("include"))
    return changes


_CLEARABLE = ("description", "metadata", "include")


@routes.add("DELETE", _ONE, Rules(_WRITE, BY_ID, is_project_wide=True), answers={204: None}, errors=[NotFoundError])
async def delete_webhook_endpoint(call: Call, endpoint_id: str) -> Reply:
    """Delete an endpoint and its log of deliveries."""
    await endpoints.delete_endpoint(call.tenant, endpoint_id, actor=call.caller.key_id)
    return no_content()


@routes.add("POST", f"{_ONE}/rotate-secret",
            Rules(_WRITE, BY_ID, endpoint_exists, is_project_wide=True, retry="secret"),
            answers={200: EndpointWithSecretShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def rotate_webhook_secret(call: Call, endpoint_id: str, body: RotationBody) -> Reply:
    """Give an endpoint a new secret and show it once; the earlier one stays valid for `grace_seconds`."""
    endpoint, secret = await rotation.rotate_secret(
        call.tenant,
        call.runtime.sealer,
        endpoint_id,
        grace_s=body.grace_seconds,
        force=body.force,
        actor=call.caller.key_id,
    )
    return json_reply({**endpoint_to_wire(endpoint), "secret": secret})


@routes.add("POST", f"{_ONE}/revoke-previous-secret", Rules(_WRITE, BY_ID, endpoint_exists, is_project_wide=True),
            answers={200: EndpointShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def revoke_webhook_secret(call: Call, endpoint_id: str) -> Reply:
    """End the grace of a rotation: from now on only the current secret signs."""
    return json_reply(
        endpoint_to_wire(await rotation.revoke_previous(call.tenant, endpoint_id, actor=call.caller.key_id))
    )


@routes.add("POST", f"{_ONE}/test", Rules(_WRITE, BY_ID, endpoint_exists, is_project_wide=True),
            answers={202: DeliveryShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def test_webhook_endpoint(call: Call, endpoint_id: str) -> Reply:
    """Send a `webhook_endpoint.test` to this endpoint."""
    return json_reply(delivery_to_wire(await deliveries.send_test(call.tenant, endpoint_id)), 202)


@routes.add("GET", f"{_ONE}/deliveries", Rules(_READ, BY_ID, endpoint_exists, is_project_wide=True),
            answers={200: DeliveryPage}, errors=[NotFoundError])  # fmt: skip
async def list_webhook_deliveries(call: Call, endpoint_id: str, query: DeliveryListQuery) -> Reply:
    """List an endpoint's deliveries of the last 30 days, newest first."""
    filters = DeliveryFilters(endpoint_id, query.status, query.type)
    return await page_reply(
        call,
        "webhook_deliveries",
        query,
        filters,
        fetch=lambda page: deliveries.list_deliveries(call.tenant, page, filters),
        position_of=lambda one: (one.created_us, one.id),
        to_wire=delivery_to_wire,
    )


@routes.add("GET", f"{_ONE}/deliveries/{{delivery_id}}", Rules(_READ, BY_IDS, is_project_wide=True),
            answers={200: DeliveryWithAttemptsShown}, errors=[NotFoundError])  # fmt: skip
async def get_webhook_delivery(call: Call, endpoint_id: str, delivery_id: str) -> Reply:
    """Show a delivery and each of its attempts."""
    async with call.tenant.reading() as snapshot:
        delivery = await deliveries.get_delivery(snapshot, endpoint_id, delivery_id)
        attempts = await deliveries.list_attempts(snapshot, delivery_id)
    return json_reply({**delivery_to_wire(delivery), "attempt_log": attempts_to_wire(attempts)})


@routes.add("POST", f"{_ONE}/deliveries/{{delivery_id}}/resend",
            Rules(_WRITE, BY_IDS, delivery_exists, is_project_wide=True),
            answers={202: DeliveryShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def resend_webhook_delivery(call: Call, endpoint_id: str, delivery_id: str) -> Reply:
    """Send an event to an endpoint again, the same bytes under the same id."""
    return json_reply(delivery_to_wire(await deliveries.resend(call.tenant, endpoint_id, delivery_id)), 202)


@routes.add("POST", f"{_ONE}/recover", Rules(_WRITE, BY_ID, endpoint_exists, is_project_wide=True),
            answers={202: RecoveryShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def recover_webhook_endpoint(call: Call, endpoint_id: str, body: RecoveryBody) -> Reply:
    """Send again what failed since a time, and what happened while the endpoint was disabled."""
    return json_reply({"queued": await deliveries.recover(call.tenant, endpoint_id, body.since)}, 202)
