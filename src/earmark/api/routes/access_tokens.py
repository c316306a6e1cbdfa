"""`/v1/access-tokens`: a person's tokens for assistants and apps."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.access_tokens import (
    AccessTokenBody,
    AccessTokenPage,
    NewAccessTokenShown,
    access_token_to_wire,
    new_access_token_to_wire,
)
from earmark.api.wire.common import CursorQuery
from earmark.errors import ConflictError, ForbiddenError, NotFoundError
from earmark.identity.access_tokens import (
    USUAL_SCOPES,
    create_access_token,
    list_access_tokens,
    revoke_access_token,
)
from earmark.library.types import Filters

routes = Routes("Access tokens")


@routes.add("POST", "/access-tokens", Rules(ANY_SCOPE, is_persons=True, retry="secret"),
            answers={201: NewAccessTokenShown}, errors=[ConflictError, ForbiddenError])  # fmt: skip
async def create_token_for_app(call: Call, body: AccessTokenBody) -> Reply:
    """Create a restricted key for an assistant or an app of yours, and show it once.

    A person may have 20. It needs a console session, or a secret key bound to one end user.
    """
    scopes = USUAL_SCOPES if body.scopes is None else frozenset(body.scopes)
    token = await create_access_token(
        call.tenant, body.name, scopes=scopes, expires_us=body.expires_at, actor=call.caller.key_id
    )
    return json_reply(new_access_token_to_wire(token, body.name, call.acting_for, scopes), 201)


@routes.add("GET", "/access-tokens", Rules(ANY_SCOPE, is_persons=True), answers={200: AccessTokenPage},
            errors=[ForbiddenError])  # fmt: skip
async def list_tokens_for_apps(call: Call, query: CursorQuery) -> Reply:
    """List your access tokens that are not revoked, newest first, without their secrets."""
    return await page_reply(
        call,
        "access_tokens",
        query,
        Filters(),
        fetch=lambda page: list_access_tokens(call.tenant, limit=page.limit, after=page.after),
        position_of=lambda token: (token.created_us, token.id),
        to_wire=access_token_to_wire,
    )


@routes.add("DELETE", "/access-tokens/{token_id}", Rules(ANY_SCOPE, {"token_id": "key"}, is_persons=True),
            answers={204: None}, errors=[ForbiddenError, NotFoundError])  # fmt: skip
async def delete_token_for_app(call: Call, token_id: str) -> Reply:
    """Revoke an access token, at once."""
    await revoke_access_token(call.tenant, token_id, actor=call.caller.key_id)
    return no_content()
