"""Every kind of credential, and the access that each should have, for the tables of `isolation.py` and of MCP's tools."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

from earmark.identity.access_tokens import USUAL_SCOPES, create_access_token
from earmark.identity.console_sessions import create_console_session
from earmark.identity.keys import CredentialKind, create_key, revoke_key
from earmark.identity.projects import get_tenant
from earmark.identity.tokens import issue_token
from earmark.identity.types import Mode
from earmark.library.end_users import get_end_user
from earmark.oauth.grants import give_grant
from earmark.oauth.tokens import exchange_code
from earmark.oauth.types import SCOPES as OAUTH_SCOPES
from earmark.oauth.types import Asked, Checked, Client, Tokens
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from tests.server import Place

AREAS = ("recordings", "transcriptions", "end_users", "summaries", "config", "ask", "folders", "webhooks")
SCOPES = [f"{area}:{access}" for area in AREAS for access in ("read", "write")]
ALL = frozenset(SCOPES)
TOKEN_SCOPES = frozenset({"ask:write", "folders:write", "recordings:read", "transcriptions:read", "summaries:read",
                          "end_users:read", "config:read"})  # fmt: skip
FROM_CONSOLE = {"Sec-Fetch-Site": "same-origin", "X-Earmark-CSRF": "1"}
VERIFIER = "v" * 43
WHOLE, MINE = frozenset({"own", "other_user"}), frozenset({"own"})
Bound = tuple[str, int]
Projects = dict[str, tuple[str, Mode, str]]
"""Of each owner: the project's id, its mode, and a secret key of it."""


def challenge_of(verifier: str) -> str:
    """Return the PKCE challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Credential:
    """An `Authorization` value or a console session's cookie, and the access that it should have."""

    name: str
    secret: str | None
    home: str  # the owner that it acts for, or names
    sees: frozenset[str] = frozenset()
    scopes: frozenset[str] = ALL
    is_bound: bool = False
    is_good: bool = True
    is_unrestricted: bool = False
    is_narrow: bool = False  # tested with fewer owners, because only its scopes differ
    kind: CredentialKind = "key"
    works_at: frozenset[str] = frozenset({"v1", "mcp"})
    cookie: Literal["none", "of the console", "of another page"] = "none"

    @property
    def headers(self) -> dict[str, str]:
        """What a request with it has; a session's cookie counts only with what the console's own page sends."""
        if self.secret is None:
            return {}
        if self.cookie == "none":
            return {"Authorization": f"Bearer {self.secret}"}
        sent = FROM_CONSOLE if self.cookie == "of the console" else {"Sec-Fetch-Site": "cross-site"}
        return {**sent, "Cookie": f"earmark-session={self.secret}"}

    def is_valid_at(self, place: str) -> bool:
        """Whether it is a credential of `v1` or `mcp` at all."""
        return self.is_good and place in self.works_at

    def may(self, scope: str) -> bool:
        return scope in self.scopes or scope.replace(":read", ":write") in self.scopes


def make_credentials(place: Place, projects: Projects, end_user_id: str) -> list[Credential]:
    """Make every kind of credential: of the project of `own`, and of that owner's end user."""

    async def make(runtime: Runtime) -> list[Credential]:
        tenant = await get_tenant(runtime.operator, projects["own"][0], "live")
        user = await get_end_user(tenant, end_user_id)
        bound = (user.id, user.number)
        return [
            *await _keys(tenant, projects, bound),
            *await _of_assistants_and_browsers(runtime, tenant, bound),
            *await _narrow_keys(tenant),
            *await _bad_credentials(tenant),
        ]

    return place.run(make)


async def _keys(tenant: Tenant, projects: Projects, bound: Bound) -> list[Credential]:
    return [
        Credential("secret key", projects["own"][2], "own", WHOLE, is_unrestricted=True),
        Credential("bound secret key", (await create_key(tenant, end_user=bound)).secret, "own", MINE, is_bound=True,
                   is_unrestricted=True),
        Credential("restricted key with every scope", (await create_key(tenant, scopes=ALL)).secret, "own", WHOLE),
        Credential("bound restricted key", (await create_key(tenant, scopes=ALL, end_user=bound)).secret, "own", MINE,
                   is_bound=True),
        Credential("end-user token", (await issue_token(tenant, bound)).secret, "own", MINE, TOKEN_SCOPES,
                   is_bound=True, kind="token"),
        Credential("test key", projects["other_mode"][2], "other_mode", frozenset({"other_mode"}),
                   is_unrestricted=True),
        Credential("other project's key", projects["other_project"][2], "other_project",
                   frozenset({"other_project"}), is_unrestricted=True),
    ]  # fmt: skip


async def _of_assistants_and_browsers(runtime: Runtime, tenant: Tenant, bound: Bound) -> list[Credential]:
    person = tenant.acting_for(*bound)
    token = await create_access_token(person, "Laptop", scopes=USUAL_SCOPES, expires_us=None, actor="tests")
    owners = await create_console_session(tenant, label="Laptop", actor="tests")
    own = await create_console_session(tenant, end_user=bound, label="Laptop", actor="tests")
    oauth = await _oauth_tokens(runtime, person)
    console = {"kind": "session", "is_unrestricted": True, "works_at": frozenset({"v1"}), "cookie": "of the console"}
    return [
        Credential("access token", token.secret, "own", MINE, USUAL_SCOPES, is_bound=True, kind="access"),
        Credential("OAuth access token", oauth.access, "own", MINE, OAUTH_SCOPES, is_bound=True,
                   works_at=frozenset({"mcp"}), kind="oauth_access"),
        Credential("OAuth refresh token", oauth.refresh, "own", is_good=False, is_narrow=True),
        Credential("owner's console session", owners.secret, "own", WHOLE, **console),  # type: ignore[arg-type]
        Credential("person's console session", own.secret, "own", MINE, is_bound=True, **console),  # type: ignore[arg-type]
        Credential("console session from elsewhere", own.secret, "own", is_good=False, is_narrow=True,
                   cookie="of another page"),
        Credential("console session as a key", own.secret, "own", is_good=False, is_narrow=True),
    ]  # fmt: skip


async def _oauth_tokens(runtime: Runtime, person: Tenant) -> Tokens:
    """Return the tokens of an assistant to which the person gave access."""
    callback, challenge = "http://127.0.0.1/callback", challenge_of(VERIFIER)
    client = Client("oac_" + "a" * 24, "Lantern", (callback,), is_document=False)
    checked = Checked(Asked(client.id, callback, "code", challenge, "S256"), client, OAUTH_SCOPES)
    code = await give_grant(person, checked, actor="tests")
    return await exchange_code(runtime.database, code, client_id=client.id, redirect_uri=callback, verifier=VERIFIER)


async def _narrow_keys(tenant: Tenant) -> list[Credential]:
    found = []
    for scopes in [(), *((scope,) for scope in SCOPES)]:
        held = frozenset(scopes)
        secret = (await create_key(tenant, scopes=held)).secret
        found.append(Credential(f"restricted key with {scopes}", secret, "own", WHOLE, held, is_narrow=True))
    return found


async def _bad_credentials(tenant: Tenant) -> list[Credential]:
    revoked = await create_key(tenant)
    await revoke_key(tenant, revoked.id)
    bad = {
        "revoked key": revoked.secret,
        "expired key": (await create_key(tenant, expires_us=1)).secret,
        "unknown key": "sk_live_" + "x" * 43,
        "malformed key": "sk_live_x",
        "no key": None,
    }
    return [Credential(name, secret, "own", is_good=False, is_narrow=True) for name, secret in bad.items()]
