"""Wire models of signing in to the console."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from earmark.api.wire.common import Body, Shown
from earmark.clock import render_time_or_none
from earmark.identity.types import NewKey
from earmark.lengths import check_length


class SignInBody(Body):
    """A one-time code from the fragment of the link that `earmark console-link` prints."""

    code: Annotated[str, check_length(1, 256)] = Field(json_schema_extra={"writeOnly": True})


class SignedInShown(Shown):
    """A new key; it is shown only once."""

    key: str = Field(examples=["sk_live_…"])
    expires_at: str


def signed_in_to_wire(key: NewKey) -> dict[str, Any]:
    """Return a new key as the contract shows it."""
    return {"key": key.secret, "expires_at": render_time_or_none(key.expires_us)}
