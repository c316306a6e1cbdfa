"""The composition root: settings become a database, models and rooms, wired together here and only here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from earmark.answers.extractive import ExtractiveModel
from earmark.answers.reader import Reader
from earmark.ask.running import RunningTurns
from earmark.ask.suggestions import Suggester
from earmark.ask.turn import TurnEngine
from earmark.config import Settings
from earmark.data_dir import held, make_private
from earmark.identity.last_used import LastUsed
from earmark.identity.projects import get_installation_secret
from earmark.identity.rates import RateLimits
from earmark.llm.configured import configured_providers
from earmark.media.grants import GrantSigner
from earmark.media.local_store import LocalStore
from earmark.media.store import MediaStore
from earmark.metrics import Metrics, open_metrics
from earmark.retrieval.choice import RememberedEmbedders
from earmark.retrieval.configured import configured_embedders
from earmark.retrieval.embedders import MiniLMEmbedder
from earmark.retrieval.ingest import Ingester
from earmark.retrieval.search import Searcher
from earmark.retrieval.vector_cache import VectorCache
from earmark.signing import derive_name
from earmark.storage.database import Database
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator

log = structlog.get_logger("earmark.runtime")
_FINISH_S = 1.0
"""For turns that outlived even the server's grace period."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a request, command or job works with."""

    settings: Settings
    database: Database
    operator: Operator
    embedders: RememberedEmbedders
    searcher: Searcher
    ingester: Ingester
    turns: TurnEngine
    suggester: Suggester
    media: MediaStore
    grants: GrantSigner
    rates: RateLimits
    metrics: Metrics | None
    last_used: LastUsed
    cursor_secret: str


@asynccontextmanager
async def open_runtime(settings: Settings, *, alone: bool = False) -> AsyncIterator[Runtime]:
    """Open the database (migrating it if need be) and wire the rooms; close all at the end.

    `alone` is for restoring: no other process of this host may work on the data meanwhile.

    Raises: UnavailableError if the database can't be used or has an unknown schema; DataInUseError.
    """
    with held(settings.data_dir, alone=alone):
        async with _opened(settings) as runtime:
            yield runtime


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Runtime]:
    if not make_private(settings.data_dir):
        log.warning("data_dir.open_to_others", reason="The data folder is not ours to close; see `earmark doctor`.")
    database = await open_database(settings)
    try:
        operator = Operator(database)
        built_in = MiniLMEmbedder(threads=settings.embedding_threads)
        embedders = configured_embedders(settings, operator, built_in)
        await embedders.open()
        cache = VectorCache(settings.vector_cache_mb * 1_000_000)
        searcher = Searcher(embedders, cache, connections=settings.database_pool_size)
        ingester = Ingester(embedders)
        reader = Reader(threads=settings.embedding_threads)
        providers = configured_providers(settings, ExtractiveModel(built_in, reader))
        may_retrieve = settings.long_recordings == "retrieve"
        metrics = open_metrics(settings)
        turns = TurnEngine(
            searcher, providers, settings.turn_wait_s, may_retrieve, settings.improve_titles, built_in,
            RunningTurns(metrics),
        )  # fmt: skip
        secret = await get_installation_secret(operator, "cursor_secret")
        media = open_media(settings, secret)
        rates = RateLimits(settings, is_leased=settings.database_url is not None)
        suggester = Suggester(searcher, reader, built_in)
        yield Runtime(
            settings, database, operator, embedders, searcher, ingester, turns, suggester, media, GrantSigner(secret),
            rates, metrics, LastUsed(database), secret,
        )  # fmt: skip
        await turns.running.finish(_FINISH_S)
        built_in.stop()
        embedders.stop()
        await ingester.close()
        searcher.close()
        media.close()
        rates.close()
    finally:
        await database.close()


def open_media(settings: Settings, secret: str) -> MediaStore:
    """Return the media store of the installation that has this secret."""
    return LocalStore(settings.data_dir / "media", derive_name(secret))
