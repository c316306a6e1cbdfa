"""Checks with a server or vendor that it has a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from earmark.config import ServerSettings, Settings, VendorSettings
from earmark.llm.errors import UnusableModelError
from earmark.llm.local_servers import TITLES
from earmark.llm.model_lists import (
    Reply,
    get_json,
    has_model_named,
    is_loopback_url,
    list_models,
    list_ollama_tags,
    new_client,
    shown_url,
)

_PATIENCE_S: Final = 10.0
_SHOWN_MODELS: Final = 8
_VENDOR_URLS: Final = {
    "openai": "https://api.openai.com/v1",
    "claude": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
}


async def check_model(settings: Settings, provider: str, model: str | None = None) -> None:
    """Request the provider's models and check for one, by default the one in the settings.

    Raises: UnusableModelError.
    """
    if provider in settings.servers:
        server = settings.servers[provider]
        await _check_server(provider, server, model or server.model)
    elif provider in _VENDOR_URLS:
        vendor: VendorSettings = getattr(settings, provider)
        await _check_vendor(provider, vendor, model or vendor.model)


async def _check_server(name: str, server: ServerSettings, model: str) -> None:
    title, url = TITLES.get(name, name), server.base_url
    key = server.api_key.get_secret_value() if server.api_key else None
    async with new_client(is_local=is_loopback_url(url)) as client:
        reply, models = await list_models(client, url, _PATIENCE_S, key)
        if models is None and name == "ollama":
            models = await list_ollama_tags(client, url, _PATIENCE_S)
    where = f"{title} at {shown_url(url)}"
    if models is None:
        wants = f"EARMARK_SERVERS__{name.upper()}__API_KEY"
        raise UnusableModelError(_why_not(where, reply, wants, has_key=key is not None))
    _check_listed(where, model, models)


async def _check_vendor(name: str, vendor: VendorSettings, model: str) -> None:
    if vendor.api_key is None:
        raise UnusableModelError(f"{name} has no key; set EARMARK_{name.upper()}__API_KEY first.")
    key, url = vendor.api_key.get_secret_value(), (vendor.base_url or _VENDOR_URLS[name]).rstrip("/")
    where = name if vendor.base_url is None else f"{name} at {shown_url(url)}"
    models: Sequence[str] | None = None
    async with new_client(is_local=is_loopback_url(url)) as client:
        if name == "openai":
            reply, models = await list_models(client, url, _PATIENCE_S, key)
        else:
            path, headers = _request_of(name, model, key)
            reply = await get_json(client, url + path, _PATIENCE_S, headers)
            if (name, reply.status) == ("gemini", 400):  # Google's status for an invalid key
                reply = Reply(401)
            if reply.status in (200, 404) and isinstance(reply.body, dict):
                models = [model] if reply.status == 200 else []
    if models is None:
        raise UnusableModelError(_why_not(where, reply, f"EARMARK_{name.upper()}__API_KEY", has_key=True))
    _check_listed(where, model, models, shows_others=name == "openai" and vendor.base_url is not None)


def _request_of(vendor: str, model: str, key: str) -> tuple[str, dict[str, str]]:
    if vendor == "claude":
        return f"/v1/models/{quote(model, safe='')}", {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return f"/v1beta/models/{quote(model, safe='')}", {"x-goog-api-key": key}


def _check_listed(where: str, model: str, models: Sequence[str], *, shows_others: bool = True) -> None:
    if has_model_named(models, model):
        return
    has = ""
    if shows_others:
        more = f" and {len(models) - _SHOWN_MODELS} more" if len(models) > _SHOWN_MODELS else ""
        has = f"; it has {', '.join(models[:_SHOWN_MODELS])}{more}" if models else "; it has none"
    raise UnusableModelError(f"{where} has no model {model}{has}.")


def _why_not(where: str, reply: Reply, variable: str, *, has_key: bool) -> str:
    if reply.status in (401, 403):
        if has_key:
            return f"{where} refused the key in {variable}."
        return f"{where} requires a key. Write the setting with --no-check, then set {variable}."
    if reply.status == 0:
        return f"{where} does not answer. Start it, or write the setting with --no-check."
    return f"{where} sent status {reply.status} and no list of models. If the address is right, use --no-check."
