"""A server that logs what it works on, wherever it does, and has no `/docs`: `python -m tests.telling_server`.

Each line holds the words themselves, which no line of `earmark serve` does, so that a test knows whose they are.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

from earmark.answers.extractive import ExtractiveModel
from earmark.api.edge import pages
from earmark.ask.turns import heartbeat
from earmark.llm.types import AnswerEvent, AnswerRequest
from earmark.media import local_store
from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from tests import slow_server

_PAUSE_S = 0.5
"""Longer than a beat, so that turns are persisted while they run, and than a client takes to go."""
log = logging.getLogger("tests.telling")
_answer, _embed_query, _embed_passages = (
    ExtractiveModel.answer, MiniLMEmbedder.embed_query, MiniLMEmbedder.embed_passages,
)  # fmt: skip
_create, _beat = local_store._create, heartbeat.beat


def _tell(where: str, words: object) -> None:
    log.warning("told %s %s %s", where, threading.current_thread() is threading.main_thread(), words)


def tell() -> None:
    """Make this process log at its works."""

    async def answer(self: ExtractiveModel, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        await asyncio.sleep(_PAUSE_S)
        _tell("answer", request.question)
        async for event in _answer(self, request):
            yield event

    def embed_query(self: MiniLMEmbedder, text: str) -> Any:
        _tell("embed", text)
        return _embed_query(self, text)

    def embed_passages(self: MiniLMEmbedder, texts: Sequence[str]) -> Any:
        _tell("index", texts[0])
        return _embed_passages(self, texts)

    def create(*args: Any) -> Any:
        _tell("receive", "bytes")
        return _create(*args)

    def fail(_: Any) -> str:
        raise ZeroDivisionError

    async def beat(turns: Any) -> None:
        _tell("beat", "all")
        await _beat(turns)

    ExtractiveModel.answer = answer  # type: ignore[method-assign]
    MiniLMEmbedder.embed_query = embed_query  # type: ignore[method-assign]
    MiniLMEmbedder.embed_passages = embed_passages  # type: ignore[method-assign]
    local_store._create = create
    pages.docs_page = fail
    heartbeat.beat = beat


if __name__ == "__main__":
    tell()
    slow_server.main()
