"""The word index of an end user's messages: which blocks of messages have a word, and where.

A message is not indexed when it is written: search looks at such messages one by one. Once 2,048 of an end user's
messages wait, a job numbers the oldest of them (`word_seq`) and stores, for each of their words, the offsets of the
messages in the block, packed. The index belongs to one end user, so what a search costs tells nothing of others.

Messages that are deleted or replaced are taken out of their block at once, so that nothing of them stays. The rows of
messages are locked before the row with the number of blocks, by the job and by deletions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from earmark.ask.sessions import word_queries as queries
from earmark.ask.sessions.message_words import terms_of
from earmark.computing.threads import compute
from earmark.jobs.queue import enqueue
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob
from earmark.library.end_users import get_end_user
from earmark.library.errors import EndUserNotFoundError
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant

BLOCK: Final = 2_048
INDEX_MESSAGES: Final = "messages.index"
"""The kind of job that indexes full blocks."""


def index_block(contents: Iterable[str]) -> dict[str, bytes]:
    """Return what is stored of one block: term -> packed offsets, little-endian uint16, ascending."""
    offsets: defaultdict[str, list[int]] = defaultdict(list)
    for offset, content in enumerate(contents):
        for term in terms_of(content):
            offsets[term].append(offset)
    return {term: np.array(found, "<u2").tobytes() for term, found in offsets.items()}


async def enqueue_if_full(work: Tenant, end_user_id: str) -> None:
    """Let a job index the end user's messages if they fill a block; part of the unit of work that writes them."""
    row = await work.fetch_one(queries.count_unindexed, {"of_end_user_id": end_user_id, "limit": BLOCK})
    if row is not None and row[0] >= BLOCK:
        owner = await _owner(work, end_user_id)
        key = f"{INDEX_MESSAGES}:{end_user_id}"
        await enqueue(owner, NewJob(INDEX_MESSAGES, payload={"end_user_id": end_user_id}, unique_key=key))


async def _owner(tenant: Tenant, end_user_id: str) -> Tenant:
    """Narrow a handle to the end user whose messages they are."""
    if tenant.end_user_id is not None:
        return tenant
    return tenant.acting_for(end_user_id, (await get_end_user(tenant, end_user_id)).number)


async def index_full_blocks(running: RunningJob) -> None:
    """Index the full blocks of one end user, or of all (after an upgrade), each in a unit of work of its own."""
    named = running.job.payload.get("end_user_id")
    waiting = [named] if named else await _full(running.tenant)
    for end_user_id in waiting:
        try:
            number = (await get_end_user(running.tenant, end_user_id)).number
        except EndUserNotFoundError:
            continue
        while await _index_next_block(running, end_user_id, number):
            pass


async def _full(tenant: Tenant) -> list[str]:
    rows = await tenant.fetch_all(queries.count_unindexed_each)
    return [end_user_id for end_user_id, count in rows if count >= BLOCK]


async def _index_next_block(running: RunningJob, end_user_id: str, number: int) -> bool:
    """Index the next full block; return False if none is full.

    The arithmetic is done outside the unit of work, which then checks that no message was deleted meanwhile.
    """
    owner = running.tenant.acting_for(end_user_id, number)
    messages = await owner.fetch_all(queries.select_unindexed, {"limit": BLOCK}, for_update=False)
    if len(messages) < BLOCK:
        return False
    packed = await compute(index_block, [content for *_, content in messages])
    async with running.writing() as whole:
        work = whole.acting_for(end_user_id, number)
        if await work.fetch_all(queries.select_unindexed, {"limit": BLOCK}, for_update=True) == messages:
            await _store_block(work, end_user_id, messages, packed)
    return True


async def _store_block(work: Tenant, end_user_id: str, messages: Sequence[Row], packed: dict[str, bytes]) -> None:
    await work.execute(queries.insert_word_blocks, {"end_user_id": end_user_id, "block_count": 0})
    block = await _lock_blocks(work)
    await work.execute_many(
        queries.update_word_seq,
        (
            {"of_session_id": session_id, "of_ordinal": ordinal, "new_word_seq": block * BLOCK + offset}
            for offset, (session_id, ordinal, *_) in enumerate(messages)
        ),
    )
    rows = ({"term": term, "block": block, "offsets": found} for term, found in sorted(packed.items()))
    await work.execute_many(queries.insert_word, rows)
    await work.execute(queries.update_word_blocks, {"new_block_count": block + 1})


async def _lock_blocks(work: Tenant) -> int:
    """Return how many blocks there are; the index is the caller's until the commit."""
    row = await work.fetch_one(queries.select_word_blocks, for_update=True)
    return int(row[0]) if row else 0


async def forget_words(work: Tenant, end_user_id: str, session_id: str, ordinal: int | None = None) -> None:
    """Take a session's messages, or one of them, out of the index, in the unit of work that deletes them."""
    params = {"session_id": session_id, "ordinal": ordinal}
    rows = await work.fetch_all(queries.select_indexed_of, params, is_one=ordinal is not None)
    by_block: defaultdict[int, list[Row]] = defaultdict(list)
    for seq, content in rows:
        if seq is not None:
            by_block[seq // BLOCK].append((seq % BLOCK, content))
    if not by_block:
        return
    owner = await _owner(work, end_user_id)
    await _lock_blocks(owner)
    for block, messages in sorted(by_block.items()):
        await _forget_in_block(owner, block, messages)


async def _forget_in_block(work: Tenant, block: int, messages: Sequence[Row]) -> None:
    terms = sorted(set().union(*(terms_of(content) for _, content in messages)))
    gone = np.array([offset for offset, _ in messages], "<u2")
    changed, emptied = [], []
    for term, packed in await work.fetch_all(queries.select_words_of_block, {"terms": terms, "word_block": block}):
        offsets = np.frombuffer(packed, "<u2")
        kept = offsets[~np.isin(offsets, gone)]
        key = {"word_term": term, "word_block": block}
        if len(kept):
            changed.append({**key, "new_offsets": kept.tobytes()})
        else:
            emptied.append(key)
    await work.execute_many(queries.update_word, changed)
    await work.execute_many(queries.delete_word, emptied)
