"""`/v1/folders`."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.recording_replies import recording_page
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.common import ListQuery
from earmark.api.wire.folders import (
    FolderBody,
    FolderChanges,
    FolderListQuery,
    FolderPage,
    FolderShown,
    folder_to_wire,
)
from earmark.api.wire.recordings import RecordingPage
from earmark.errors import NotFoundError
from earmark.library import folders
from earmark.library.end_users import narrow_to_end_user
from earmark.library.types import FolderFilters, RecordingFilters

routes = Routes("Folders")
BY_ID = {"folder_id": "fld"}
BY_IDS = {**BY_ID, "recording_id": "rec"}


async def folder_exists(call: Call, folder_id: str) -> None:
    """Raise 404 unless the caller has this folder."""
    await folders.get_folder(call.tenant, folder_id)


@routes.add("POST", "/folders", Rules("folders:write"), answers={201: FolderShown}, errors=[NotFoundError])
async def create_folder(call: Call, body: FolderBody) -> Reply:
    """Create an empty folder for an end user."""
    tenant = await narrow_to_end_user(call.tenant, body.end_user_id)
    return json_reply(folder_to_wire(await folders.create_folder(tenant, body.name)), 201)


@routes.add("GET", "/folders", Rules("folders:read"), answers={200: FolderPage})
async def list_folders(call: Call, query: FolderListQuery) -> Reply:
    """List folders, newest first."""
    filters = asked_filters(query, FolderFilters)
    return await page_reply(
        call,
        "folders",
        query,
        filters,
        fetch=lambda page: folders.list_folders(call.tenant, page, filters),
        position_of=lambda folder: (folder.created_us, folder.id),
        to_wire=folder_to_wire,
    )


@routes.add("GET", "/folders/{folder_id}", Rules("folders:read", BY_ID), answers={200: FolderShown},
            errors=[NotFoundError])  # fmt: skip
async def get_folder(call: Call, folder_id: str) -> Reply:
    """Show a folder."""
    return json_reply(folder_to_wire(await folders.get_folder(call.tenant, folder_id)))


@routes.add("PATCH", "/folders/{folder_id}", Rules("folders:write", BY_ID, folder_exists),
            answers={200: FolderShown}, errors=[NotFoundError])  # fmt: skip
async def rename_folder(call: Call, folder_id: str, body: FolderChanges) -> Reply:
    """Rename a folder; sessions on it show the new name."""
    return json_reply(folder_to_wire(await folders.rename_folder(call.tenant, folder_id, body.name)))


@routes.add("DELETE", "/folders/{folder_id}", Rules("folders:write", BY_ID), answers={204: None},
            errors=[NotFoundError])  # fmt: skip
async def delete_folder(call: Call, folder_id: str) -> Reply:
    """Delete a folder, but not its recordings; its Ask sessions become read-only."""
    await folders.delete_folder(call.tenant, folder_id)
    return no_content()


@routes.add("GET", "/folders/{folder_id}/recordings",
            Rules("folders:read", BY_ID, folder_exists, also=("recordings:read",)),
            answers={200: RecordingPage}, errors=[NotFoundError])  # fmt: skip
async def list_folder_recordings(call: Call, folder_id: str, query: ListQuery) -> Reply:
    """List the recordings in a folder, newest first."""
    return await recording_page(call, "folders.recordings", query, RecordingFilters(folder_id=folder_id))


@routes.add("PUT", "/folders/{folder_id}/recordings/{recording_id}", Rules("folders:write", BY_IDS),
            answers={200: FolderShown}, errors=[NotFoundError])  # fmt: skip
async def add_to_folder(call: Call, folder_id: str, recording_id: str) -> Reply:
    """Add a recording of the folder's end user; adding it again changes nothing."""
    return json_reply(folder_to_wire(await folders.add_to_folder(call.tenant, folder_id, recording_id)))


@routes.add("DELETE", "/folders/{folder_id}/recordings/{recording_id}", Rules("folders:write", BY_IDS),
            answers={204: None}, errors=[NotFoundError])  # fmt: skip
async def take_from_folder(call: Call, folder_id: str, recording_id: str) -> Reply:
    """Remove a recording from a folder without deleting the recording."""
    await folders.take_from_folder(call.tenant, folder_id, recording_id)
    return no_content()
