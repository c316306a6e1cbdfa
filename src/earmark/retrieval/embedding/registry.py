"""Embedder registry: the active one, the configured one, and those of existing indexes.

The installation stores the active embedder and, by name, every earlier one. Changing the settings alone has no
effect: `reindexing.py` recomputes the vectors and then activates the configured embedder.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from earmark.errors import EarmarkError
from earmark.identity.projects import find_installation, list_tenants, put_installation
from earmark.retrieval import queries
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.embedding.specs import EmbedderSpec
from earmark.storage.tenant import Operator

log = structlog.get_logger("earmark.retrieval")
_IN_USE: Final = "embedder"
_BUILT_IN: Final = EmbedderSpec()


class OwnEmbedder(Embedder, Protocol):
    """An embedder that the registry creates and stops."""

    def stop(self) -> None:
        """Stop as soon as possible."""


class Embedders(Protocol):
    """The embedders as search, ingest and reindexing see them."""

    async def in_use(self) -> Embedder:
        """Return the embedder for new transcripts."""

    async def find(self, name: str) -> Embedder | None:
        """Return the embedder of this name; None if unknown or impossible to create."""


class RememberedEmbedders:
    """The installation's embedders, stored in the database.

    Args:
        wanted: the configured embedder.
        make: creates an embedder; called once for each spec, on a worker thread.
    """

    def __init__(self, operator: Operator, wanted: EmbedderSpec, make: Callable[[EmbedderSpec], OwnEmbedder]) -> None:
        self._operator = operator
        self._make = make
        self._made: dict[EmbedderSpec, OwnEmbedder] = {}
        self._named: dict[str, OwnEmbedder] = {}
        self.wanted = wanted

    async def open(self) -> None:
        """Activate the configured embedder if nothing is indexed yet; otherwise stay with the active one.

        Raises: EmbedderUnavailableError if the first embedder can't be created.
        """
        if await find_installation(self._operator, _IN_USE) is None:
            await self.put_into_use(_BUILT_IN if await self._is_indexed() else self.wanted)
        spec = await self._spec_in_use()
        if spec != self.wanted:
            log.warning("embedder.changed", wanted=self.wanted.kind, in_use=spec.kind, then="earmark reindex")

    async def in_use(self) -> Embedder:
        """Return the embedder for new transcripts, as stored now."""
        return await self.get(await self._spec_in_use())

    async def is_wanted_in_use(self) -> bool:
        """Whether the configured embedder is active, so that `earmark reindex` has nothing to do."""
        return await self._spec_in_use() == self.wanted

    async def find(self, name: str) -> Embedder | None:
        """Return the embedder of this name; None if unknown or impossible to create."""
        if name not in self._named:
            remembered = await find_installation(self._operator, f"{_IN_USE} {name}")
            spec = EmbedderSpec.from_json(remembered) if remembered else _BUILT_IN
            try:
                await self.get(spec)
            except EarmarkError as error:
                log.warning("embedder.missing", name=name, error=type(error).__name__)
        return self._named.get(name)

    async def get(self, spec: EmbedderSpec) -> OwnEmbedder:
        """Return the embedder of a spec, created on first use.

        Raises: EmbedderUnavailableError.
        """
        if spec not in self._made:
            made = await asyncio.to_thread(self._make, spec)
            self._made[spec] = self._named[made.name] = made
        return self._made[spec]

    async def remember(self, spec: EmbedderSpec) -> OwnEmbedder:
        """Register an embedder by name for every process, before an index is built with it."""
        embedder = await self.get(spec)
        await put_installation(self._operator, f"{_IN_USE} {embedder.name}", spec.to_json())
        return embedder

    async def put_into_use(self, spec: EmbedderSpec) -> None:
        """Activate an embedder: every process indexes new transcripts with it."""
        embedder = await self.remember(spec)
        await put_installation(self._operator, _IN_USE, json.dumps({"name": embedder.name, "spec": spec.to_json()}))

    def stop(self) -> None:
        """Stop all embedders created."""
        for embedder in self._made.values():
            embedder.stop()

    async def _spec_in_use(self) -> EmbedderSpec:
        remembered = await find_installation(self._operator, _IN_USE)
        return self.wanted if remembered is None else EmbedderSpec.from_json(json.loads(remembered)["spec"])

    async def _is_indexed(self) -> bool:
        for tenant in await list_tenants(self._operator):
            row = await tenant.fetch_one(queries.count_indexes)
            if row is not None and row[0]:
                return True
        return False
