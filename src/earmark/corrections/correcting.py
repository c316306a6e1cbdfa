"""Corrects a transcript: its words, its index, its revision and its history change in one unit of work.

The index is computed before that unit of work, from the revision that was read; if another correction, another
transcript or a deletion came between, nothing changes and the caller is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from earmark.clock import now_us
from earmark.computing.threads import compute
from earmark.corrections import queries
from earmark.corrections.applying import apply_correction
from earmark.corrections.errors import RevisionStaleError
from earmark.corrections.types import Corrected, Correction, Request
from earmark.library.announcing import emit_correction
from earmark.library.end_users import get_end_user
from earmark.library.errors import (
    EndUserNotFoundError,
    RecordingNotFoundError,
    TranscriptionNotFoundError,
    TranscriptionNotReadyError,
)
from earmark.library.recordings import hold_recording
from earmark.library.speakers import store_speakers
from earmark.library.transcripts import count_words, get_transcription, list_segments
from earmark.library.types import Transcription
from earmark.retrieval.index.building import PreparedIndex
from earmark.retrieval.index.ingest import Ingester, replace_index
from earmark.retrieval.index.known_vectors import read_indexing
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment

Whole = tuple[Transcription, Sequence[Segment]]


async def read_whole(tenant: Tenant, transcription_id: str) -> Whole:
    """Return a completed transcript with its segments, as of one moment.

    Raises: TranscriptionNotFoundError, TranscriptionNotReadyError.
    """
    async with tenant.reading() as snapshot:
        one = await get_transcription(snapshot, transcription_id)
        if one.status != "completed":
            raise TranscriptionNotReadyError
        return one, await list_segments(snapshot, transcription_id)


async def correct_transcript(
    tenant: Tenant, ingester: Ingester, transcription_id: str, revision: int, correction: Correction, request: Request
) -> Whole:
    """Correct a transcript that has this revision; return it with its segments.

    A request that is tried again after it was done, because its answer was lost, gets what it made.

    Raises: TranscriptionNotFoundError, TranscriptionNotReadyError, RevisionStaleError, SpeakerUnknownError,
        SegmentUnknownError.
    """
    one, segments = await read_whole(tenant, transcription_id)
    if one.revision != revision:
        if await _was_made(tenant, one, revision, request):
            return one, segments
        raise RevisionStaleError(one.revision)
    corrected = await compute(apply_correction, segments, correction)
    index = await _prepare(tenant, ingester, one, segments, corrected) if corrected.ordinals else None
    async with tenant.writing() as work:
        return await _store(work, one, segments, corrected, index, request), corrected.segments


async def _prepare(
    tenant: Tenant, ingester: Ingester, one: Transcription, segments: Sequence[Segment], corrected: Corrected
) -> PreparedIndex:
    """Compute the index of the corrected segments; vectors of texts that stay are taken from the present one."""
    try:
        user = await get_end_user(tenant, one.end_user_id)
    except EndUserNotFoundError as error:  # erased this instant
        raise TranscriptionNotFoundError from error
    owner = tenant.acting_for(user.id, user.number)
    async with owner.reading() as snapshot:
        stored = await read_indexing(snapshot, one.recording_id)
        is_of_it = (await get_transcription(snapshot, one.id)).revision == one.revision
    before = (stored, segments) if stored is not None and is_of_it else None
    return await ingester.prepare_index(owner, corrected.segments, one.language, before)


async def _was_made(tenant: Tenant, one: Transcription, revision: int, request: Request) -> bool:
    """Whether this very request made the present revision."""
    if request.made is None or one.revision != revision + 1:
        return False
    row = await tenant.fetch_one(queries.select_made, {"transcription_id": one.id, "of_revision": one.revision})
    return row is not None and row[0] == request.made


async def _store(
    work: Tenant,
    before: Transcription,
    segments: Sequence[Segment],
    corrected: Corrected,
    index: PreparedIndex | None,
    request: Request,
) -> Transcription:
    try:
        owner, recording = await hold_recording(work, before.recording_id)
    except RecordingNotFoundError as error:  # deleted meanwhile
        raise TranscriptionNotFoundError from error
    told = {"asked_revision": before.revision, "new_word_count": count_words(corrected.segments), "now_us": now_us()}
    if not await owner.execute(queries.update_corrected, {"transcription_id": before.id, **told}):
        raise RevisionStaleError((await get_transcription(owner, before.id)).revision)
    after = await get_transcription(owner, before.id)
    if index is not None:
        await _store_segments(owner, after, segments, corrected)
        await store_speakers(owner, after.id, after.end_user_id, corrected.segments)
        await replace_index(owner, recording, after, index)
    await _store_history(owner, after, corrected, request)
    await emit_correction(owner, recording, after)
    return after


async def _store_segments(
    work: Tenant, after: Transcription, segments: Sequence[Segment], corrected: Corrected
) -> None:
    """Store the segments that differ, and how they came if they are corrected for the first time."""
    found = {"transcription_id": after.id}
    known = {row[0] for row in await work.fetch_all(queries.select_original_ordinals, found)}
    originals = [
        {**found, "ordinal": at, "end_user_id": after.end_user_id, "speaker": segments[at].speaker,
         "text": segments[at].text}
        for at in corrected.ordinals if at not in known
    ]  # fmt: skip
    await work.execute_many(queries.insert_original, originals)
    changed = [
        {"of_transcription": after.id, "of_ordinal": at, "new_text": corrected.segments[at].text,
         "new_speaker": corrected.segments[at].speaker, "new_is_unclear": corrected.segments[at].is_unclear or None}
        for at in corrected.ordinals
    ]  # fmt: skip
    await work.execute_many(queries.update_segment, changed)


async def _store_history(work: Tenant, after: Transcription, corrected: Corrected, request: Request) -> None:
    common = {"transcription_id": after.id, "revision": after.revision, "end_user_id": after.end_user_id}
    row = {**common, **asdict(request), "change_count": len(corrected.changes), "created_us": after.updated_us}
    await work.execute(queries.insert_revision, row)
    rows = [{**common, "ordinal": at, **asdict(change)} for at, change in enumerate(corrected.changes)]
    await work.execute_many(queries.insert_change, rows)


async def restore_original(
    tenant: Tenant, one: Transcription, segments: Sequence[Segment]
) -> tuple[Transcription, list[Segment]]:
    """Return a transcript as it came, which is its revision 1."""
    first = list(segments)
    if one.revision == 1:
        return one, first
    for at, speaker, text in await tenant.fetch_all(queries.select_originals, {"transcription_id": one.id}):
        first[at] = replace(first[at], speaker=speaker, text=text, is_unclear=False)
    return replace(one, revision=1, word_count=count_words(first)), first
