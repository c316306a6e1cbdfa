"""`/v1/recordings/{id}/upload-url`, `…/upload-complete` and `…/download-url`; `transfers.py` moves the bytes."""

from __future__ import annotations

from dataclasses import replace

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.recording_replies import recording_reply
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.recordings import BY_ID, recording_exists
from earmark.api.wire.media import (
    CompleteBody,
    DownloadBody,
    DownloadQuery,
    DownloadShown,
    UploadBody,
    UploadShown,
    download_to_wire,
    upload_to_wire,
)
from earmark.api.wire.recordings import RecordingShown
from earmark.errors import NotFoundError
from earmark.media.downloads import begin_download
from earmark.media.errors import IntegrityError, UploadNotVerifiedError, UploadTooLargeError
from earmark.media.grants import DOWNLOAD_S
from earmark.media.uploads import begin_upload, complete_upload

routes = Routes("Media")


@routes.add("POST", "/recordings/{recording_id}/upload-url",
            Rules("recordings:write", BY_ID, recording_exists, limits=("overall", "uploads"), retry="secret"),
            answers={200: UploadShown}, errors=[NotFoundError, UploadTooLargeError])  # fmt: skip
async def create_upload_url(call: Call, recording_id: str, body: UploadBody) -> Reply:
    """Start an upload: return a URL to `PUT` the bytes to, valid for an hour."""
    limit_bytes = call.runtime.settings.upload_limit_bytes
    if body.file_size_bytes is not None and body.file_size_bytes > limit_bytes:
        raise UploadTooLargeError(limit_bytes)
    media, grant = await begin_upload(call.tenant, recording_id, body.content_type, body.file_size_bytes)
    token = call.runtime.grants.render(grant)
    return json_reply(upload_to_wire(media, grant, token, call.base_url))


@routes.add("POST", "/recordings/{recording_id}/upload-complete",
            Rules("recordings:write", BY_ID, recording_exists, retry="apart"),
            answers={200: RecordingShown},
            errors=[NotFoundError, IntegrityError, UploadNotVerifiedError])  # fmt: skip
async def complete(call: Call, recording_id: str, body: CompleteBody) -> Reply:
    """Verify an upload; 425 until all bytes have arrived, then the same call succeeds."""
    recording = await complete_upload(call.tenant, call.runtime.media, recording_id, body.to_claim())
    # The response reports the audio's state, even if a transcript has already completed the recording.
    return await recording_reply(call, replace(recording, status="uploaded"))


@routes.add("GET", "/recordings/{recording_id}/download-url", Rules("recordings:read", BY_ID, recording_exists),
            answers={200: DownloadShown}, errors=[NotFoundError])  # fmt: skip
async def get_download_url(call: Call, recording_id: str, query: DownloadQuery) -> Reply:
    """Return a URL, valid for 15 minutes, to `GET` the audio whole or in ranges."""
    return await _download_reply(call, recording_id, query.media_id)


@routes.add("POST", "/recordings/{recording_id}/download-url",
            Rules("recordings:read", BY_ID, recording_exists, retry="none"),
            answers={200: DownloadShown}, errors=[NotFoundError])  # fmt: skip
async def create_download_url(call: Call, recording_id: str, body: DownloadBody) -> Reply:
    """The same by POST, for older clients."""
    return await _download_reply(call, recording_id, body.media_id)


async def _download_reply(call: Call, recording_id: str, media_id: str | None) -> Reply:
    media, grant = await begin_download(call.tenant, recording_id, media_id)
    token = call.runtime.grants.render(grant)
    return json_reply(download_to_wire(media, grant, token, call.base_url, expires_in=DOWNLOAD_S))
