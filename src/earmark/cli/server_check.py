"""`earmark doctor --quick`: asks the server on this machine whether it is ready, as a container's health check does.

Opens neither the database nor a model: it runs every half minute, beside the server.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
from contextlib import closing
from typing import Any, Final

from earmark.cli.findings import Finding
from earmark.cli.noted_server import find_noted
from earmark.config import load_settings
from earmark.errors import EarmarkError

_PATIENCE_S: Final = 5.0
_LONGEST_BYTES: Final = 1 << 20


def examine_server() -> list[Finding]:
    """Return what `GET /ready` of this data folder's server says; if none is noted, of the settings' address."""
    try:
        settings = load_settings()
    except EarmarkError as error:
        return [Finding("settings", False, error.message)]
    noted_host, port = find_noted(settings.data_dir) or (settings.host, settings.port)
    host = _reachable(noted_host)
    try:
        status, body = _ask(host, port)
        checks: dict[str, str] = body["checks"]
        says = "; ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok")
        return [Finding("server", status == 200, f"{body['status']}{f' ({says})' if says else ''}")]
    except OSError as error:
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        return [Finding("server", False, f"does not answer on {host}:{port} ({reason})")]
    except (http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return [Finding("server", False, f"what answers on {host}:{port} is not earmark")]


def _reachable(host: str) -> str:
    """Return the address by which this machine reaches a server that listens on `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or "127.0.0.1"
    if not address.is_unspecified:
        return host
    return "::1" if address.version == 6 else "127.0.0.1"


def _ask(host: str, port: int) -> tuple[int, dict[str, Any]]:
    with closing(http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)) as connection:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        body: dict[str, Any] = json.loads(answer.read(_LONGEST_BYTES))
        return answer.status, body
