"""Connects to OpenAI, and to OpenAI-compatible servers: Ollama, vLLM, llama.cpp, LM Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.llm.model_lists import is_loopback_url

if TYPE_CHECKING:
    from pydantic_ai.models import Model


def connect_openai(model: str, api_key: str, base_url: str | None, connect_s: float) -> Model:
    """Return a client of OpenAI itself."""
    import httpx2
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    client = httpx2.AsyncClient(timeout=httpx2.Timeout(None, connect=connect_s))
    return OpenAIChatModel(model, provider=OpenAIProvider(api_key=api_key, base_url=base_url, http_client=client))


def connect_compatible(name: str, model: str, api_key: str | None, base_url: str, connect_s: float) -> Model:
    """Return a client of an OpenAI-compatible server; most need no key.

    Proxies are ignored for a server on this machine.
    """
    import httpx2
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    timeout = httpx2.Timeout(None, connect=connect_s)
    client = httpx2.AsyncClient(timeout=timeout, trust_env=not is_loopback_url(base_url))
    provider = OpenAICompatibleProvider(name, base_url=base_url, api_key=api_key or "none", http_client=client)
    return OpenAIChatModel(model, provider=provider)
