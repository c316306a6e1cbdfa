"""Wire models of a project's keys and of its audit trail."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from earmark.api.wire.access_tokens import Scope
from earmark.api.wire.common import Body, EndUserIdField, FutureField, Shown
from earmark.clock import render_time, render_time_or_none
from earmark.identity.types import AuditEvent, KeyInfo, NewKey
from earmark.lengths import check_length

Label = Annotated[str, check_length(1, 255)]


class KeyBody(Body):
    """A new key of the mode of the key that creates it. Without `scopes` it is a secret key, else a restricted one."""

    label: Label | None = Field(None, examples=["Billing service"])
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)] | None = None
    end_user_id: EndUserIdField | None = Field(None, description="Bind it to this end user.")
    expires_at: FutureField | None = None
    mode: Literal["live", "test"] | None = Field(
        None, description="Only the mode of the key that creates it: another one is refused."
    )


class KeyShown(Shown):
    """A key, or an end user's token, without its secret."""

    id: str = Field(examples=["key_2bCdEfGh1jKlMn0pQrStUvWx"])
    kind: Literal["key", "token", "access"]
    label: str | None
    hint: str = Field(description="Its last four characters.")
    mode: Literal["live", "test"]
    scopes: list[str] | None = Field(description="null: everything that its kind allows.")
    end_user_id: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class NewKeyShown(KeyShown):
    """A new key with its secret, which is not shown again."""

    key: str


class KeyPage(Shown):
    """A page of keys, newest first."""

    data: list[KeyShown]
    has_more: bool
    next_cursor: str | None


class AuditEventShown(Shown):
    """An event of the audit trail. `hash` chains it to the one before."""

    id: str
    seq: int
    at: str
    actor: str = Field(description="A key's id, `operator`, `retention` or `earmark`.")
    action: str = Field(examples=["key.created"])
    object_id: str | None
    hash: str


class AuditEventPage(Shown):
    """A page of audit events, newest first."""

    data: list[AuditEventShown]
    has_more: bool
    next_cursor: str | None


def key_to_wire(key: KeyInfo) -> dict[str, Any]:
    """Return a key without its secret."""
    return {
        "id": key.id,
        "kind": key.kind,
        "label": key.label,
        "hint": key.hint,
        "mode": key.mode,
        "scopes": key.scopes,
        "end_user_id": key.end_user_id,
        "created_at": render_time(key.created_us),
        "expires_at": render_time_or_none(key.expires_us),
        "revoked_at": render_time_or_none(key.revoked_us),
        "last_used_at": render_time_or_none(key.last_used_us),
    }


def new_key_to_wire(key: NewKey, body: KeyBody, mode: str) -> dict[str, Any]:
    """Return a new key with its secret."""
    scopes = None if body.scopes is None else tuple(sorted(set(body.scopes)))
    info = KeyInfo(
        key.id, "key", body.label, key.secret[-4:], body.end_user_id, None, scopes, key.created_us, key.expires_us,
        None, None, mode,
    )  # fmt: skip
    return {**key_to_wire(info), "key": key.secret}


def audit_event_to_wire(event: AuditEvent) -> dict[str, Any]:
    """Return an event of the audit trail."""
    return {
        "id": event.id,
        "seq": event.seq,
        "at": render_time(event.at_us),
        "actor": event.actor,
        "action": event.action,
        "object_id": event.object_id,
        "hash": event.hash,
    }
