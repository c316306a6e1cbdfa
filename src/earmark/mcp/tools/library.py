"""Tools for a person's recordings and folders, and for those of a project."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.reply import Reply
from earmark.api.routes import folders as folder_routes
from earmark.api.routes import recordings as recording_routes
from earmark.api.wire.common import FolderIdField, RecordingIdField, Shown
from earmark.api.wire.folders import FolderListQuery, FolderPage
from earmark.api.wire.recordings import RecordingListQuery, RecordingPage, RecordingQuery, RecordingShown, Status
from earmark.clock import render_time_or_none
from earmark.lengths import check_length
from earmark.library import recordings
from earmark.library.types import Recording, RecordingFilters
from earmark.mcp.moments import recording_url
from earmark.mcp.tool import Arguments, ToolCall, Tools
from earmark.mcp.tools.shared import PageArguments, Time, answer_of, to_query

tools = Tools()


class RecordingsArguments(PageArguments):
    """Filters of a person's recordings."""

    q: Annotated[str, check_length(0, 200)] | None = Field(None, description="Part of the name.")
    folder_id: FolderIdField | None = None
    recorded_after: Time | None = Field(None, description="Recorded at this time or later.")
    recorded_before: Time | None = Field(None, description="Recorded before this time.")


class ProjectRecordingsArguments(RecordingsArguments):
    """Filters of a project's recordings."""

    end_user_id: Annotated[str, Field(pattern=r"^eu_[A-Za-z0-9]{1,64}$")] | None = None
    status: Status | None = None


class RecordingArguments(Arguments):
    """One recording."""

    id: RecordingIdField


class MyRecordingShown(Shown):
    """A person's recording. `url` opens it in the console."""

    id: str
    name: str | None
    recorded_at: str | None
    duration_ms: int | None
    status: Status
    has_transcript: bool
    url: str


class MyRecordingPage(Shown):
    """A page of a person's recordings, newest first."""

    data: list[MyRecordingShown]
    has_more: bool
    next_cursor: str | None


def _to_json(recording: Recording, base_url: str) -> dict[str, Any]:
    return {
        "id": recording.id,
        "name": recording.name,
        "recorded_at": render_time_or_none(recording.recorded_us),
        "duration_ms": recording.duration_ms,
        "status": recording.status,
        "has_transcript": recording.transcription_id is not None,
        "url": recording_url(base_url, recording.id),
    }


@tools.add("list_my_recordings", "List my recordings", "recordings:read", takes=RecordingsArguments,
           gives=MyRecordingPage)  # fmt: skip
async def list_my_recordings(asked: ToolCall, given: RecordingsArguments) -> Any:
    """List the person's recordings, newest first: names, dates, lengths. Use search to find what was said in them."""
    query = to_query(RecordingListQuery, given)
    filters = RecordingFilters(
        recorded_after=query.recorded_after, recorded_before=query.recorded_before, q=query.q, folder_id=query.folder_id
    )

    async def handler(call: Call) -> Reply:
        return await page_reply(
            call,
            "mcp recordings",
            query,
            filters,
            fetch=lambda page: recordings.list_recordings(call.tenant, page, filters),
            position_of=lambda one: (one.created_us, one.id),
            to_wire=lambda one: _to_json(one, call.base_url),
        )

    return await answer_of(handler, asked)


@tools.add("get_my_recording", "Get my recording", "recordings:read", takes=RecordingArguments,
           gives=MyRecordingShown)  # fmt: skip
async def get_my_recording(asked: ToolCall, given: RecordingArguments) -> Any:
    """Get one of the person's recordings by id: name, date, length, link. Use get_my_transcript for its words."""
    recording = await recordings.get_recording(asked.call.tenant, given.id)
    return _to_json(recording, asked.call.base_url)


@tools.add("list_my_folders", "List my folders", "folders:read", takes=PageArguments, gives=FolderPage)
async def list_my_folders(asked: ToolCall, given: PageArguments) -> Any:
    """List the person's folders of recordings, with the ids that ask and search_moments take."""
    return await answer_of(folder_routes.list_folders, asked, query=to_query(FolderListQuery, given))


@tools.add("list_recordings", "List recordings of a project", "recordings:read", takes=ProjectRecordingsArguments,
           gives=RecordingPage, is_project_wide=True)  # fmt: skip
async def list_recordings(asked: ToolCall, given: ProjectRecordingsArguments) -> Any:
    """List the recordings of all end users of the project, newest first, or of one by end_user_id."""
    return await answer_of(recording_routes.list_recordings, asked, query=to_query(RecordingListQuery, given))


@tools.add("get_recording", "Get a recording of a project", "recordings:read", takes=RecordingArguments,
           gives=RecordingShown, is_project_wide=True)  # fmt: skip
async def get_recording(asked: ToolCall, given: RecordingArguments) -> Any:
    """Get any recording of the project by id, with its owner, audio files and state."""
    return await answer_of(recording_routes.get_recording, asked, {"recording_id": given.id}, query=RecordingQuery())
