"""Wire models of end users."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import Field

from earmark.api.wire.common import Body, FutureField, ListQuery, Shown
from earmark.clock import render_time, render_time_or_none
from earmark.identity.types import NewKey
from earmark.lengths import check_json_size, check_length
from earmark.library.types import EndUser

Metadata = Annotated[dict[str, Any], check_json_size(16)]


class EndUserBody(Body):
    """An end user's fields, all optional."""

    external_id: Annotated[str, check_length(1, 255)] | None = None
    email: Annotated[str, check_length(1, 320)] | None = None
    name: Annotated[str, check_length(1, 255)] | None = None
    metadata: Metadata | None = None


class EndUserListQuery(ListQuery):
    """Filters of the end-users list."""

    external_id: Annotated[str, check_length(1, 255)] | None = Field(None, description="Exactly this external id.")


class EndUserShown(Shown):
    """A person who owns recordings."""

    id: str = Field(examples=["eu_7Qk2mNpRsTuVwXyZ01234567"])
    project_id: str
    external_id: str | None = Field(examples=["mara"])
    email: str | None
    name: str | None
    metadata: dict[str, Any] | None
    created_at: str
    updated_at: str
    deleted_at: None


class TokenBody(Body):
    """When the token expires, if ever."""

    expires_at: FutureField | None = None


class TokenShown(Shown):
    """An end user's token; it is shown only once."""

    token: str = Field(examples=["eut_…"])
    connection_command: str = Field(description="A shell command that lists the end user's Ask sessions.")
    end_user_id: str
    created_at: str
    expires_at: str | None


class EndUserPage(Shown):
    """A page of end users, newest first."""

    data: list[EndUserShown]
    has_more: bool
    next_cursor: str | None


def fragment(stored_json: str | None) -> orjson.Fragment | None:
    """Return stored JSON for output without parsing it."""
    return None if stored_json is None else orjson.Fragment(stored_json)


def end_user_to_wire(user: EndUser, project_id: str) -> dict[str, Any]:
    """Return an end user as the contract shows it."""
    return {
        "id": user.id,
        "project_id": project_id,
        "external_id": user.external_id,
        "email": user.email,
        "name": user.name,
        "metadata": fragment(user.metadata_json),
        "created_at": render_time(user.created_us),
        "updated_at": render_time(user.updated_us),
        "deleted_at": None,
    }


def token_to_wire(token: NewKey, end_user_id: str, base_url: str) -> dict[str, Any]:
    """Return a new token as the contract shows it."""
    sessions = f'curl "{base_url}/v1/ask/sessions?limit=20" -H "Authorization: Bearer {token.secret}"'
    return {
        "token": token.secret,
        "connection_command": sessions,
        "end_user_id": end_user_id,
        "created_at": render_time(token.created_us),
        "expires_at": render_time_or_none(token.expires_us),
    }
