"""Corrections of transcripts, their history, and speakers across recordings."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.large_bodies import run_sized
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.transcriptions import BY_ID, transcription_exists
from earmark.api.wire.common import ListQuery
from earmark.api.wire.corrections import (
    CorrectionBody,
    HistoryPage,
    RenamedSpeakers,
    SpeakerChanges,
    SpeakerListQuery,
    SpeakerPage,
    renamed_to_wire,
    revision_to_wire,
    speaker_to_wire,
)
from earmark.api.wire.transcriptions import TranscriptionShown, transcription_to_wire
from earmark.corrections.correcting import correct_transcript
from earmark.corrections.errors import RevisionStaleError
from earmark.corrections.history import list_revisions
from earmark.corrections.renaming import check_reach, rename_speaker
from earmark.corrections.types import Request
from earmark.errors import NotFoundError
from earmark.library import transcripts
from earmark.library.end_users import narrow_to_end_user
from earmark.library.errors import EndUserNotFoundError, TranscriptionNotReadyError
from earmark.library.recordings import get_recordings
from earmark.library.speakers import list_speakers
from earmark.library.types import Filters, Page, Speaker, SpeakerFilters

routes = Routes("Corrections")
_BYTES_A_SEGMENT = 200
_HISTORY = Filters()


@routes.add("PATCH", "/transcriptions/{transcription_id}",
            Rules("transcriptions:write", BY_ID, transcription_exists, retry="apart"),
            answers={200: TranscriptionShown},
            errors=[NotFoundError, RevisionStaleError, TranscriptionNotReadyError])  # fmt: skip
async def correct_transcription(call: Call, transcription_id: str, body: CorrectionBody) -> Reply:
    """Correct speakers' names and segments' words; search and later answers follow at once.

    `revision` must be that of the transcript as it was read, and is raised by one. Times never change. Answers given
    before stay as they were.
    """
    with call.aside():
        one, segments = await correct_transcript(
            call.tenant, call.runtime.ingester, transcription_id, body.revision, body.to_correction(), _asked(call)
        )
    warnings = await transcripts.list_warnings(call.tenant, transcription_id) if one.warnings_total else []
    project_id = call.tenant.key.project_id
    size = len(segments) * _BYTES_A_SEGMENT
    return json_reply(await run_sized(size, transcription_to_wire, one, segments, project_id, warnings))


def _asked(call: Call) -> Request:
    return Request(call.caller.key_id, None if call.retry is None else call.new_id("txn"))


@routes.add("GET", "/transcriptions/{transcription_id}/history",
            Rules("transcriptions:read", BY_ID, transcription_exists), answers={200: HistoryPage},
            errors=[NotFoundError])  # fmt: skip
async def list_history(call: Call, transcription_id: str, query: ListQuery) -> Reply:
    """List a transcript's corrections, newest first: who made them, when, and what they changed."""
    return await page_reply(
        call,
        f"history of {transcription_id}",
        query,
        _HISTORY,
        fetch=lambda page: list_revisions(call.tenant, transcription_id, page),
        position_of=lambda one: (one.revision, transcription_id),
        to_wire=revision_to_wire,
    )


@routes.add("GET", "/speakers", Rules("transcriptions:read"), answers={200: SpeakerPage})
async def list_all_speakers(call: Call, query: SpeakerListQuery) -> Reply:
    """List who speaks in an end user's recordings, by name: in how many of them, and for how long."""
    try:
        tenant = await narrow_to_end_user(call.tenant, query.end_user_id)
    except EndUserNotFoundError:
        tenant = None

    async def fetch(page: Page) -> list[Speaker]:
        return [] if tenant is None else await list_speakers(tenant, page, query.name)

    owner = "" if tenant is None else tenant.end_user_id or ""
    return await page_reply(
        call,
        "speakers",
        query,
        asked_filters(query, SpeakerFilters),
        fetch=fetch,
        position_of=lambda one: (0, one.name),
        to_wire=lambda one: speaker_to_wire(owner, one),
    )


@routes.add("PATCH", "/speakers", Rules("transcriptions:write", retry="apart"), answers={200: RenamedSpeakers},
            errors=[NotFoundError, RevisionStaleError])  # fmt: skip
async def rename_in_all(call: Call, body: SpeakerChanges) -> Reply:
    """Rename a speaker in an end user's recordings, or merge it into another: at most 20, for at most about 20 seconds.

    Send the same again while `remaining` isn't 0. A name that speaks nowhere changes nothing. A machine's label, such
    as `SPEAKER_0`, stands for another person in each recording: it is renamed only in `recording_ids`, else 400.
    """
    check_reach(body.name, body.recording_ids)  # of the body alone, so before any object is looked up
    tenant = await narrow_to_end_user(call.tenant, body.end_user_id)
    if body.recording_ids is not None:
        await get_recordings(tenant, body.recording_ids, param="recording_ids")
    with call.aside():
        renamed, remaining = await rename_speaker(
            tenant, call.runtime.ingester, body.name, body.new_name, body.recording_ids, _asked(call)
        )
    return json_reply(renamed_to_wire(tenant.end_user_id, renamed, remaining))
