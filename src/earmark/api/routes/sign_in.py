"""Sign-in with a provider: `/auth/…`, which the browser itself opens, and what the console asks about it.

What fails in the browser leads to the sign-in page, which says why in words; nothing leads to another site but the
provider that the settings name.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import parse_qsl

import structlog

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.console_cookie import (
    clear_flow,
    clear_session,
    flow_in,
    is_from_console,
    set_flow,
    set_session,
)
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Headers, Reply, json_reply, no_content
from earmark.api.wire.common import CursorQuery
from earmark.api.wire.console import DevicePage, SignInShown, device_to_wire
from earmark.errors import ForbiddenError, NotFoundError, UnauthorizedError
from earmark.identity.console_sessions import LIFE_S, end_device, list_devices
from earmark.identity.sign_in import rate_slot
from earmark.library.types import Filters
from earmark.limits.admission import refuse_if_exceeded
from earmark.oidc.devices import describe_device
from earmark.oidc.errors import SignInFailedError
from earmark.oidc.flow import FLOW_LIFE_S, HOME, authorization_url, begin_flow, parse_flow, render_flow
from earmark.oidc.providers import Provider
from earmark.oidc.signing_in import sign_in_by

AUTH: Final = "/auth/"
log = structlog.get_logger("earmark.api")


routes = Routes("Console")
pages = Routes("Console", prefix="")
_OPEN = Rules(None, retry="none")
_MOST_FIELDS: Final = 20
_LONGEST_QUERY: Final = 16 * 1024


class NotFromConsoleError(ForbiddenError):
    """A request that only the console may send came from elsewhere."""

    def __init__(self) -> None:
        super().__init__("Only the console itself may do this.")


@pages.add("GET", "/auth/{provider}/start", _OPEN, answers={302: None}, is_described=False)
async def start_sign_in(call: Call, provider: str) -> Reply:
    """Lead the browser to a provider to sign in."""
    refuse_if_exceeded(call.runtime.rates.oidc.count(rate_slot(call.client_host)))
    chosen = call.runtime.sign_in_providers.get(provider)
    try:
        with call.aside():
            metadata = await chosen.metadata()
    except SignInFailedError as error:
        return _failed(call, chosen, error)
    flow = begin_flow(provider, _read_query(call).get("next"))
    url = authorization_url(flow, chosen.settings, metadata, _redirect_uri(call, chosen))
    cookie = set_flow(render_flow(flow, call.runtime.cursor_secret), life_s=FLOW_LIFE_S, is_secure=call.is_secure)
    return _lead_to(url, cookie, status=302)


@pages.add("GET", "/auth/{provider}/callback", _OPEN, answers={303: None}, is_described=False)
async def finish_sign_in(call: Call, provider: str) -> Reply:
    """Sign the browser in that a provider leads back, and show the console."""
    refuse_if_exceeded(call.runtime.rates.oidc.count(rate_slot(call.client_host)))
    chosen = call.runtime.sign_in_providers.get(provider)
    try:
        with call.aside():
            return await _finish(call, chosen)
    except SignInFailedError as error:
        return _failed(call, chosen, error)


async def _finish(call: Call, provider: Provider) -> Reply:
    given = _read_query(call)
    cookie = flow_in(call.headers, is_secure=call.is_secure)
    flow = parse_flow(cookie, call.runtime.cursor_secret, provider=provider.name, state=given.get("state"))
    await _check_issuer(provider, given.get("iss"))
    if "error" in given or not given.get("code"):
        raise SignInFailedError("denied", "the provider refused")
    claims = await provider.redeem(given["code"], flow, _redirect_uri(call, provider))
    device = describe_device(call.headers.get(b"user-agent", b"").decode("latin-1"))
    session = await sign_in_by(call.runtime.operator, provider, claims, device)
    log.info("sign_in.done", provider=provider.name)
    cookies = (
        *set_session(session.secret, life_s=LIFE_S, is_secure=call.is_secure), *clear_flow(is_secure=call.is_secure),
    )  # fmt: skip
    return _lead_to(flow.next, cookies)


async def _check_issuer(provider: Provider, given: str | None) -> None:
    """Check who the answer says it is from: another provider's answer must not reach this one. Source: RFC 9207."""
    is_missing = given is None and (await provider.metadata()).names_issuer
    if is_missing or (given is not None and not hmac.compare_digest(given.encode(), provider.settings.issuer.encode())):
        raise SignInFailedError("refused", "the answer is another issuer's")


@pages.add("POST", "/auth/sign-out", _OPEN, answers={204: None}, is_described=False)
async def sign_out(call: Call) -> Reply:
    """End the browser's session; 204 also if it has none that is valid.

    Raises: NotFromConsoleError.
    """
    if not is_from_console(call.headers):
        raise NotFromConsoleError
    session = call.session_authorization
    if session is not None:
        try:
            caller, tenant = await call.runtime.admission.recognise(session)
            await end_device(tenant, caller.key_id, actor=caller.key_id)
        except (UnauthorizedError, NotFoundError):
            pass  # it has ended already
    return Reply(204, b"", clear_session(is_secure=call.is_secure))


def _redirect_uri(call: Call, provider: Provider) -> str:
    return f"{call.base_url}{AUTH}{provider.name}/callback"


def _lead_to(url: str, cookies: Headers, *, status: int = 303) -> Reply:
    return Reply(status, b"", ((b"location", url.encode()), (b"cache-control", b"no-store"), *cookies))


def _failed(call: Call, provider: Provider, error: SignInFailedError) -> Reply:
    log.warning("sign_in.failed", provider=provider.name, reason=error.reason, problem=error.problem)
    return _lead_to(f"{HOME}#sign-in={error.reason}", clear_flow(is_secure=call.is_secure))


def _read_query(call: Call) -> dict[str, str]:
    """Return the parameters of the address; none if it can't be read, or gives one twice."""
    if len(call.query_string) > _LONGEST_QUERY:
        return {}
    try:
        pairs = parse_qsl(call.query_string.decode("ascii"), errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {}


# ---- what the console asks -------------------------------------------------------------------------


@routes.add("GET", "/console/sign-in", _OPEN, answers={200: SignInShown})
async def show_sign_in(call: Call) -> Reply:
    """Say which providers people sign in with, and whether the console that asks is signed in by its cookie."""
    providers = [
        {"name": one.name, "label": one.label, "start_path": f"{AUTH}{one.name}/start"}
        for one in call.runtime.sign_in_providers.list()
    ]
    return json_reply({"providers": providers, "is_signed_in": await _is_signed_in(call)})


async def _is_signed_in(call: Call) -> bool:
    if call.session_authorization is None:
        return False
    try:
        await call.runtime.admission.recognise(call.session_authorization)
    except UnauthorizedError:
        return False
    return True


@routes.add("GET", "/console/sessions", Rules(ANY_SCOPE, is_unrestricted=True), answers={200: DevicePage},
            errors=[ForbiddenError])  # fmt: skip
async def list_signed_in_devices(call: Call, query: CursorQuery) -> Reply:
    """List the browsers that are signed in to the console, newest first: a person's own, or all of a project."""
    return await page_reply(
        call, "console_sessions", query, Filters(),
        fetch=lambda page: list_devices(call.tenant, limit=page.limit, after=page.after),
        position_of=lambda key: (key.created_us, key.id),
        to_wire=lambda key: device_to_wire(key, current_id=call.caller.key_id),
    )  # fmt: skip


@routes.add("DELETE", "/console/sessions/{console_session_id}",
            Rules(ANY_SCOPE, {"console_session_id": "key"}, is_unrestricted=True), answers={204: None},
            errors=[ForbiddenError, NotFoundError])  # fmt: skip
async def sign_device_out(call: Call, console_session_id: str) -> Reply:
    """Sign a browser out at once."""
    await end_device(call.tenant, console_session_id, actor=call.caller.key_id)
    return no_content()
