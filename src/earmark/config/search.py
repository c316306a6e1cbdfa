"""The embedding model, and what search may take of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from earmark.config.values import ModelName

Prefix = Annotated[str, Field(max_length=200)]
"""Stored in the name of an embedder, as a model's name is with each answer."""


class EmbedderSettings(BaseModel):
    """The embedding model; after a change, `earmark reindex` recomputes the vectors of existing recordings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["minilm", "openai", "onnx"] = "minilm"
    """`minilm` is built in; `openai` is a server with OpenAI's `/embeddings` API; `onnx` is a model in a folder."""
    base_url: str | None = None
    """`openai`: the server's base URL, including `/v1`."""
    model: ModelName | None = None
    """`openai`: the server's name of the model."""
    api_key: SecretStr | None = None
    """`openai`: the API key, if the server requires one; never stored."""
    dimensions: Annotated[int, Field(ge=8, le=8_192)] | None = None
    """`openai`: a vector length shorter than the model's own, if the server supports it."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    """`openai`: seconds allowed for one request."""
    path: Path | None = None
    """`onnx`: the folder of a sentence-transformers model exported to ONNX."""
    query_prefix: Prefix = ""
    """The prefix that the model expects before a question (`query: `); `onnx` reads it from its folder."""
    passage_prefix: Prefix = ""
    """The prefix that the model expects before a passage (`passage: `); `onnx` reads it from its folder."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        missing = {"openai": ("base_url", "model"), "onnx": ("path",)}.get(self.kind, ())
        for name in missing:
            if getattr(self, name) is None:
                raise ValueError(f"kind {self.kind} needs {name}")
        if self.base_url is not None and not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must begin with http:// or https://")
        return self


class SearchSettings(BaseModel):
    """Search."""

    embedding_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Threads that the built-in encoder (or an `onnx` one) may use."""
    vector_cache_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 128
    """Megabytes of vectors that each process caches for an end user's next question; 0 disables the cache."""
    embedder: EmbedderSettings = EmbedderSettings()
    """The embedding model: `EARMARK_EMBEDDER__KIND` and its other fields."""
