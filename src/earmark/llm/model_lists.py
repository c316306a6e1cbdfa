"""Requests a server's list of models; any unexpected response counts as no list."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

_MOST_BYTES: Final = 2_000_000
_MOST_MODELS: Final = 1_000
_MOST_CHARS: Final = 300
_HEADERS: Final = {"accept": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: its status (0 if unreadable) and JSON (None if invalid)."""

    status: int
    body: Any = None


def new_client(*, is_local: bool) -> httpx.AsyncClient:
    """Return a client that follows no redirects and, for this machine, ignores proxies."""
    import httpx

    return httpx.AsyncClient(trust_env=not is_local, follow_redirects=False)


async def get_json(
    client: httpx.AsyncClient, url: str, timeout_s: float, headers: Mapping[str, str] | None = None
) -> Reply:
    """Request JSON; a timeout, an oversized or an unreadable response is a `Reply` too."""
    import httpx

    status, raw = 0, bytearray()
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream("GET", url, headers={**_HEADERS, **(headers or {})}) as response,
        ):
            async for piece in response.aiter_raw():
                raw += piece
                if len(raw) > _MOST_BYTES:
                    return Reply(0)
            status = response.status_code
        return Reply(status, orjson.loads(raw))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):  # a TimeoutError is an OSError
        return Reply(status)


async def list_models(
    client: httpx.AsyncClient, base_url: str, timeout_s: float, api_key: str | None = None
) -> tuple[Reply, tuple[str, ...] | None]:
    """Request `/models` below `base_url`; return the reply and its models, if valid."""
    reply = await get_json(client, base_url.rstrip("/") + "/models", timeout_s, _authorization(api_key))
    return reply, _names(reply, "data", "id")


async def list_ollama_tags(client: httpx.AsyncClient, base_url: str, timeout_s: float) -> tuple[str, ...] | None:
    """Request Ollama's own `/api/tags`; return its models, None if it isn't a list of models."""
    reply = await get_json(client, base_url.rstrip("/").removesuffix("/v1") + "/api/tags", timeout_s)
    return _names(reply, "models", "name")


def has_model_named(models: Sequence[str], model: str) -> bool:
    """Whether a list contains a model; Ollama lists an untagged one as `:latest`."""
    return model in models or f"{model}:latest" in models


def is_loopback_url(url: str) -> bool:
    """Whether the host is `localhost` or a loopback address; other names are not resolved."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown_url(url: str) -> str:
    """Return an address without user, password and query, which may hold a key."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not an address)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _authorization(api_key: str | None) -> dict[str, str]:
    return {} if api_key is None else {"authorization": f"Bearer {api_key}"}


def _names(reply: Reply, where: str, field: str) -> tuple[str, ...] | None:
    rows = reply.body.get(where) if reply.status == 200 and isinstance(reply.body, dict) else None
    if not isinstance(rows, list):
        return None
    found = [row.get(field) for row in rows[:_MOST_MODELS] if isinstance(row, dict)]
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and _is_fit(name)))


def _is_fit(name: str) -> bool:
    """Whether a name can be displayed and typed."""
    return 0 < len(name) <= _MOST_CHARS and name.isprintable() and name == name.strip()
