"""What a shared link shows, to whoever has it: read anew each time, as far as it was shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.sessions import get_session
from earmark.ask.types import CitationPart, Message
from earmark.clock import now_us
from earmark.errors import NotFoundError
from earmark.identity.keys import find_by_secret
from earmark.library.recordings import find_recordings, get_recording
from earmark.library.transcripts import list_segments
from earmark.library.types import Recording
from earmark.media.downloads import list_media
from earmark.media.types import Media
from earmark.sharing import queries
from earmark.sharing.errors import LinkGoneError
from earmark.sharing.types import Share
from earmark.storage.database import Database
from earmark.storage.tenant import Tenant, TenantKey
from earmark.transcripts.types import Segment

_BATCH = 500


@dataclass(frozen=True, slots=True)
class SharedChat:
    """A chat up to the moment it was shared, and the names of the recordings that it cites."""

    title: str
    messages: Sequence[Message]
    recordings: dict[str, Recording]


@dataclass(frozen=True, slots=True)
class SharedRecording:
    """A recording or a part of one; no segments if its words are not shared."""

    recording: Recording
    segments: Sequence[Segment]


async def open_link(database: Database, secret: str) -> tuple[Tenant, Share]:
    """Return the handle of the person whose link this is, and the link.

    Raises: LinkGoneError if it is wrong, expired or revoked, or the key that made it was.
    """
    row = await find_by_secret(database, secret)
    if row is None:
        raise LinkGoneError
    _, key_id, tenant_id, project_id, mode, end_user_id, end_user_no, _, expires_us, revoked_us = row
    if end_user_id is None or revoked_us is not None or expires_us is None or expires_us <= now_us():
        raise LinkGoneError
    tenant = Tenant(database, TenantKey(tenant_id, project_id, mode, end_user_id, end_user_no))
    found = await tenant.fetch_one(queries.select_share_opened, {"key_id": key_id})
    if found is None:
        raise LinkGoneError
    share = Share(*found)
    if share.ends_with_key is not None:
        is_revoked = {"key_id": share.ends_with_key}
        if await tenant.whole_tenant().fetch_one(queries.select_key_revoked, is_revoked):
            raise LinkGoneError
    return tenant, share


async def note_opened(tenant: Tenant, share: Share) -> None:
    """Count that a link was opened."""
    async with tenant.writing() as work:
        await work.execute(queries.update_share_opened, {"share_id": share.id, "now_us": now_us()})


async def read_shared(tenant: Tenant, share: Share) -> SharedChat | SharedRecording:
    """Return what a link shows.

    Raises: LinkGoneError if it was deleted meanwhile.
    """
    try:
        async with tenant.reading() as snapshot:
            if share.session_id is not None:
                return await _read_chat(snapshot, share.session_id, share.last_ordinal or 0)
            return await _read_recording(snapshot, share)
    except NotFoundError as error:
        raise LinkGoneError from error


async def _read_chat(tenant: Tenant, session_id: str, last_ordinal: int) -> SharedChat:
    session = await get_session(tenant, session_id)
    messages: list[Message] = []
    while batch := await list_messages(tenant, session_id, _page_after(messages)):
        messages += [message for message in batch if message.ordinal <= last_ordinal]
        if batch[-1].ordinal >= last_ordinal:
            break
    cited = {part.recording_id for one in messages for part in one.parts if isinstance(part, CitationPart)}
    found = await find_recordings(tenant, sorted(cited)) if cited else []
    return SharedChat(session.title, messages, {one.id: one for one in found})


def _page_after(messages: Sequence[Message]) -> MessagePage:
    return MessagePage(limit=_BATCH, after=messages[-1].ordinal if messages else None)


async def _read_recording(tenant: Tenant, share: Share) -> SharedRecording:
    recording = await get_recording(tenant, share.recording_id or "")
    if not share.with_words or recording.transcription_id is None:
        return SharedRecording(recording, ())
    segments = await list_segments(tenant, recording.transcription_id)
    if share.start_ms is None or share.end_ms is None:
        return SharedRecording(recording, segments)
    start_ms, end_ms = share.start_ms, share.end_ms
    return SharedRecording(recording, [one for one in segments if one.start_ms < end_ms and one.end_ms > start_ms])


async def find_audio(tenant: Tenant, share: Share) -> Media:
    """Return the audio that a link shares, whole.

    Raises: LinkGoneError if it shares none, or it was deleted.
    """
    if not share.with_audio or share.recording_id is None:
        raise LinkGoneError
    try:
        found = await list_media(tenant, [recording := await get_recording(tenant, share.recording_id)])
    except NotFoundError as error:
        raise LinkGoneError from error
    if not found:
        raise LinkGoneError
    return found[recording.id][0]
