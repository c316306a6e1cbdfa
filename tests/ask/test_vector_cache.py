"""The vector cache changes search time and no search result."""

from __future__ import annotations

import random

import numpy as np
import pytest

from earmark.retrieval.index.vector_cache import CachedVectors, Owner, VectorCache
from earmark.retrieval.search import Searcher
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.ask.desk import Desk, LetterEmbedder, OneEmbedder

WORDS = "lantern ferry garden violin harbour ladder kettle orchard".split()


def talk(chance: random.Random) -> list[Segment]:
    """Return six turns of a dozen words."""
    return [
        Segment(at * 5_000, at * 5_000 + 4_000, " ".join(chance.choices(WORDS, k=12)), chance.choice(("Ada", "Bo")))
        for at in range(6)
    ]


async def found(searcher: Searcher, desk: Desk, request: SearchRequest) -> list[tuple[str, float]]:
    """Return the chunks and scores of a search."""
    hits: list[ChunkHit] = await searcher.search(desk.tenant, request)
    return [(hit.chunk_id, hit.score) for hit in hits]


@pytest.mark.parametrize("seed", range(4))
async def test_search_results_are_equal_with_and_without_the_cache(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    embedder = OneEmbedder(LetterEmbedder())
    kept, small, none = (Searcher(embedder, VectorCache(size)) for size in (1_000_000, 2_000, 0))
    ids: list[str] = []
    for _ in range(25):
        step = chance.choice(("new", "new", "other words", "gone", "narrow"))
        if step == "new" or not ids:
            ids.append((await desk.recording(talk=talk(chance))).id)
        elif step == "other words":
            words = ParsedTranscript(tuple(talk(chance)), language="en")
            await desk.ingester.put_transcript(desk.tenant, chance.choice(ids), words)
        elif step == "gone":
            await desk.runtime.deletion.delete_recording(desk.tenant, ids.pop(chance.randrange(len(ids))))
        scope = tuple(chance.sample(ids, k=(len(ids) + 1) // 2)) if step == "narrow" else None
        request = SearchRequest(" ".join(chance.choices(WORDS, k=3)), scope)
        expected = await found(none, desk, request)
        assert await found(kept, desk, request) == expected
        assert await found(small, desk, request) == expected
    for searcher in (kept, small, none):
        searcher.close()


def vectors(rows: int) -> CachedVectors:
    """Return vectors of the given number of rows, 10 bytes each."""
    return CachedVectors(np.zeros((rows, 10), np.int8), {(1, "txn", True): slice(0, rows)})


def owner(number: int) -> Owner:
    """Return an end user's cache key."""
    return (1, number, "letters")


def test_the_least_recently_used_entry_is_evicted_at_the_size_limit() -> None:
    cache = VectorCache(100)
    for number in (1, 2):
        cache.store(owner(number), vectors(5))
    assert cache.find(owner(1)) is not None
    cache.store(owner(3), vectors(5))
    assert [cache.find(owner(number)) is not None for number in (1, 2, 3)] == [True, False, True]
    assert cache.size_bytes == 100


def test_a_library_larger_than_the_size_limit_is_not_cached() -> None:
    cache = VectorCache(100)
    cache.store(owner(1), vectors(5))
    cache.store(owner(1), vectors(11))
    assert cache.find(owner(1)) is None
    assert cache.size_bytes == 0


def test_an_unused_entry_expires_after_ten_minutes() -> None:
    now = [0.0]
    cache = VectorCache(100, now=lambda: now[0])
    cache.store(owner(1), vectors(5))
    now[0] = 599.0
    assert cache.find(owner(1)) is not None
    now[0] = 1_198.0
    assert cache.find(owner(1)) is not None
    now[0] = 1_799.0
    assert cache.find(owner(2)) is None
    assert cache.size_bytes == 0


def test_caching_pays_off_from_the_second_query_within_ten_minutes_if_it_fits() -> None:
    now = [0.0]
    cache = VectorCache(100, now=lambda: now[0])
    assert [cache.pays(owner(1), 100) for _ in range(2)] == [False, True]
    assert not cache.pays(owner(1), 101)
    now[0] = 600.0
    assert not cache.pays(owner(1), 100)
    assert not cache.pays(owner(2), 100)


def test_entries_of_other_end_users_and_tenants_are_not_found() -> None:
    cache = VectorCache(100)
    cache.store((1, 1, "letters"), vectors(5))
    assert cache.find((2, 1, "letters")) is None
    assert cache.find((1, 2, "letters")) is None
    assert cache.find((1, 1, "other")) is None
