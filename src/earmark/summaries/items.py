"""Items across recordings: the decisions, action items and open questions of each recording's newest summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from earmark.library.end_users import page_params
from earmark.library.transcripts import list_segments
from earmark.library.types import Page
from earmark.storage.tenant import Tenant
from earmark.summaries import queries
from earmark.summaries.types import Citation, Item, ItemFilters, ItemKind, Summary

KINDS: Final[Mapping[str, ItemKind]] = {
    "decisions": "decision", "action_items": "action_item", "next_steps": "action_item",
    "open_questions": "open_question",
}  # fmt: skip
"""Fields of an output whose items are listed."""
_LAST: Final = 99_999
_LOOKED_AT: Final = 20
"""Summaries, newest first, among which one with items is sought."""
_MOST: Final = 2_000
"""Items of one summary that are listed: each is a row, all of them are written in one unit of work."""


async def replace_items(work: Tenant, one: Summary, *, is_correction: bool = False) -> None:
    """Make a completed summary's items those of its recording, unless it has no such fields.

    The caller holds the recording, so that two summaries that end at once don't both list theirs.

    Args:
        is_correction: it isn't the newest by this; items of a newer one stay listed.
    """
    await work.execute(queries.delete_items_of_summary, {"summary_id": one.id})
    output = one.output or {}
    if not _has_items(one):
        return
    row = await work.fetch_one(queries.select_items_source, {"recording_id": one.recording_id})
    if is_correction and row is not None and row[0] > (one.completed_us or 0):
        return
    segments = await list_segments(work, one.transcription_id)
    speakers = {segment.start_ms: segment.speaker for segment in segments}
    await work.execute(queries.delete_items_of, {"recording_id": one.recording_id})
    for number, (kind, text, cited) in enumerate(islice(_items(output, one.citations), _MOST)):
        start_ms = cited.start_ms if cited else None
        await work.execute(queries.insert_item, {
            "id": f"{one.id}.{_LAST - number:05d}", "end_user_id": one.end_user_id, "summary_id": one.id,
            "recording_id": one.recording_id, "kind": kind, "text": text,
            "speaker": None if start_ms is None else speakers.get(start_ms), "start_ms": start_ms,
            "end_ms": cited.end_ms if cited else None, "quote": cited.quote if cited else None,
        })  # fmt: skip


async def has_listed(tenant: Tenant, recording_id: str) -> bool:
    """Whether a recording has a summary whose items are listed, be they none."""
    return await _newest_with_items(tenant, recording_id) is not None


async def _newest_with_items(tenant: Tenant, recording_id: str) -> Summary | None:
    rows = await tenant.fetch_all(queries.select_completed, {"recording_id": recording_id, "most": _LOOKED_AT})
    return next((one for one in (Summary(*row) for row in rows) if _has_items(one)), None)


async def relist_items(work: Tenant, recording_id: str) -> None:
    """List the items of a recording's newest summary that has any, unless some are listed; the caller holds it."""
    if await work.fetch_one(queries.select_items_source, {"recording_id": recording_id}) is not None:
        return
    one = await _newest_with_items(work, recording_id)
    if one is not None:
        await replace_items(work, one)


def _has_items(one: Summary) -> bool:
    return any(isinstance((one.output or {}).get(name), list) for name in KINDS)


def _items(
    output: Mapping[str, Any], citations: Mapping[str, Sequence[Citation]]
) -> Iterator[tuple[ItemKind, str, Citation | None]]:
    for name, kind in KINDS.items():
        listed = output.get(name)
        for number, text in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(text, str) and text.strip():
                yield kind, text, next(iter(citations.get(f"/{name}/{number}", ())), None)


async def list_items(tenant: Tenant, page: Page, filters: ItemFilters) -> list[Item]:
    """Return items, newest recording first."""
    given = filters.given()
    params = {**page_params(page), **given}
    rows = await tenant.fetch_all(
        queries.select_items, params, filters=frozenset(given), is_continued=page.after is not None
    )
    return [Item(*row) for row in rows]
