"""`/v1/oauth`: what a person grants to assistants that sign in with OAuth; the console's page of consent uses it."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.oauth import (
    ConsentBody,
    ConsentQuery,
    ConsentShown,
    DecidedShown,
    GrantListQuery,
    GrantPage,
    consent_to_wire,
    grant_to_wire,
    to_asked,
)
from earmark.errors import ConflictError, ForbiddenError, NotFoundError
from earmark.library.end_users import narrow_to_end_user
from earmark.oauth.asking import check_asked
from earmark.oauth.grants import give_grant, list_grants, revoke_grant
from earmark.oauth.redirects import with_answer
from earmark.oauth.types import Checked, GrantFilters

routes = Routes("OAuth")


async def _check(call: Call, given: ConsentQuery | ConsentBody) -> Checked:
    """Return the checked request; the client's document may have to be fetched for it."""
    with call.aside():
        return await check_asked(to_asked(given), call.runtime.oauth_clients, issuer=call.base_url)


async def _fetch_client(call: Call, body: ConsentBody) -> None:
    """Fetch what the client's id names, before the unit of work."""
    await _check(call, body)


@routes.add("GET", "/oauth/consents", Rules(ANY_SCOPE, is_unrestricted=True), answers={200: ConsentShown},
            errors=[ForbiddenError])  # fmt: skip
async def show_consent(call: Call, query: ConsentQuery) -> Reply:
    """Show what an assistant asks for, with the parameters of its link to `/oauth/authorize`."""
    return json_reply(consent_to_wire(await _check(call, query)))


@routes.add("POST", "/oauth/consents",
            Rules(ANY_SCOPE, is_unrestricted=True, retry="secret", prepare=_fetch_client), answers={200: DecidedShown},
            errors=[ForbiddenError, NotFoundError, ConflictError])  # fmt: skip
async def decide_consent(call: Call, body: ConsentBody) -> Reply:
    """Give an assistant access to one end user's recordings, or refuse it.

    The answer says where to send the person's browser. It needs a console session or a secret key.
    """
    asked, issuer = to_asked(body), call.base_url
    checked = await check_asked(asked, call.runtime.oauth_clients, issuer=issuer, may_fetch=False)
    if not body.approved:
        to = with_answer(asked.redirect_uri, issuer, asked.state, error="access_denied")
        return json_reply({"redirect_to": to})
    tenant = await narrow_to_end_user(call.tenant, body.end_user_id)
    code = await give_grant(tenant, checked, actor=call.caller.key_id)
    return json_reply({"redirect_to": with_answer(asked.redirect_uri, issuer, asked.state, code=code)})


@routes.add("GET", "/oauth/grants", Rules(ANY_SCOPE, is_unrestricted=True), answers={200: GrantPage},
            errors=[ForbiddenError])  # fmt: skip
async def list_oauth_grants(call: Call, query: GrantListQuery) -> Reply:
    """List the access that assistants have been given and use, newest first."""
    filters = asked_filters(query, GrantFilters)
    return await page_reply(
        call,
        "oauth_grants",
        query,
        filters,
        fetch=lambda page: list_grants(call.tenant, limit=page.limit, after=page.after, filters=filters),
        position_of=lambda grant: (grant.created_us, grant.id),
        to_wire=grant_to_wire,
    )


@routes.add("DELETE", "/oauth/grants/{grant_id}", Rules(ANY_SCOPE, {"grant_id": "grt"}, is_unrestricted=True),
            answers={204: None}, errors=[ForbiddenError, NotFoundError])  # fmt: skip
async def revoke_oauth_grant(call: Call, grant_id: str) -> Reply:
    """Take an assistant's access away, at once."""
    await revoke_grant(call.tenant, grant_id, actor=call.caller.key_id)
    return no_content()
