"""What was decided, promised and left open in all recordings of a person since a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from earmark.answers.notes import take_notes
from earmark.computing.threads import compute
from earmark.library.recordings import list_transcribed
from earmark.library.types import Page, Recording
from earmark.storage.tenant import Tenant
from earmark.summaries.items import has_listed, list_items
from earmark.summaries.passages import read_passages
from earmark.summaries.quoting import quoted
from earmark.summaries.types import Item, ItemFilters, ItemKind

_MOST_RECORDINGS: Final = 1_000
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Digest:
    """One recording's items; those of its summary or, where it has none, quoted now."""

    recording: Recording
    items: tuple[Item, ...]


async def make_digest(owner: Tenant, since_us: int) -> list[Digest]:
    """Return the recordings of an end user since a time that have items, newest first."""
    stored = await _stored_since(owner, since_us)
    found: list[Digest] = []
    for recording in await list_transcribed(owner, None, _MOST_RECORDINGS):
        if (recording.recorded_us or recording.created_us) < since_us:
            break
        items = stored.get(recording.id, [])
        if not items and not await has_listed(owner, recording.id):
            items = await _quoted_now(owner, recording)
        if items:
            found.append(Digest(recording, tuple(items)))
    return found


async def _stored_since(owner: Tenant, since_us: int) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    after: tuple[int, str] | None = None
    while True:
        rows = await list_items(owner, Page(_AT_ONCE, after), ItemFilters())
        for one in rows:
            if one.when_us >= since_us:
                found.setdefault(one.recording_id, []).append(one)
        if len(rows) < _AT_ONCE or rows[-1].when_us < since_us:
            return found
        after = (rows[-1].when_us, rows[-1].id)


async def _quoted_now(owner: Tenant, recording: Recording) -> list[Item]:
    passages = await read_passages(owner, recording.transcription_id or "")
    notes = await compute(take_notes, passages)
    items: list[Item] = []
    kinds: tuple[ItemKind, ...] = ("decision", "action_item", "open_question")
    for kind, findings in zip(kinds, (notes.decisions, notes.action_items, notes.open_questions), strict=True):
        for one in findings:
            text, (first, *_) = quoted(one.sentences)
            items.append(Item(
                "", recording.end_user_id, "", recording.id, kind, text, one.speaker, first.start_ms, first.end_ms,
                first.quote, recording.name, recording.recorded_us, recording.recorded_us or recording.created_us,
            ))  # fmt: skip
    return items
