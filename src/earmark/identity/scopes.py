"""The contract's scopes of restricted keys and end-user tokens: `area:read` or `area:write`."""

from __future__ import annotations

from collections.abc import Iterable

from earmark.errors import InvalidError

AREAS = ("recordings", "transcriptions", "end_users", "summaries", "config", "ask", "folders", "webhooks")
SCOPES = frozenset(f"{area}:{access}" for area in AREAS for access in ("read", "write"))
TOKEN_SCOPES = frozenset(
    {
        "ask:write",
        "folders:write",
        "recordings:read",
        "transcriptions:read",
        "summaries:read",
        "end_users:read",
        "config:read",
    }
)
"""The scopes of an end-user token, for its own end user; `write` includes `read`."""


class UnknownScopeError(InvalidError):
    """The scope does not exist."""

    def __init__(self) -> None:
        areas = ", ".join(AREAS)
        super().__init__(f"A scope is one of {areas}, then :read or :write.", param="scope")


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes as a set.

    Raises: UnknownScopeError.
    """
    asked = frozenset(scopes)
    if not asked <= SCOPES:
        raise UnknownScopeError
    return asked
