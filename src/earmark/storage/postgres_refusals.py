"""Why a PostgreSQL server can't be reached or refuses a connection: a sentence without the password."""

from __future__ import annotations

import socket
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from earmark.storage.errors import StorageUnavailableError

_REFUSED: Final = ("28000", "28P01")
"""SQLSTATEs of a role that may not come in, or with another password."""


def unreachable(url: str, error: Exception) -> StorageUnavailableError:
    """Return the error to raise for a connection that failed."""
    return StorageUnavailableError(f"Can't connect to PostgreSQL: {_reason(url, error)}.")


def _reason(url: str, error: Exception) -> str:
    role, place, database = _parts_of(url)
    by_state = {
        "3D000": f"there is no database {database} at {place}",
        **dict.fromkeys(_REFUSED, f"{place} refuses the role {role}: it does not exist, its password is wrong, or "
                                  "pg_hba.conf forbids it"),
        "42501": f"the role {role} may not connect to the database {database}",
        "53300": f"{place} has no connection left (max_connections)",
        "57P03": f"{place} is starting or stopping",
    }  # fmt: skip
    said = by_state.get(getattr(error, "sqlstate", None) or "")
    if said is not None:
        return said
    if isinstance(error, TimeoutError):
        return f"{place} does not answer"
    if isinstance(error, socket.gaierror):
        return f"the name in {place} can't be resolved"
    if isinstance(error, OSError):
        return f"nothing accepts connections at {place}"
    return "check EARMARK_DATABASE_URL and EARMARK_MIGRATION_DATABASE_URL"


def _parts_of(url: str) -> tuple[str, str, str]:
    """Return a URL's role, its server as `host:port` or folder of a socket, and its database."""
    try:
        parts = urlsplit(url)
        port, named = parts.port or 5432, parse_qs(parts.query)
    except ValueError:
        return "of the URL", "the server of the URL", "of the URL"
    host = parts.hostname or (named.get("host") or ["localhost"])[0]
    role = unquote(parts.username or (named.get("user") or ["of the system's user"])[0])
    place = host if host.startswith("/") else f"{host}:{port}"
    return role, place, unquote(parts.path.lstrip("/")) or role
