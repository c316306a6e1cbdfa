"""OAuth's own endpoints, outside `/v1`: metadata, the link that assistants open, tokens, registration, revocation.

Their bodies are forms, and their errors those of RFC 6749. Clients are public: they have no secret, but PKCE.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Headers, Reply, json_reply
from earmark.errors import InvalidError
from earmark.oauth import tokens
from earmark.oauth.errors import OAuthError
from earmark.oauth.types import ACCESS_LIFE_S, SCOPES, Tokens
from earmark.strict_json import parse_json

routes = Routes("OAuth", prefix="")
CONSENT_PAGE: Final = "/console/connect"
_FORM: Final = ("application/x-www-form-urlencoded",)
_LIMIT_BYTES: Final = 16 * 1024
_MOST_FIELDS: Final = 30
_LINK: Final = re.compile(rb"[\x21-\x7e]{0,8192}\Z")
_NO_STORE: Headers = ((b"cache-control", b"no-store"),)
_OPEN = Rules(None, retry="none")
_FORMS = Rules(None, retry="none", media_types=_FORM, limit_bytes=_LIMIT_BYTES)


@routes.add("GET", "/.well-known/oauth-protected-resource/mcp", _OPEN, answers={200: None}, is_described=False)
async def show_resource(call: Call) -> Reply:
    """Say which server gives access to `/mcp`. Source: RFC 9728."""
    base_url = call.base_url
    return json_reply({
        "resource": f"{base_url}/mcp",
        "authorization_servers": [base_url],
        "scopes_supported": sorted(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": "earmark",
    })  # fmt: skip


@routes.add("GET", "/.well-known/oauth-authorization-server", _OPEN, answers={200: None}, is_described=False)
async def show_authorization_server(call: Call) -> Reply:
    """Say how clients get access. Source: RFC 8414; RFC 9207; OAuth Client ID Metadata Document draft."""
    base_url = call.base_url
    return json_reply({
        "issuer": base_url,
        "authorization_endpoint": f"{base_url}/oauth/authorize",
        "token_endpoint": f"{base_url}/oauth/token",
        "registration_endpoint": f"{base_url}/oauth/register",
        "revocation_endpoint": f"{base_url}/oauth/revoke",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    })  # fmt: skip


@routes.add("GET", "/oauth/authorize", _OPEN, answers={302: None}, is_described=False)
async def open_consent(call: Call) -> Reply:
    """Lead the person to the console's page of consent, and never anywhere else: nothing has been checked yet."""
    return _to_consent(call.query_string)


@routes.add("POST", "/oauth/authorize", _FORMS, answers={302: None}, is_described=False)
async def post_consent(call: Call, body: bytes) -> Reply:
    """As GET, with the parameters in a form."""
    return _to_consent(body)


def _to_consent(asked: bytes) -> Reply:
    if not _LINK.match(asked):
        return _refusal(OAuthError("invalid_request", "The link is longer than 8 KiB, or not a link's text."))
    try:
        _read_form(asked)
    except OAuthError as error:
        return _refusal(error)
    return Reply(302, b"", ((b"location", CONSENT_PAGE.encode() + b"?" + asked), *_NO_STORE))


@routes.add("POST", "/oauth/token", _FORMS, answers={200: None}, is_described=False)
async def give_tokens(call: Call, body: bytes) -> Reply:
    """Exchange a code or a refresh token for tokens."""
    return await _answer(_give_tokens(call, body))


async def _give_tokens(call: Call, body: bytes) -> Reply:
    form = _read_form(body)
    kind, client_id, database = form.get("grant_type"), _required(form, "client_id"), call.runtime.database
    if form.get("resource", f"{call.base_url}/mcp") != f"{call.base_url}/mcp":
        raise OAuthError("invalid_target", f"resource must be {call.base_url}/mcp.")
    if kind == "authorization_code":
        code, verifier = _required(form, "code"), _required(form, "code_verifier")
        redirect_uri = _required(form, "redirect_uri")
        given = await tokens.exchange_code(
            database, code, client_id=client_id, redirect_uri=redirect_uri, verifier=verifier
        )
        await call.runtime.oauth_clients.note_use(client_id)
        return _shown(given)
    if kind == "refresh_token":
        token = _required(form, "refresh_token")
        return _shown(await tokens.refresh(database, token, client_id=client_id, scope=form.get("scope")))
    raise OAuthError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token.")


def _shown(given: Tokens) -> Reply:
    return json_reply({
        "access_token": given.access,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE_S,
        "refresh_token": given.refresh,
        "scope": " ".join(sorted(given.scopes)),
    }, headers=_NO_STORE)  # fmt: skip


@routes.add("POST", "/oauth/revoke", _FORMS, answers={200: None}, is_described=False)
async def revoke(call: Call, body: bytes) -> Reply:
    """Revoke a token; 200 also for one that is none."""
    return await _answer(_revoke(call, body))


async def _revoke(call: Call, body: bytes) -> Reply:
    form = _read_form(body)
    token, client_id = _required(form, "token"), _required(form, "client_id")
    await tokens.revoke_token(call.runtime.database, token, client_id=client_id)
    return Reply(200, b"", _NO_STORE)


@routes.add("POST", "/oauth/register", Rules(None, retry="none", limit_bytes=_LIMIT_BYTES), answers={201: None},
            is_described=False)  # fmt: skip
async def register_client(call: Call, body: bytes) -> Reply:
    """Register a client by its own word. Source: RFC 7591."""
    return await _answer(_register(call, body))


async def _register(call: Call, body: bytes) -> Reply:
    try:
        document = parse_json(body)
    except InvalidError as error:
        raise OAuthError("invalid_client_metadata", error.message) from error
    client = await call.runtime.oauth_clients.register(document, call.client_host)
    return json_reply({
        "client_id": client.id,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }, 201, _NO_STORE)  # fmt: skip


async def _answer(work: Awaitable[Reply]) -> Reply:
    try:
        return await work
    except OAuthError as error:
        return _refusal(error)


def _refusal(error: OAuthError) -> Reply:
    later: Headers = ((b"retry-after", b"3600"),) if error.status == 429 else ()
    return json_reply({"error": error.reason, "error_description": error.message}, error.status, (*_NO_STORE, *later))


def _read_form(body: bytes) -> Mapping[str, str]:
    """Return a form's fields.

    Raises: OAuthError for one that is given twice, or what is not UTF-8.
    """
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise OAuthError("invalid_request", "The form can't be read.") from error
    form = dict(pairs)
    if len(form) < len(pairs):
        raise OAuthError("invalid_request", "A parameter is given twice.")
    return form


def _required(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    if not value:
        raise OAuthError("invalid_request", f"{name} is required.")
    return str(value)
