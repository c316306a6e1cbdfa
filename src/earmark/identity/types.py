"""Frozen values of identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from earmark.storage.tenant import TenantKey

Mode = Literal["live", "test"]
CONSOLE_LABEL: Final = "console"
"""The label of the keys that one-time links give to browsers; no other key may have it."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project: the owner of keys, end users and their data."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `scopes` None means everything that the credential's kind allows."""

    key_id: str
    tenant: TenantKey
    scopes: frozenset[str] | None = None

    @property
    def end_user_id(self) -> str | None:
        """The end user that an end-user-scoped credential acts for."""
        return self.tenant.end_user_id

    def may(self, scope: str) -> bool:
        """Whether the caller has `area:read` or `area:write`; `write` includes `read`."""
        if self.scopes is None:
            return True
        return scope in self.scopes or (scope.endswith(":read") and scope[:-4] + "write" in self.scopes)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new credential with its secret, which can't be shown again."""

    id: str
    secret: str
    created_us: int = 0
    expires_us: int | None = None


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A credential without its secret. `scopes` None means everything that its kind allows."""

    id: str
    kind: str
    label: str | None
    hint: str
    end_user_id: str | None
    end_user_no: int | None
    scopes: tuple[str, ...] | None
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    last_used_us: int | None
    mode: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An entry of the audit trail. Its fields are the columns, in order."""

    id: str
    at_us: int
    actor: str
    action: str
    object_id: str | None
    seq: int
    hash: str
