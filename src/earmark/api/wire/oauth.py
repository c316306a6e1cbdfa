"""Wire models of consents and grants."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import Field

from earmark.api.wire.common import Body, CursorQuery, EndUserIdField, Query, Shown
from earmark.clock import now_us, render_time, render_time_or_none
from earmark.lengths import check_length
from earmark.oauth.redirects import host_of
from earmark.oauth.types import GRANT_LIFE_US, Asked, Checked, Grant

ClientId = Annotated[str, check_length(1, 1_024), Field(examples=["https://assistant.example/client.json"])]
Address = Annotated[str, check_length(1, 2_048)]
Word = Annotated[str, check_length(0, 256)]
State = Annotated[str, check_length(0, 4_096)]


class ConsentQuery(Query):
    """The parameters of the client's link, as they came to `/oauth/authorize`."""

    client_id: ClientId
    redirect_uri: Address
    response_type: Word | None = None
    code_challenge: Word | None = None
    code_challenge_method: Word | None = None
    resource: Address | None = None
    scope: Annotated[str, check_length(0, 2_048)] | None = None
    state: State | None = None


class ConsentBody(Body):
    """A person's decision, with the parameters of the client's link."""

    client_id: ClientId
    redirect_uri: Address
    response_type: Word | None = None
    code_challenge: Word | None = None
    code_challenge_method: Word | None = None
    resource: Address | None = None
    scope: Annotated[str, check_length(0, 2_048)] | None = None
    state: State | None = None
    approved: bool
    end_user_id: EndUserIdField | None = Field(None, description="For whom; required from project-wide callers.")


class ConsentShown(Shown):
    """What a client asks for. Its name is what it calls itself; nobody has checked it."""

    client_id: str
    client_name: str
    is_document: bool = Field(description="Whether the document at the address `client_id` vouches for it.")
    redirect_host: str = Field(description="Where the person is sent back to.")
    scopes: list[str]
    expires_at: str = Field(description="When the access ends, if it is not revoked before or unused for 30 days.")


class DecidedShown(Shown):
    """Where to send the person: back to the client, with a code or a refusal."""

    redirect_to: str


class GrantListQuery(CursorQuery):
    """Filters of the list of grants."""

    end_user_id: EndUserIdField | None = Field(None, description="Only access to this end user's recordings.")


class GrantShown(Shown):
    """Access that a client has to one end user's recordings."""

    id: str = Field(examples=["grt_2bCdEfGh1jKlMn0pQrStUvWx"])
    client_id: str
    client_name: str
    end_user_id: str
    scopes: list[str]
    created_at: str
    expires_at: str
    last_used_at: str | None = Field(description="When it last got a token.")


class GrantPage(Shown):
    """A page of grants, newest first."""

    data: list[GrantShown]
    has_more: bool
    next_cursor: str | None


def to_asked(given: ConsentQuery | ConsentBody) -> Asked:
    """Return the room's request."""
    return Asked(**{name: getattr(given, name) for name in Asked.__dataclass_fields__})


def consent_to_wire(checked: Checked) -> dict[str, Any]:
    """Return what a client asks for, as a person is shown it."""
    return {
        "client_id": checked.client.id,
        "client_name": checked.client.name,
        "is_document": checked.client.is_document,
        "redirect_host": host_of(checked.asked.redirect_uri),
        "scopes": sorted(checked.scopes),
        "expires_at": render_time(now_us() + GRANT_LIFE_US),
    }


def grant_to_wire(one: Grant) -> dict[str, Any]:
    """Return a grant as it is shown."""
    return {
        "id": one.id,
        "client_id": one.client_id,
        "client_name": one.client_name,
        "end_user_id": one.end_user_id,
        "scopes": orjson.loads(one.scopes_json),
        "created_at": render_time(one.created_us),
        "expires_at": render_time(one.expires_us),
        "last_used_at": render_time_or_none(one.last_used_us),
    }
