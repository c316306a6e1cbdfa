"""`/v1/console`: the only routes without authentication; the one-time code authenticates."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.console import (
    SetupBody,
    SetUpShown,
    SignedInShown,
    SignInBody,
    set_up_to_wire,
    signed_in_to_wire,
)
from earmark.errors import ConflictError
from earmark.identity.setup_codes import redeem_setup_code
from earmark.identity.sign_in import create_console_key, rate_slot, sign_in
from earmark.limits.admission import refuse_if_exceeded
from earmark.processing.setup import check_names, set_up

routes = Routes("Console")
_LIMIT_BYTES = 4_096  # the sender is not authenticated yet


@routes.add(
    "POST", "/console/sign-in", Rules(None, retry="none", limit_bytes=_LIMIT_BYTES), answers={200: SignedInShown}
)
async def sign_console_in(call: Call, body: SignInBody) -> Reply:
    """Exchange a console link's one-time code for a key that expires after 12 hours."""
    refuse_if_exceeded(call.runtime.rates.sign_in.count(rate_slot(call.client_host)))
    return json_reply(signed_in_to_wire(await sign_in(call.runtime.database, body.code)))


@routes.add(
    "POST", "/console/setup", Rules(None, retry="none", limit_bytes=_LIMIT_BYTES), answers={201: SetUpShown},
    errors=[ConflictError],
)  # fmt: skip
async def set_console_up(call: Call, body: SetupBody) -> Reply:
    """Create the first project, person and key of an installation that has none, and sign the browser in."""
    refuse_if_exceeded(call.runtime.rates.sign_in.count(rate_slot(call.client_host)))
    names = check_names(body.project_name, body.person_name)  # before the code is used up
    await redeem_setup_code(call.runtime.operator, body.code)
    made = await set_up(call.runtime.operator, *names)
    return json_reply(set_up_to_wire(made, await create_console_key(made.tenant)), 201)
