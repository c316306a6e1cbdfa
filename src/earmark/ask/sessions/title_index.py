"""Finding titles by any part of them, at a million sessions, for common and for rare text.

Common text is found by looking at the next thousand sessions of the list. Rare text is found by a
trigram index of our own, written in the transaction that writes the titles:

- Each title of a tenant has a number (`title_seq`); a new title, also by renaming, takes the next one.
- Titles are indexed in blocks of 4,096. The write that fills a block enqueues a job that indexes it: for each
  trigram, the offsets of its titles in the block, packed. Titles that are not in a block yet are simply looked at.
- A search intersects the trigrams' offsets, adds the titles that are not in a block yet, and checks
  every candidate's title: the index may only say "perhaps", never invent or miss a match.
- Deleted and renamed titles are taken out of their block at once, so that nothing of them stays.

Text of one or two characters is the beginning of trigrams; titles are padded so that it always is.

A caller of one end user doesn't search the index, which would take longer the more others have such titles: its own
sessions are walked in the list's order, at most all of them.
Measured against other designs in docs/decisions/2026-11-25-title-search.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from earmark.ask.sessions import list_queries as queries
from earmark.ask.sessions.stored import to_session
from earmark.ask.types import Session, SessionFilters
from earmark.computing.threads import compute
from earmark.jobs.queue import enqueue
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob
from earmark.library.types import Page
from earmark.storage.keyset import position_params
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant
from earmark.text import fold

_LAST_MESSAGE = queries.SESSION_NAMES.index("last_message_us")
BLOCK = 4_096
INDEX_TITLES = "titles.index"
"""The kind of job that indexes full blocks."""
_PADDING = "\x01\x01"
_REACH = 1_000
_FAR_REACH = 16_000
_MAX_GRAMS = 12
_MAX_GRAM_ROWS = 6_000
_MAX_CANDIDATES = 20_000
_LAST_CHARACTER = "\U0010ffff"


def grams_of(title_folded: str) -> set[str]:
    """Return the trigrams of a folded title, padded at its end."""
    padded = title_folded + _PADDING
    return {padded[start : start + 3] for start in range(len(title_folded))}


def index_block(titles: Iterable[tuple[int, str]]) -> dict[str, bytes]:
    """Return what is stored of one block: trigram -> packed offsets.

    Shapes: (title_seq, folded title) pairs of one block, in any order -> little-endian uint16, ascending.
    """
    offsets: defaultdict[str, list[int]] = defaultdict(list)
    for seq, title in sorted(titles):
        for gram in grams_of(title):
            offsets[gram].append(seq % BLOCK)
    return {gram: np.array(found, "<u2").tobytes() for gram, found in offsets.items()}


# ---- writing ---------------------------------------------------------------------------------------


async def take_title_seq(work: Tenant) -> int:
    """Return the number of a new title; part of the unit of work that writes it.

    The counter's row is locked until the commit, so a block is full only once all its titles are there.
    """
    row = await work.fetch_one(queries.select_title_counter, for_update=True)
    if row is None:
        await work.execute(queries.insert_title_counter, {"next_seq": 0, "indexed_seq": 0})
        row = await work.fetch_one(queries.select_title_counter, for_update=True)
    assert row is not None
    seq, indexed_seq = row
    if seq - indexed_seq >= BLOCK:
        await enqueue(work.whole_tenant(), NewJob(INDEX_TITLES, unique_key=INDEX_TITLES))
    await work.execute(queries.update_title_counter, {"new_next_seq": seq + 1})
    return int(seq)


async def index_full_blocks(running: RunningJob) -> None:
    """Index the tenant's full blocks, each in a unit of work of its own."""
    while await _index_next_block(running):
        pass


async def _index_next_block(running: RunningJob) -> bool:
    """Index the next full block; return False if none is full.

    The arithmetic is done outside the unit of work, which then checks that no title was changed or deleted meanwhile.
    """
    first, titles = await _read_full_block(running.tenant)
    if first is None:
        return False
    packed = await compute(index_block, titles)
    async with running.writing() as work:
        await work.fetch_one(queries.select_title_counter, for_update=True)
        if await _read_full_block(work) != (first, titles):
            return True
        rows = [{"gram": gram, "block": first // BLOCK, "offsets": found} for gram, found in sorted(packed.items())]
        await work.execute_many(queries.insert_title_gram, rows)
        await work.execute(queries.update_indexed_seq, {"new_indexed_seq": first + BLOCK})
    return True


async def _read_full_block(tenant: Tenant) -> tuple[int | None, list[Row]]:
    row = await tenant.fetch_one(queries.select_title_counter, for_update=False)
    if row is None or row[0] - row[1] < BLOCK:
        return None, []
    bounds = {"first": row[1], "end": row[1] + BLOCK}
    return row[1], [tuple(one) for one in await tenant.fetch_all(queries.select_titles_between, bounds)]


async def forget_titles(work: Tenant, titles: Sequence[Row]) -> None:
    """Take (title_seq, folded title) pairs out of the index, in the unit of work that deletes or renames them."""
    # Locked, so that no block that has these titles is indexed before they are gone.
    row = await work.fetch_one(queries.select_title_counter, for_update=True)
    indexed_seq = row[1] if row else 0
    by_block: defaultdict[int, list[Row]] = defaultdict(list)
    for seq, title in titles:
        if seq < indexed_seq:
            by_block[seq // BLOCK].append((seq, title))
    for block, found in sorted(by_block.items()):
        await _forget_in_block(work, block, found)


async def _forget_in_block(work: Tenant, block: int, titles: Sequence[Row]) -> None:
    grams = sorted(set().union(*(grams_of(title) for _, title in titles)))
    gone = np.array([seq % BLOCK for seq, _ in titles], "<u2")
    changed, emptied = [], []
    for gram, _, packed in await work.fetch_all(
        queries.select_title_grams_of_block, {"grams": grams, "title_block": block}
    ):
        offsets = np.frombuffer(packed, "<u2")
        kept = offsets[~np.isin(offsets, gone)]
        key = {"title_gram": gram, "title_block": block}
        if len(kept):
            changed.append({**key, "new_offsets": kept.tobytes()})
        else:
            emptied.append(key)
    await work.execute_many(queries.update_title_gram, changed)
    await work.execute_many(queries.delete_title_gram, emptied)


# ---- searching -------------------------------------------------------------------------------------


async def list_titled(tenant: Tenant, page: Page, filters: SessionFilters) -> list[Session]:
    """Return a page of the sessions whose title contains `filters.q`, in the list's order."""
    given = filters.given()
    wanted = fold(given["q"])
    params = {**given, "q": wanted, "limit": page.limit, **position_params(page.after)}
    shape = {"filters": frozenset(given) - {"q"}, "is_continued": page.after is not None}
    if tenant.end_user_id is not None:  # the index is of all end users: what it costs would tell of their titles
        return list(map(to_session, await tenant.fetch_all(queries.select_sessions_titled, params, **shape)))
    rows = await tenant.fetch_all(queries.select_sessions_titled_near, {**params, "reach": _REACH}, **shape)
    if len(rows) < page.limit:
        rows = await _search_index(tenant, wanted, params, shape)
    return list(map(to_session, rows))


async def _search_index(tenant: Tenant, wanted: str, params: Mapping[str, Any], shape: Mapping[str, Any]) -> list[Row]:
    async with tenant.reading() as snapshot:
        row = await snapshot.fetch_one(queries.select_title_counter, for_update=False)
        indexed_seq = row[1] if row else 0
        found = await _find_candidates(snapshot, wanted, indexed_seq)
        reach = _far_reach(found, indexed_seq, params["limit"])
        if reach is not None:
            rows = await snapshot.fetch_all(queries.select_sessions_titled_near, {**params, "reach": reach}, **shape)
            if len(rows) == params["limit"]:
                return rows
        if found is None or len(found) > _MAX_CANDIDATES:
            # So many that the list's order meets them soon.
            return await snapshot.fetch_all(queries.select_sessions_titled, params, **shape)
        among = {**params, "title_seqs": found, "indexed_seq": indexed_seq, "most": _MAX_CANDIDATES + BLOCK}
        query = queries.select_sessions_titled_among
        indexed = await snapshot.fetch_all(query, among, **shape, is_indexed=True) if found else []
        others = await snapshot.fetch_all(query, among, **shape, is_indexed=False)
        return sorted([*indexed, *others], key=_position, reverse=True)[: params["limit"]]


def _far_reach(found: Sequence[int] | None, indexed_seq: int, limit: int) -> int | None:
    """Return how far to look in the list's order where that meets a page sooner than checking all candidates would.

    If every candidate matched and they lay evenly, half of it would do.
    """
    if not found or len(found) < _REACH:
        return None
    reach = 2 * limit * indexed_seq // len(found)
    return reach if _REACH < reach <= _FAR_REACH else None


def _position(row: Row) -> tuple[int, str]:
    return row[_LAST_MESSAGE], row[0]


async def _find_candidates(snapshot: Tenant, wanted: str, indexed_seq: int) -> list[int] | None:
    """Return the numbers of indexed titles that may contain the text, or None if there are too many to tell."""
    if not indexed_seq:
        return []
    if len(wanted) < 3:
        bounds = {"first": wanted, "end": wanted + _LAST_CHARACTER, "limit": _MAX_GRAM_ROWS + 1}
        rows = await snapshot.fetch_all(queries.select_title_grams_between, bounds)
        needed = 1
    else:
        grams = _choose(wanted)
        limit = {"limit": len(grams) * (indexed_seq // BLOCK) + 1}
        rows = await snapshot.fetch_all(queries.select_title_grams, {"grams": grams, **limit})
        needed = len(grams)
    if len(wanted) < 3 and len(rows) > _MAX_GRAM_ROWS:
        return None
    return await compute(_intersect, rows, needed, indexed_seq)


def _choose(wanted: str) -> list[str]:
    """Return at most `_MAX_GRAMS` distinct trigrams, spread over the text."""
    grams = list(dict.fromkeys(wanted[start : start + 3] for start in range(len(wanted) - 2)))
    step = max(1, -(-len(grams) // _MAX_GRAMS))
    return grams[::step]


def _intersect(rows: Sequence[Row], needed: int, indexed_seq: int) -> list[int]:
    """Return the numbers that stand under `needed` different trigrams (under any, if that is 1), ascending."""
    if not rows:
        return []
    packed = [np.frombuffer(row[2], "<u2") for row in rows]
    firsts = np.repeat(np.array([row[1] * BLOCK for row in rows], np.int64), [len(one) for one in packed])
    seqs = np.concatenate(packed).astype(np.int64) + firsts
    counts = np.bincount(seqs, minlength=indexed_seq)
    found: list[int] = np.flatnonzero(counts >= needed).tolist()
    return found
