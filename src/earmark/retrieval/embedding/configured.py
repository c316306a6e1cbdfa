"""Builds the embedders that the settings configure."""

from __future__ import annotations

from dataclasses import replace

from earmark.config import Settings
from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from earmark.retrieval.embedding.http_embedder import HttpEmbedder
from earmark.retrieval.embedding.onnx_embedder import OnnxEmbedder
from earmark.retrieval.embedding.registry import OwnEmbedder, RememberedEmbedders
from earmark.retrieval.embedding.specs import EmbedderSpec
from earmark.storage.tenant import Operator


def configured_embedders(settings: Settings, operator: Operator, built_in: MiniLMEmbedder) -> RememberedEmbedders:
    """Return the installation's embedders; the API key is sent only to the configured address."""
    wanted = settings.embedder
    key = None if wanted.api_key is None else wanted.api_key.get_secret_value()

    def make(spec: EmbedderSpec) -> OwnEmbedder:
        if spec.kind == "openai":
            api_key = key if spec.base_url == wanted.base_url else None
            return HttpEmbedder(spec, api_key=api_key, timeout_s=wanted.timeout_s)
        if spec.kind == "onnx":
            return OnnxEmbedder(spec, threads=settings.embedding_threads)
        return built_in

    return RememberedEmbedders(operator, _spec_of(settings), make)


def _spec_of(settings: Settings) -> EmbedderSpec:
    wanted = settings.embedder
    if wanted.kind == "minilm":
        return EmbedderSpec()
    spec = EmbedderSpec(wanted.kind, query_prefix=wanted.query_prefix, passage_prefix=wanted.passage_prefix)
    if wanted.kind == "openai":
        return replace(spec, base_url=wanted.base_url, model=wanted.model, dimensions=wanted.dimensions)
    return replace(spec, path=str(wanted.path and wanted.path.resolve()))
