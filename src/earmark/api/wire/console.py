"""Wire models of signing in to the console."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from earmark.api.wire.common import Body, Shown
from earmark.clock import render_time, render_time_or_none
from earmark.identity.types import KeyInfo, NewKey
from earmark.lengths import check_length
from earmark.processing.setup import Installed


class SignInBody(Body):
    """A one-time code from the fragment of the link that `earmark console-link` prints."""

    code: Annotated[str, check_length(1, 256)] = Field(json_schema_extra={"writeOnly": True})


class SignedInShown(Shown):
    """A new key; it is shown only once."""

    key: str = Field(examples=["sk_live_…"])
    expires_at: str


class SetupBody(Body):
    """The names of the first project and person, and the one-time code from the link that `earmark serve` prints."""

    code: Annotated[str, check_length(1, 256)] = Field(json_schema_extra={"writeOnly": True})
    project_name: Annotated[str, check_length(1, 255)]
    person_name: Annotated[str, check_length(1, 255)]


class SetUpShown(Shown):
    """The first project, and two keys that are shown only once: one to use, and the console's of twelve hours."""

    project_id: str = Field(examples=["proj_2sQ8vXcB5nMkLpTyRdWfGhJz"])
    end_user_id: str = Field(examples=["eu_7Qk2mNpRsTuVwXyZ01234567"])
    key: str = Field(examples=["sk_live_…"])
    console: SignedInShown


class ProviderShown(Shown):
    """A provider that people sign in with."""

    name: str = Field(examples=["company"])
    label: str = Field(description="What its button says.", examples=["Example Company"])
    start_path: str = Field(description="Where a browser begins.", examples=["/auth/company/start"])


class SignInShown(Shown):
    """How people sign in here."""

    providers: list[ProviderShown]
    is_signed_in: bool = Field(description="Whether the console that asks has a valid session.")


class DeviceShown(Shown):
    """A browser that is signed in to the console."""

    id: str = Field(examples=["key_2bCdEfGh1jKlMn0pQrStUvWx"])
    kind: Literal["session", "link"] = Field(description="Whether a provider or a one-time link signed it in.")
    label: str | None = Field(examples=["Firefox on Linux · ada@example.org · Example Company"])
    end_user_id: str | None = Field(description="null: the whole project.")
    is_current: bool
    created_at: str
    expires_at: str
    last_used_at: str | None


class DevicePage(Shown):
    """A page of signed-in browsers, newest first."""

    data: list[DeviceShown]
    has_more: bool
    next_cursor: str | None


def device_to_wire(key: KeyInfo, *, current_id: str) -> dict[str, Any]:
    """Return a signed-in browser; `current_id` is the credential that asks."""
    is_session = key.kind == "session"
    return {
        "id": key.id,
        "kind": "session" if is_session else "link",
        "label": key.label if is_session else None,
        "end_user_id": key.end_user_id,
        "is_current": key.id == current_id,
        "created_at": render_time(key.created_us),
        "expires_at": render_time_or_none(key.expires_us),
        "last_used_at": render_time_or_none(key.last_used_us),
    }


def set_up_to_wire(made: Installed, console: NewKey) -> dict[str, Any]:
    """Return what was set up, with its keys."""
    shown = {"project_id": made.project.id, "end_user_id": made.end_user.id, "key": made.key.secret}
    return {**shown, "console": signed_in_to_wire(console)}


def signed_in_to_wire(key: NewKey) -> dict[str, Any]:
    """Return a new key as the contract shows it."""
    return {"key": key.secret, "expires_at": render_time_or_none(key.expires_us)}
