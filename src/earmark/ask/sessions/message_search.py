"""Finding words in one end user's chats, newest message first.

Common words are found by looking at the newest messages, rare ones by the word index (`word_index.py`); what the
index names is compared with the message itself, so it may only say "perhaps". Words that too many messages have for
the index are looked for further back, message by message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from earmark.ask.sessions import word_index
from earmark.ask.sessions import word_queries as queries
from earmark.ask.sessions.message_words import Wanted
from earmark.computing.threads import compute
from earmark.library.types import Page
from earmark.storage.keyset import position_params
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant

_REACH: Final = 500
_FAR_REACH: Final = 4_000
_MAX_WORD_ROWS: Final = 8_000
_MAX_CANDIDATES: Final = 4_000
_MAX_UNINDEXED: Final = 2 * word_index.BLOCK
_LAST_CHARACTER: Final = "\U0010ffff"
_Seqs = NDArray[np.int64]


class FoundMessage(NamedTuple):
    """A message that has the words, and where it stands."""

    created_us: int
    message_id: str
    session_id: str
    session_title: str
    role: str
    snippet: str


async def search_messages(tenant: Tenant, page: Page, query: str) -> list[FoundMessage]:
    """Return a page of the end user's messages that have all words of the query, newest first.

    The handle must be narrowed to one end user. Nothing is found without a letter or digit in the query.
    """
    assert tenant.end_user_id is not None
    wanted = Wanted(query)
    if not wanted.words:
        return []
    async with tenant.reading() as snapshot:
        found, after = await _walk(snapshot, page, wanted, _REACH, most=1)
        if after is not None:
            rest = await _search_index(snapshot, wanted, after)
            if rest is None:
                rest, _ = await _walk(snapshot, Page(page.limit - len(found), after), wanted, _FAR_REACH)
            found += rest
    return [_shown(row, wanted) for row in found[: page.limit]]


def _shown(row: Row, wanted: Wanted) -> FoundMessage:
    created_us, message_id, session_id, title, role, content = row
    return FoundMessage(created_us, message_id, session_id, title, role, wanted.snippet_of(content))


async def _walk(
    snapshot: Tenant, page: Page, wanted: Wanted, reach: int, *, most: int | None = None
) -> tuple[list[Row], tuple[int, str] | None]:
    """Look at messages in order, `reach` at a time, until the page is full or they end, or `most` times.

    Returns what was found, and the position from which to go on; None if the page is full or nothing is left.
    """
    found: list[Row] = []
    after, turn = page.after, 0
    while most is None or turn < most:
        rows = await snapshot.fetch_all(
            queries.select_messages_near, {**position_params(after), "reach": reach}, is_continued=after is not None
        )
        found += await compute(_matching, rows, wanted)
        if len(found) >= page.limit or len(rows) < reach:
            return found, None
        after, turn = (rows[-1][0], rows[-1][1]), turn + 1
    return found, after


def _matching(rows: Sequence[Row], wanted: Wanted) -> list[Row]:
    return [row for row in rows if wanted.is_in(row[-1])]


async def _search_index(snapshot: Tenant, wanted: Wanted, after: tuple[int, str]) -> list[Row] | None:
    """Return all messages after a position that have the words; None if there are too many to tell."""
    position = position_params(after)
    unindexed = await snapshot.fetch_all(
        queries.select_messages_unindexed, {**position, "most": _MAX_UNINDEXED + 1}, is_continued=True
    )
    seqs = await _candidates(snapshot, wanted)
    if seqs is None or len(seqs) > _MAX_CANDIDATES or len(unindexed) > _MAX_UNINDEXED:
        return None
    numbered = {**position, "word_seqs": seqs.tolist(), "most": _MAX_CANDIDATES}
    rows = await snapshot.fetch_all(queries.select_messages_numbered, numbered, is_continued=True) if len(seqs) else []
    found = await compute(_matching, [*rows, *unindexed], wanted)
    return sorted(found, key=lambda row: (row[0], row[1]), reverse=True)


async def _candidates(snapshot: Tenant, wanted: Wanted) -> _Seqs | None:
    """Return the numbers of the messages that may have the words; None if each word is in too many to tell."""
    found: _Seqs | None = None
    for term in wanted.terms:
        bounds = {"first": term, "end": term + _LAST_CHARACTER, "limit": _MAX_WORD_ROWS + 1}
        rows = await snapshot.fetch_all(queries.select_words_between, bounds)
        if len(rows) > _MAX_WORD_ROWS:
            continue
        seqs = await compute(_numbers, rows)
        found = seqs if found is None else np.intersect1d(found, seqs, assume_unique=True)
        if not len(found):
            break
    return found


def _numbers(rows: Sequence[Row]) -> _Seqs:
    parts = [np.frombuffer(packed, "<u2").astype(np.int64) + block * word_index.BLOCK for block, packed in rows]
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
