"""`/v1/console/sign-in`: the only route without authentication; the one-time code authenticates."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.console import SignedInShown, SignInBody, signed_in_to_wire
from earmark.identity.sign_in import rate_slot, sign_in
from earmark.limits.admission import refuse_if_exceeded

routes = Routes("Console")
_LIMIT_BYTES = 4_096  # the sender is not authenticated yet


@routes.add(
    "POST", "/console/sign-in", Rules(None, retry="none", limit_bytes=_LIMIT_BYTES), answers={200: SignedInShown}
)
async def sign_console_in(call: Call, body: SignInBody) -> Reply:
    """Exchange a console link's one-time code for a key that expires after 12 hours."""
    refuse_if_exceeded(call.runtime.rates.sign_in.count(rate_slot(call.client_host)))
    return json_reply(signed_in_to_wire(await sign_in(call.runtime.database, body.code)))
