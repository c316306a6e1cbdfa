"""Checks authorization requests. Where the client is not known for sure, nobody is sent anywhere."""

from __future__ import annotations

import re
from typing import Final

from earmark.oauth.clients import Clients
from earmark.oauth.errors import AuthorizationError, RedirectUriError
from earmark.oauth.redirects import is_listed, with_answer
from earmark.oauth.types import SCOPES, Asked, Checked

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")


async def check_asked(asked: Asked, clients: Clients, *, issuer: str, may_fetch: bool = True) -> Checked:
    """Return the request with its client and the scopes that it may get.

    Args:
        issuer: the server's public URL.
        may_fetch: whether the client's metadata document may be fetched; else what is stored of it counts.

    Raises: ClientUnknownError; RedirectUriError; AuthorizationError for what else is wrong, which the client is told.
    """
    client = await clients.find(asked.client_id, may_fetch=may_fetch)
    if not is_listed(asked.redirect_uri, client.redirect_uris):
        raise RedirectUriError

    def refused(reason: str, param: str, message: str) -> AuthorizationError:
        to = with_answer(asked.redirect_uri, issuer, asked.state, error=reason, error_description=message)
        return AuthorizationError(param, message, to)

    if asked.response_type != "code":
        raise refused("unsupported_response_type", "response_type", "response_type must be code.")
    if asked.code_challenge_method != "S256" or not _CHALLENGE.match(asked.code_challenge or ""):
        raise refused("invalid_request", "code_challenge", "A code_challenge with the method S256 is required.")
    if asked.resource != f"{issuer}/mcp":
        raise refused("invalid_target", "resource", f"resource must be {issuer}/mcp.")
    wanted = None if asked.scope is None else frozenset(asked.scope.split())
    scopes = SCOPES if wanted is None else wanted & SCOPES
    if not scopes:
        raise refused("invalid_scope", "scope", "None of these scopes can be granted.")
    return Checked(asked, client, scopes)
