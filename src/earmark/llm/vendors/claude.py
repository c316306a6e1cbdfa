"""Connects to Anthropic's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.models import Model


def connect_claude(model: str, api_key: str, base_url: str | None, connect_s: float) -> Model:
    """Return a client of Anthropic."""
    import httpx2
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = httpx2.AsyncClient(timeout=httpx2.Timeout(None, connect=connect_s))
    return AnthropicModel(model, provider=AnthropicProvider(api_key=api_key, base_url=base_url, http_client=client))
