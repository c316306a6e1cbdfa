"""Tools for a project's webhook endpoints."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.routes import webhooks as routes
from earmark.api.wire.common import ID_PATTERN, ListQuery
from earmark.api.wire.webhooks import DeliveryShown, EndpointPage
from earmark.ids import is_id
from earmark.mcp.tool import Arguments, ToolCall, Tools
from earmark.mcp.tools.shared import PageArguments, answer_of, to_query

tools = Tools()


def _check_id(value: str) -> str:
    if not is_id(value, "we"):
        raise ValueError("must be an id that starts with we_")
    return value


class EndpointArguments(Arguments):
    """One endpoint."""

    endpoint_id: Annotated[
        str, AfterValidator(_check_id), WithJsonSchema({"type": "string", "pattern": f"^we_{ID_PATTERN}"})
    ] = Field(description="An id that list_webhooks returned.")


@tools.add("list_webhooks", "List webhooks", "webhooks:read", takes=PageArguments, gives=EndpointPage,
           is_project_wide=True)  # fmt: skip
async def list_webhooks(asked: ToolCall, given: PageArguments) -> Any:
    """List the addresses that are told of the project's events, newest first, without their secrets."""
    return await answer_of(routes.list_webhook_endpoints, asked, query=to_query(ListQuery, given))


@tools.add("trigger_webhook_event", "Test a webhook", "webhooks:write", takes=EndpointArguments, gives=DeliveryShown,
           is_project_wide=True, changes=True)  # fmt: skip
async def trigger_webhook_event(asked: ToolCall, given: EndpointArguments) -> Any:
    """Send a test event (webhook_endpoint.test) to one webhook address, to see whether it arrives."""
    return await answer_of(routes.test_webhook_endpoint, asked, {"endpoint_id": given.endpoint_id})
