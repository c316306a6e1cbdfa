"""Search releases its connection while it computes, and finds what is there although the library changes meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from earmark.retrieval import queries
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.index.postings import unpack_lengths
from earmark.retrieval.index.quantize import quantize
from earmark.retrieval.index.vector_cache import VectorCache
from earmark.retrieval.index.vectors import replace_vectors
from earmark.retrieval.search import Searcher
from earmark.retrieval.snapshot import IndexRow
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.ask.desk import Desk, LetterEmbedder, OneEmbedder
from tests.ask.watched import WatchedDatabase

WORDS = "lantern ferry garden violin harbour ladder kettle orchard".split()
REQUEST = SearchRequest("lantern ferry violin", limit=50, before=1, after=1)
MOMENTS = (
    "select_languages", "select_known_terms", "snapshot 1", "select_indexes", "select_postings", "snapshot 2",
)  # fmt: skip


def talk(seed: int, turns: int = 8) -> list[Segment]:
    """Turns of thirty words each, so that each is a chunk of its own."""
    chance = random.Random(seed)
    return [
        Segment(at * 5_000, at * 5_000 + 4_000, " ".join(chance.choices(WORDS, k=40)), "Ada" if at % 2 else "Bo")
        for at in range(turns)
    ]


class OtherEmbedder(LetterEmbedder):
    """Another model: its vectors are not those of `letters`."""

    name = "reversed letters"

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return super().embed_query(text[::-1])


class Embedders(OneEmbedder):
    """Two embedders, found by name."""

    async def find(self, name: str) -> Embedder | None:
        found: list[Embedder] = [LetterEmbedder(), OtherEmbedder()]
        return next((one for one in found if one.name == name), None)


class Watcher:
    """A searcher over a database that is watched."""

    def __init__(self, desk: Desk, embedder: Embedder | None = None, *, connections: int = 10) -> None:
        self.desk = desk
        self.database = WatchedDatabase(desk.runtime.database)
        self.tenant = Tenant(self.database, desk.tenant.key)
        embedders = OneEmbedder(embedder) if embedder else Embedders(LetterEmbedder())
        self.searcher = Searcher(embedders, VectorCache(1_000_000), connections=connections)

    async def search(self, request: SearchRequest = REQUEST) -> list[ChunkHit]:
        """Search over the watched database."""
        return await self.searcher.search(self.tenant, request)

    async def fresh(self, request: SearchRequest = REQUEST) -> list[ChunkHit]:
        """Search with nothing cached and nothing watched."""
        searcher = Searcher(Embedders(LetterEmbedder()), VectorCache(0))
        try:
            return await searcher.search(self.desk.tenant, request)
        finally:
            searcher.close()

    def once_before(self, name: str, act: Callable[[], object]) -> None:
        """Do something before the next query of this name, or that snapshot of the next search."""
        self.database.snapshots = 0

        async def first() -> None:
            del self.database.before[name]
            await act()  # type: ignore[misc]

        self.database.before[name] = first


def places(hits: Iterable[ChunkHit]) -> list[tuple[str, str, tuple[str, ...], float]]:
    """What tells hits apart."""
    return [(hit.recording_id, hit.chunk_id, tuple(one.text for one in hit.around), hit.score) for hit in hits]


async def test_no_connection_is_held_while_the_question_is_embedded_or_chunks_are_ranked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, int] = {}
    await desk.recording(talk=talk(1))
    watched = Watcher(desk, embedder := LetterEmbedder())
    embed, rank = embedder.embed_query, _module_rank()
    monkeypatch.setattr(
        embedder, "embed_query", lambda text: (held.update(embed=watched.database.held), embed(text))[1]
    )
    monkeypatch.setattr(
        "earmark.retrieval.snapshot.rank_library",
        lambda *given: (held.update(rank=watched.database.held), rank(*given))[1],
    )
    assert await watched.search()
    watched.searcher.close()
    assert held == {"embed": 0, "rank": 0}


def _module_rank() -> Callable[..., object]:
    from earmark.retrieval import snapshot

    return snapshot.rank_library


async def test_one_hit_takes_as_many_statements_as_fifty(desk: Desk) -> None:
    for seed in range(10):
        await desk.recording(talk=talk(seed))
    watched = Watcher(desk)
    for _ in range(2):  # vectors are cached then
        await watched.search()
    counts = {}
    for limit in (1, 50):
        watched.database.statements.clear()
        hits = await watched.search(SearchRequest("lantern ferry", limit=limit, before=2, after=2))
        assert len(hits) == limit
        counts[limit] = len(watched.database.statements)
    assert counts[1] == counts[50] <= 8
    watched.searcher.close()


@pytest.mark.parametrize("asked_before", [0, 2])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("change", ["deleted", "as long", "shorter"])
async def test_what_changes_while_a_search_runs_is_found_as_it_is_afterwards(
    desk: Desk, change: str, moment: str, asked_before: int
) -> None:
    changed, other = [(await desk.recording(talk=talk(seed))).id for seed in (1, 2)]
    watched = Watcher(desk)
    for _ in range(asked_before):
        await watched.search()
    before = await watched.fresh()

    async def act() -> None:
        if change == "deleted":
            await desk.runtime.deletion.delete_recording(desk.tenant, changed)
        else:
            words = ParsedTranscript(tuple(talk(3, 8 if change == "as long" else 5)), "en")
            await desk.ingester.put_transcript(desk.tenant, changed, words)

    watched.once_before(moment, act)
    found = places(await watched.search())
    assert found == places(await watched.fresh()) != places(before)
    assert {one[0] for one in found} == ({other} if change == "deleted" else {changed, other})
    watched.searcher.close()


async def test_the_words_of_all_hits_are_of_one_moment(desk: Desk) -> None:
    changed = (await desk.recording(talk=talk(1))).id
    watched = Watcher(desk)
    before = await watched.fresh()
    watched.once_before("select_segments_around", lambda: desk.runtime.deletion.delete_recording(desk.tenant, changed))
    assert places(await watched.search()) == places(before)
    assert await watched.search() == []
    watched.searcher.close()


async def test_a_recording_that_changes_at_every_attempt_is_left_out(desk: Desk) -> None:
    busy, quiet = [(await desk.recording(talk=talk(seed))).id for seed in (1, 2)]
    watched = Watcher(desk)
    seeds = iter(range(10, 100))

    async def again() -> None:
        words = ParsedTranscript(tuple(talk(next(seeds))), "en")
        await desk.ingester.put_transcript(desk.tenant, busy, words)

    watched.database.before = {f"snapshot {number}": again for number in (2, 4, 6)}
    found = await watched.search()
    assert {hit.recording_id for hit in found} == {quiet}
    assert watched.database.statements.count("select_chunks_at") == 3
    watched.searcher.close()


async def test_an_embedder_that_comes_into_use_after_the_question_was_embedded_is_asked_too(desk: Desk) -> None:
    recording = await desk.recording(talk=talk(1))
    watched = Watcher(desk)

    async def swap() -> None:
        row = IndexRow(*(await desk.tenant.fetch_all(queries.select_indexes))[0])
        assert row.vector_counts is not None
        texts = [str(at) for at in range(int(unpack_lengths(row.vector_counts).sum()))]
        async with desk.tenant.writing() as unit:
            await replace_vectors(unit, recording.number, quantize(OtherEmbedder().embed_passages(texts)))
            values = {"new_embedder": OtherEmbedder.name, "new_vector_counts": row.vector_counts}
            await unit.execute(queries.update_index_embedder, {"recording_no": recording.number, **values})

    before = await watched.fresh()
    watched.once_before("snapshot 1", swap)
    found = places(await watched.search())
    assert found == places(await watched.fresh()) != places(before)
    watched.searcher.close()


async def test_searches_at_once_hold_fewer_connections_than_there_are_and_all_are_answered(desk: Desk) -> None:
    await desk.recording(talk=talk(1))
    for connections, most in ((2, 1), (3, 2), (10, 4)):
        watched = Watcher(desk, connections=connections)
        expected = places(await watched.fresh())
        found = await asyncio.gather(*(watched.search() for _ in range(12)))
        assert [places(one) for one in found] == [expected] * 12
        assert watched.database.most_held <= most
        watched.searcher.close()


async def test_a_search_given_up_while_it_waits_lets_others_go_on(desk: Desk) -> None:
    await desk.recording(talk=talk(1))
    watched = Watcher(desk, connections=2)
    tasks = [asyncio.create_task(watched.search()) for _ in range(8)]
    await asyncio.sleep(0.005)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, list) and one for one in done[1::2])
    assert await watched.search()
    watched.searcher.close()
