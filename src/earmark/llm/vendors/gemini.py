"""Connects to Google's Gemini models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.models import Model


def connect_gemini(model: str, api_key: str, base_url: str | None, connect_s: float) -> Model:
    """Return a client of the Gemini API."""
    import httpx2
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    client = httpx2.AsyncClient(timeout=httpx2.Timeout(None, connect=connect_s))
    return GoogleModel(model, provider=GoogleProvider(api_key=api_key, base_url=base_url, http_client=client))
