"""Frozen values of OAuth, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from earmark.identity.access_tokens import USUAL_SCOPES
from earmark.library.types import Filters

SCOPES: Final = USUAL_SCOPES | {"ask:read"}
"""What a client may be granted: what an assistant needs that answers questions and changes nothing but its chats."""
_DAY_US: Final = 86_400_000_000
CODE_LIFE_US: Final = 60_000_000
ACCESS_LIFE_S: Final = 3_600
REFRESH_LIFE_US: Final = 30 * _DAY_US
GRANT_LIFE_US: Final = 366 * _DAY_US
DAY_US: Final = _DAY_US


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks for access.

    Args:
        id: the address of its metadata document, or what registration gave it.
        name: what it calls itself; nobody has checked it.
        is_document: whether the document at the address that its id is vouches for its redirect addresses.
    """

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    is_document: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request, as the client's link holds it."""

    client_id: str
    redirect_uri: str
    response_type: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    resource: str | None = None
    scope: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """An authorization request that may be granted."""

    asked: Asked
    client: Client
    scopes: frozenset[str]

    @property
    def code_challenge(self) -> str:
        """The PKCE challenge, which was checked to be there."""
        return self.asked.code_challenge or ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A person's leave for a client. Its fields are the columns, in order."""

    id: str
    end_user_id: str
    client_id: str
    client_name: str
    scopes_json: str
    created_us: int
    expires_us: int
    last_used_us: int | None
    revoked_us: int | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gives out; neither can be shown again."""

    access: str
    refresh: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class GrantFilters(Filters):
    """Narrows a list of grants."""

    end_user_id: str | None = None
