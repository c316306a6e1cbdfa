"""`/v1/limits`: what a project may ask for, and how much it has."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.limits import LimitsShown, limits_to_wire
from earmark.errors import ForbiddenError
from earmark.media.stored import count_stored

routes = Routes("Limits")


@routes.add("GET", "/limits", Rules(ANY_SCOPE, is_project_wide=True, is_unrestricted=True), answers={200: LimitsShown},
            errors=[ForbiddenError])  # fmt: skip
async def get_limits(call: Call) -> Reply:
    """Tell the limits of requests and sizes, and count what is stored; for secret keys of the project."""
    return json_reply(limits_to_wire(call.runtime.settings, await count_stored(call.tenant)))
