"""What rooms work with: opened from the settings, closed in the reverse order, whatever ends the block."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from earmark.answers.extractive import ExtractiveModel
from earmark.answers.reader import Reader
from earmark.ask.answers.suggestions import Suggester
from earmark.ask.turns.running import RunningTurns
from earmark.ask.turns.turn import TurnEngine
from earmark.computing.process import Apart
from earmark.config import Settings, parse_networks
from earmark.data_dir import make_private
from earmark.identity.projects import get_installation_secret
from earmark.library.deletion import Deletion
from earmark.limits.admission import Admission
from earmark.limits.rates import RateLimits
from earmark.llm.configured import check_named_providers, configured_providers
from earmark.media.grants import GrantSigner
from earmark.media.local_store import LocalStore
from earmark.media.store import MediaStore
from earmark.metrics import Metrics, open_metrics
from earmark.oauth.clients import Clients
from earmark.oidc.providers import Providers
from earmark.outbound.addresses import AddressRules
from earmark.outbound.sending import Sender
from earmark.processing.config import wants_vectors
from earmark.processing.reacting import Reactor
from earmark.processing.retention import Retention
from earmark.processing.types import Starts
from earmark.retrieval.embedding.configured import configured_embedders
from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from earmark.retrieval.embedding.registry import RememberedEmbedders
from earmark.retrieval.index.ingest import Ingester
from earmark.retrieval.index.reindexing import Reindexer
from earmark.retrieval.index.vector_cache import VectorCache
from earmark.retrieval.search import Searcher
from earmark.sealing import Sealer
from earmark.signing import derive_name
from earmark.speech.engines import Engines, configured_engines
from earmark.speech.transcribing import begin_transcription
from earmark.speech.types import Asked
from earmark.storage.database import Database
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator, Tenant
from earmark.summaries.jobs import Summariser
from earmark.summaries.summaries import start_summary
from earmark.summaries.types import Wanted
from earmark.supervision import Supervisor

log = structlog.get_logger("earmark.runtime")
_FINISH_S = 1.0
"""For turns that outlived even the server's grace period."""


@dataclass(frozen=True)
class Parts:
    """What rooms work with."""

    settings: Settings
    database: Database
    operator: Operator
    embedders: RememberedEmbedders
    searcher: Searcher
    ingester: Ingester
    reindexer: Reindexer
    turns: TurnEngine
    summariser: Summariser
    suggester: Suggester
    media: MediaStore
    engines: Engines
    deletion: Deletion
    retention: Retention
    reactor: Reactor
    grants: GrantSigner
    rates: RateLimits
    admission: Admission
    apart: Apart
    metrics: Metrics | None
    sealer: Sealer
    sender: Sender
    oauth_clients: Clients
    sign_in_providers: Providers
    supervisor: Supervisor
    cursor_secret: str


def check_settings(settings: Settings) -> None:
    """Check what settings say of each other, before anything is opened: names of models and engines.

    Raises: SettingsError.
    """
    check_named_providers(settings)
    configured_engines(settings)


async def open_parts(settings: Settings, closing: AsyncExitStack, *, may_create: bool = True) -> Parts:
    """Open everything.

    Raises: UnavailableError if the database can't be used or has an unknown schema; NoDatabaseError.
    """
    if not make_private(settings.data_dir):
        log.warning("data_dir.open_to_others", reason="The data folder is not ours to close; see `earmark doctor`.")
    database = await open_database(settings, may_create=may_create)
    closing.push_async_callback(database.close)
    operator, metrics = Operator(database), open_metrics(settings)
    secret = await get_installation_secret(operator, "cursor_secret")
    apart = Apart()
    closing.push_async_callback(apart.aclose)
    search = await _open_search(settings, operator, apart, closing)
    asking = _open_asking(settings, search, metrics, closing)
    media = open_media(settings, secret)
    closing.callback(media.close)
    rates = RateLimits(settings, is_leased=settings.database_url is not None)
    closing.callback(rates.close)
    engines = configured_engines(settings)
    sender = Sender(AddressRules(parse_networks(settings.webhooks_private_networks)))
    deletion = Deletion()
    return Parts(
        settings, database, operator, search.embedders, search.searcher, search.ingester,
        Reindexer(operator, search.embedders, wants_vectors), *asking, media, engines, deletion,
        Retention(operator, media, deletion), Reactor(operator, _automatic_starts(engines)), GrantSigner(secret),
        rates, Admission(database, rates, settings), apart, metrics, _open_sealer(settings), sender,
        Clients(operator, sender), Providers(settings), Supervisor(settings.data_dir / "background", metrics), secret,
    )  # fmt: skip


class _Search(NamedTuple):
    built_in: MiniLMEmbedder
    embedders: RememberedEmbedders
    searcher: Searcher
    ingester: Ingester


async def _open_search(settings: Settings, operator: Operator, apart: Apart, closing: AsyncExitStack) -> _Search:
    built_in = MiniLMEmbedder(threads=settings.embedding_threads)
    embedders = configured_embedders(settings, operator, built_in)
    cache = VectorCache(settings.vector_cache_mb * 1_000_000)
    searcher = Searcher(embedders, cache, connections=settings.database_pool_size)
    closing.callback(searcher.close)
    ingester = Ingester(embedders, wants_vectors, apart)
    closing.push_async_callback(ingester.close)
    closing.callback(embedders.stop)  # before what waits for their work
    closing.callback(built_in.stop)
    await embedders.open()
    return _Search(built_in, embedders, searcher, ingester)


def _open_asking(
    settings: Settings, search: _Search, metrics: Metrics | None, closing: AsyncExitStack
) -> tuple[TurnEngine, Summariser, Suggester]:
    reader = Reader(threads=settings.embedding_threads)
    providers = configured_providers(settings, ExtractiveModel(search.built_in, reader))
    turns = TurnEngine(
        search.searcher, providers, settings.turn_wait_s,
        settings.long_recordings == "retrieve", settings.improve_titles, search.built_in, RunningTurns(metrics),
    )  # fmt: skip
    closing.push_async_callback(turns.running.finish, _FINISH_S)
    return turns, Summariser(providers, search.built_in), Suggester(search.searcher, reader, search.built_in)


def _open_sealer(settings: Settings) -> Sealer:
    """Return what encrypts stored secrets."""
    given = settings.secrets_key
    return Sealer(settings.data_dir, None if given is None else given.get_secret_value())


def _automatic_starts(engines: Engines) -> Starts:
    """Return what automatic processing starts: the rooms' own functions, in its unit of work."""

    async def transcription(work: Tenant, recording_id: str) -> None:
        await begin_transcription(work, engines, recording_id, Asked())

    async def summary(work: Tenant, transcription_id: str, template_id: str) -> None:
        await start_summary(work, transcription_id, Wanted(template_id))

    return Starts(transcription, summary)


def open_media(settings: Settings, secret: str) -> MediaStore:
    """Return the media store of the installation that has this secret."""
    return LocalStore(settings.data_dir / "media", derive_name(secret))
