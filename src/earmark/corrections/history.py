"""The history of a transcript: which revision was made by whom, when, and what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from earmark.corrections import queries
from earmark.corrections.types import Change, Revision
from earmark.library.end_users import page_params
from earmark.library.types import Page
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant
from earmark.text import cut_utf16

MOST_CHANGES: Final = 20
"""Of one revision, in a list."""
MOST_UNITS: Final = 1_000
"""Of an old or new value, in a list."""


async def list_revisions(tenant: Tenant, transcription_id: str, page: Page) -> list[Revision]:
    """Return a transcript's revisions after the first, the newest first.

    Each has its first 20 changes, with at most 1,000 UTF-16 units of each value.
    """
    found = {"transcription_id": transcription_id}
    async with tenant.reading() as snapshot:
        shape = {"is_continued": page.after is not None}
        rows = await snapshot.fetch_all(queries.select_revisions, {**found, **page_params(page)}, **shape)
        wanted = {**found, "revisions": [row[0] for row in rows], "most": MOST_CHANGES}
        changes = await snapshot.fetch_all(queries.select_changes, wanted) if rows else []
    return [replace(one, changes=[_cut(change) for change in one.changes]) for one in _join(rows, changes)]


async def list_all_revisions(tenant: Tenant, transcription_id: str) -> Sequence[Revision]:
    """Return all of a transcript's revisions, whole, the oldest first: for an export."""
    found = {"transcription_id": transcription_id}
    everything = {"limit": 1 << 31, "offset": 0}
    rows = await tenant.fetch_all(queries.select_revisions, {**found, **everything}, is_continued=False)
    wanted = {**found, "revisions": [row[0] for row in rows], "most": 1 << 31}
    return _join(rows, await tenant.fetch_all(queries.select_changes, wanted))[::-1]


def _join(rows: Sequence[Row], changes: Sequence[Row]) -> list[Revision]:
    of_each: dict[int, list[Change]] = {}
    for number, *fields in changes:
        of_each.setdefault(number, []).append(Change(*fields))
    return [replace(Revision(*row), changes=of_each.get(row[0], ())) for row in rows]


def _cut(change: Change) -> Change:
    old, new = (value and cut_utf16(value, MOST_UNITS) for value in (change.old_value, change.new_value))
    return replace(change, old_value=old, new_value=new)
