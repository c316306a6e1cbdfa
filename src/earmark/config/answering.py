"""Which model answers questions, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field


class AnsweringSettings(BaseModel):
    """Who answers."""

    default_provider: str | None = None
    """The provider for turns that name none; if absent, the built-in model (`earmark`)."""
    project_providers: dict[str, str] = {}
    """The default provider of individual projects: `{"proj_…": "openai"}`."""
    fallback: tuple[str, ...] = ()
    """Providers to try, in this order, if the default provider fails: `["ollama", "earmark"]`."""
    provider_aliases: dict[str, str] = {}
    """Aliases of configured providers: with `{"gemini": "ollama"}`, requests for `gemini` are answered by Ollama."""
    long_recordings: Literal["refuse", "retrieve"] = "refuse"
    """For a transcript longer than the model's context: `refuse` (413), or `retrieve` the best evidence."""
    improve_titles: bool = False
    """Whether a model may replace a session's default title after its first turn; never a person's own title."""
    turn_wait_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Seconds that a send waits for its session's running turn."""
