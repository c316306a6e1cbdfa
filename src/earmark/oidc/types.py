"""Frozen values of signing in with a provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from earmark.identity.types import Mode

Claims = Mapping[str, Any]
Reason = Literal["expired", "denied", "unreachable", "refused", "not_allowed"]
"""Why a sign-in failed, as the sign-in page is told."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider's discovery document says.

    Args:
        names_issuer: whether its answers to the browser carry `iss` (RFC 9207).
        takes_basic: whether the token endpoint takes the secret in `Authorization`.
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_issuer: bool
    takes_basic: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in on its way, which the browser keeps in a signed cookie.

    Args:
        next: the console's path to lead to in the end.
        expires_s: in Unix time.
    """

    provider: str
    state: str
    nonce: str
    verifier: str
    next: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Match:
    """Whom claims stand for: a project, or with `external_id` one of its end users."""

    project_id: str
    mode: Mode
    external_id: str | None
    may_create: bool
    name: str | None
    email: str | None
