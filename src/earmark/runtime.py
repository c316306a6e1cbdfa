"""The composition root: settings become a database, models, rooms and jobs, wired together here and only here."""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from earmark.answers.extractive import ExtractiveModel
from earmark.answers.reader import Reader
from earmark.ask import deletion as ask_deletion
from earmark.ask import jobs as ask_jobs
from earmark.ask.answers.suggestions import Suggester
from earmark.ask.turns.running import RunningTurns
from earmark.ask.turns.turn import TurnEngine
from earmark.config import Settings
from earmark.data_dir import held, make_private
from earmark.idempotency import jobs as idempotency_jobs
from earmark.identity.projects import get_installation_secret
from earmark.jobs import kinds as own_jobs
from earmark.jobs.claiming import new_process
from earmark.jobs.worker import Worker
from earmark.library.deletion import Deletion
from earmark.limits import jobs as limits_jobs
from earmark.limits.admission import Admission
from earmark.limits.rates import RateLimits
from earmark.llm.configured import configured_providers
from earmark.media import deletion as media_deletion
from earmark.media.grants import GrantSigner
from earmark.media.local_store import LocalStore
from earmark.media.store import MediaStore
from earmark.metrics import Metrics, open_metrics
from earmark.retrieval.embedding.configured import configured_embedders
from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from earmark.retrieval.embedding.registry import RememberedEmbedders
from earmark.retrieval.index.ingest import Ingester
from earmark.retrieval.index.reindexing import Reindexer
from earmark.retrieval.index.vector_cache import VectorCache
from earmark.retrieval.search import Searcher
from earmark.signing import derive_name
from earmark.storage.database import Database
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator
from earmark.supervision import Supervisor

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
    reindexer: Reindexer
    turns: TurnEngine
    suggester: Suggester
    media: MediaStore
    deletion: Deletion
    grants: GrantSigner
    rates: RateLimits
    admission: Admission
    metrics: Metrics | None
    worker: Worker
    supervisor: Supervisor
    cursor_secret: str


@asynccontextmanager
async def open_runtime(settings: Settings, *, alone: bool = False) -> AsyncIterator[Runtime]:
    """Open the database (migrating it if need be) and wire the rooms; close all at the end.

    `alone` is for restoring: no other process of this host may work on the data meanwhile.

    Raises: UnavailableError if the database can't be used or has an unknown schema; DataInUseError.
    """
    with held(settings.data_dir, alone=alone):
        async with AsyncExitStack() as closing:
            yield await _open(settings, closing)


async def _open(settings: Settings, closing: AsyncExitStack) -> Runtime:
    """Wire everything; what is opened is closed in the reverse order, whatever ends the block."""
    if not make_private(settings.data_dir):
        log.warning("data_dir.open_to_others", reason="The data folder is not ours to close; see `earmark doctor`.")
    database = await open_database(settings)
    closing.push_async_callback(database.close)
    operator = Operator(database)
    metrics = open_metrics(settings)
    built_in = MiniLMEmbedder(threads=settings.embedding_threads)
    embedders = configured_embedders(settings, operator, built_in)
    cache = VectorCache(settings.vector_cache_mb * 1_000_000)
    searcher = Searcher(embedders, cache, connections=settings.database_pool_size)
    closing.callback(searcher.close)
    ingester = Ingester(embedders)
    closing.push_async_callback(ingester.close)
    closing.callback(embedders.stop)  # before what waits for their work
    closing.callback(built_in.stop)
    await embedders.open()
    reader = Reader(threads=settings.embedding_threads)
    turns = TurnEngine(
        searcher, configured_providers(settings, ExtractiveModel(built_in, reader)), settings.turn_wait_s,
        settings.long_recordings == "retrieve", settings.improve_titles, built_in, RunningTurns(metrics),
    )  # fmt: skip
    closing.push_async_callback(turns.running.finish, _FINISH_S)
    secret = await get_installation_secret(operator, "cursor_secret")
    media = open_media(settings, secret)
    closing.callback(media.close)
    rates = RateLimits(settings, is_leased=settings.database_url is not None)
    closing.callback(rates.close)
    reindexer = Reindexer(operator, embedders)
    kinds = [
        *own_jobs.kinds(), *limits_jobs.kinds(rates), *idempotency_jobs.kinds(), *media_deletion.kinds(media),
        *ingester.kinds(), *reindexer.kinds(), *ask_jobs.kinds(),
    ]  # fmt: skip
    process = new_process(
        platform.node(), settings.job_lease_s, settings.heavy_jobs or max(1, (os.cpu_count() or 2) // 2)
    )
    deletion = Deletion([media_deletion.deletion(media), ask_deletion.deletion()])
    return Runtime(
        settings, database, operator, embedders, searcher, ingester, reindexer, turns,
        Suggester(searcher, reader, built_in), media, deletion,
        GrantSigner(secret), rates, Admission(database, rates, most=settings.requests_at_once), metrics,
        Worker(operator, kinds, process, metrics),
        Supervisor(settings.data_dir / "background", metrics), secret,
    )  # fmt: skip


def open_media(settings: Settings, secret: str) -> MediaStore:
    """Return the media store of the installation that has this secret."""
    return LocalStore(settings.data_dir / "media", derive_name(secret))
