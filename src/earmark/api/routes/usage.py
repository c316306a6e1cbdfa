"""`/v1/usage`: counts of answers and tokens."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.usage import UsageQuery, UsageShown, usage_to_wire
from earmark.ask.turns.usage import UsageFilters, list_usage

routes = Routes("Usage")


@routes.add("GET", "/usage", Rules("ask:read", is_project_wide=True), answers={200: UsageShown})
async def get_usage(call: Call, query: UsageQuery) -> Reply:
    """Count answers and tokens by day, end user and model; at most 10,000 rows, oldest first."""
    return json_reply(usage_to_wire(await list_usage(call.tenant, asked_filters(query, UsageFilters))))
