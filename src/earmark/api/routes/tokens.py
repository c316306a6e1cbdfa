"""`/v1/end-users/{id}/tokens`."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.routes.end_users import BY_ID, end_user_exists
from earmark.api.wire.end_users import TokenBody, TokenShown, token_to_wire
from earmark.errors import NotFoundError
from earmark.identity.tokens import issue_token, revoke_token
from earmark.library.end_users import get_end_user

routes = Routes("End users")
_RULES = Rules("end_users:write", BY_ID, end_user_exists, is_project_wide=True, retry="secret")


@routes.add("POST", "/end-users/{end_user_id}/tokens", _RULES, answers={201: TokenShown}, errors=[NotFoundError])
async def create_token(call: Call, end_user_id: str, body: TokenBody) -> Reply:
    """Issue an end user's token and show it once; the previous one is revoked."""
    user = await get_end_user(call.tenant, end_user_id)
    token = await issue_token(call.tenant, (user.id, user.number), expires_us=body.expires_at, actor=call.caller.key_id)
    return json_reply(token_to_wire(token, user.id, call.base_url), 201)


@routes.add("DELETE", "/end-users/{end_user_id}/tokens", _RULES, answers={204: None}, errors=[NotFoundError])
async def delete_token(call: Call, end_user_id: str) -> Reply:
    """Revoke an end user's token; 204 even if it has none."""
    user = await get_end_user(call.tenant, end_user_id)
    await revoke_token(call.tenant, user.id, actor=call.caller.key_id)
    return no_content()
