"""Wire models of access tokens."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.wire.common import NOT_BLANK, Body, FutureField, Shown
from earmark.clock import render_time, render_time_or_none
from earmark.identity.scopes import SCOPES
from earmark.identity.types import KeyInfo, NewKey
from earmark.lengths import check_length
from earmark.text import trim


def _check_scope(scope: str) -> str:
    if scope not in SCOPES:
        raise ValueError("must be a scope such as ask:read")
    return scope


Scope = Annotated[str, AfterValidator(_check_scope), WithJsonSchema({"type": "string", "enum": sorted(SCOPES)})]
TokenName = Annotated[
    str,
    AfterValidator(trim),
    check_length(1, 100),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 100, "pattern": NOT_BLANK}),
]


class AccessTokenBody(Body):
    """A new access token. Without `scopes` it may ask and read; without `expires_at` it lives 90 days."""

    name: TokenName = Field(examples=["Claude on my laptop"])
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)] | None = None
    expires_at: FutureField | None = Field(None, description="At most 366 days from now.")


class AccessTokenShown(Shown):
    """An access token without its secret."""

    id: str = Field(examples=["key_2bCdEfGh1jKlMn0pQrStUvWx"])
    name: str = Field(examples=["Claude on my laptop"])
    hint: str = Field(description="Its last four characters.")
    end_user_id: str
    scopes: list[str]
    created_at: str
    expires_at: str
    last_used_at: str | None


class NewAccessTokenShown(AccessTokenShown):
    """A new access token with its secret, which is not shown again."""

    token: str


class AccessTokenPage(Shown):
    """A page of access tokens, newest first."""

    data: list[AccessTokenShown]
    has_more: bool
    next_cursor: str | None


def access_token_to_wire(token: KeyInfo) -> dict[str, Any]:
    """Return an access token as the contract shows it."""
    return {
        "id": token.id,
        "name": token.label,
        "hint": token.hint,
        "end_user_id": token.end_user_id,
        "scopes": token.scopes,
        "created_at": render_time(token.created_us),
        "expires_at": render_time_or_none(token.expires_us),
        "last_used_at": render_time_or_none(token.last_used_us),
    }


def new_access_token_to_wire(
    token: NewKey, name: str, end_user_id: str | None, scopes: frozenset[str]
) -> dict[str, Any]:
    """Return a new access token with its secret."""
    return {
        "id": token.id,
        "name": name,
        "hint": token.secret[-4:],
        "end_user_id": end_user_id,
        "scopes": sorted(scopes),
        "created_at": render_time(token.created_us),
        "expires_at": render_time_or_none(token.expires_us),
        "last_used_at": None,
        "token": token.secret,
    }
