"""Finds model servers on this machine: configured ones, and those on default loopback ports."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from earmark.config import Settings
from earmark.llm.model_lists import is_loopback_url, list_models, list_ollama_tags, new_client

if TYPE_CHECKING:
    import httpx

TITLES: Final = {
    "ollama": "Ollama",
    "lmstudio": "LM Studio",
    "llamacpp": "llama.cpp",
    "vllm": "vLLM",
    "jan": "Jan",
    "gpt4all": "GPT4All",
    "koboldcpp": "KoboldCpp",
    "textgen": "text-generation-webui",
    "sglang": "SGLang",
}
_HOSTS: Final = ("127.0.0.1", "[::1]")
_PATIENCE_S: Final = 2.0
_NOT_FOR_CHAT: Final = re.compile(r"embed|minilm|rerank|whisper|\bbge\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that responded, and its models."""

    name: str
    base_url: str
    models: tuple[str, ...]

    @property
    def chat_model(self) -> str | None:
        """The first of its models that isn't named as one for something else."""
        return next((model for model in self.models if not _NOT_FOR_CHAT.search(model)), None)


@dataclass(frozen=True, slots=True)
class _Target:
    """A server to probe: its name and possible addresses, most likely first."""

    name: str
    base_urls: tuple[str, ...]
    api_key: str | None = None


def usual_urls(port: int) -> tuple[str, ...]:
    """Return the possible base URLs of a server on a loopback port."""
    return tuple(f"http://{host}:{port}/v1" for host in _HOSTS)


def serves_own_machine(settings: Settings) -> bool:
    """Whether the server answers its own machine only, and no proxy sends it requests of others."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return is_loopback_url(f"http://{host}") and not (settings.public_url or settings.trusted_proxies)


async def find_local_servers(settings: Settings) -> list[LocalServer]:
    """Return the servers that respond within two seconds; all are probed concurrently.

    A key is sent only to the server that it is configured for.
    """
    targets = _targets(settings)
    async with new_client(is_local=True) as client:
        found = await asyncio.gather(*(_ask(client, target) for target in targets))
    return [one for one in found if one is not None]


async def find_local_server(name: str, port: int) -> LocalServer | None:
    """Return the server on one port, if it responds."""
    async with new_client(is_local=True) as client:
        return await _ask(client, _Target(name, usual_urls(port)))


def _targets(settings: Settings) -> Sequence[_Target]:
    configured = [
        _Target(name, (one.base_url,), one.api_key.get_secret_value() if one.api_key else None)
        for name, one in settings.servers.items()
        if is_loopback_url(one.base_url)
    ]
    taken = {_port_of(target.base_urls[0]) for target in configured}
    usual = [
        _Target(f"local-{name}" if name in settings.servers else name, usual_urls(port))
        for name, port in settings.model_ports.items()
        if port not in taken
    ]
    return [*configured, *usual]


def _port_of(url: str) -> int | None:
    try:
        parts = urlsplit(url)
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


async def _ask(client: httpx.AsyncClient, target: _Target) -> LocalServer | None:
    asked = await asyncio.gather(*(_ask_address(client, target, url) for url in target.base_urls))
    return next((one for one in asked if one is not None), None)


async def _ask_address(client: httpx.AsyncClient, target: _Target, base_url: str) -> LocalServer | None:
    is_ollama = target.name.endswith("ollama")
    asks_tags = list_ollama_tags(client, base_url, _PATIENCE_S) if is_ollama else _no_tags()
    (_, listed), tags = await asyncio.gather(list_models(client, base_url, _PATIENCE_S, target.api_key), asks_tags)
    if listed is None and tags is None:
        return None
    return LocalServer(target.name, base_url, tuple(dict.fromkeys((*(listed or ()), *(tags or ())))))


async def _no_tags() -> None:
    return None
