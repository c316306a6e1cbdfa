"""Revoking a grant while its client refreshes: neither waits for the other for ever, and what is revoked is revoked."""

from __future__ import annotations

import asyncio

import pytest

from earmark.errors import UnauthorizedError
from earmark.identity.keys import authenticate
from earmark.oauth.asking import check_asked
from earmark.oauth.clients import Clients
from earmark.oauth.errors import InvalidGrantError
from earmark.oauth.grants import give_grant, list_grants, revoke_grant
from earmark.oauth.tokens import exchange_code, refresh
from earmark.oauth.types import Asked, Tokens
from earmark.runtime import Runtime
from tests.oauth.test_clients import CALLBACK, CHALLENGE, DOCUMENT, ISSUER, URL, VERIFIER, Web, person_of

ROUNDS = 60


async def test_a_grant_revoked_while_it_is_refreshed_is_revoked(runtime: Runtime) -> None:
    person = await person_of(runtime)
    asked = Asked(URL, CALLBACK, "code", CHALLENGE, "S256", f"{ISSUER}/mcp")
    checked = await check_asked(asked, Clients(runtime.operator, Web(DOCUMENT)), issuer=ISSUER)
    for _ in range(ROUNDS):
        code = await give_grant(person, checked, actor="key_a")
        tokens = await exchange_code(runtime.database, code, client_id=URL, redirect_uri=CALLBACK, verifier=VERIFIER)
        (grant,) = await list_grants(person, limit=10)
        refreshed, revoked = await asyncio.gather(
            refresh(runtime.database, tokens.refresh, client_id=URL),
            revoke_grant(person, grant.id),
            return_exceptions=True,
        )
        assert revoked is None
        assert isinstance(refreshed, Tokens | InvalidGrantError)
        for token in (tokens, refreshed):
            if isinstance(token, Tokens):
                with pytest.raises(UnauthorizedError):
                    await authenticate(runtime.database, f"Bearer {token.access}", takes_oauth=True)
