"""What a shared link shows, to whoever has it: read anew each time, as far as it was shared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.sessions import get_session
from earmark.ask.types import CitationPart, Message
from earmark.clock import now_us
from earmark.errors import NotFoundError
from earmark.identity.keys import find_by_secret
from earmark.library.reading import FOREVER_MS, Stretch, list_segments_within
from earmark.library.recordings import find_recordings, get_recording
from earmark.library.types import Recording
from earmark.media.downloads import list_media
from earmark.media.types import Media
from earmark.sharing import queries
from earmark.sharing.errors import LinkGoneError
from earmark.sharing.types import Share
from earmark.storage.database import Database
from earmark.storage.tenant import Tenant, TenantKey
from earmark.transcripts.types import Segment

_MESSAGES_AT_ONCE = 100
_SEGMENTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SharedChat:
    """A chat as it was when it was shared; its messages are read by `read_messages`."""

    title: str


@dataclass(frozen=True, slots=True)
class SharedRecording:
    """A recording or a part of one; its words are read by `read_segments`."""

    recording: Recording


@dataclass(frozen=True, slots=True)
class SharedMessages:
    """Some messages of a chat, and the recordings that they cite."""

    messages: Sequence[Message]
    recordings: Mapping[str, Recording]


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
        params = {"key_id": share.ends_with_key, "now_us": now_us()}
        if await tenant.whole_tenant().fetch_one(queries.select_key_valid, params) is None:
            raise LinkGoneError
    return tenant, share


async def is_open(database: Database, secret: str) -> bool:
    """Whether a link still is what it was: for what takes long to send."""
    try:
        await open_link(database, secret)
    except LinkGoneError:
        return False
    return True


async def note_opened(tenant: Tenant, share: Share) -> None:
    """Count that a link was opened."""
    async with tenant.writing() as work:
        await work.execute(queries.update_share_opened, {"share_id": share.id, "now_us": now_us()})


async def find_shared(tenant: Tenant, share: Share) -> SharedChat | SharedRecording:
    """Return what a link shows.

    Raises: LinkGoneError if it was deleted meanwhile.
    """
    try:
        if share.session_id is not None:
            session = await get_session(tenant, share.session_id)
            return SharedChat(session.title if share.title is None else share.title)
        return SharedRecording(await get_recording(tenant, share.recording_id or ""))
    except NotFoundError as error:
        raise LinkGoneError from error


async def read_messages(tenant: Tenant, share: Share) -> AsyncIterator[SharedMessages]:
    """Yield a shared chat's messages, some at a time; what took the place of the last one is left out."""
    last_ordinal, after = share.last_ordinal or 0, None
    while after is None or after < last_ordinal:
        page = MessagePage(limit=_MESSAGES_AT_ONCE, after=after)
        batch = await list_messages(tenant, share.session_id or "", page)
        if not batch:
            return
        after = batch[-1].ordinal
        messages = [one for one in batch if _was_shared(share, one, last_ordinal)]
        cited = {part.recording_id for one in messages for part in one.parts if isinstance(part, CitationPart)}
        found = await find_recordings(tenant, sorted(cited)) if cited else []
        yield SharedMessages(messages, {one.id: one for one in found})


def _was_shared(share: Share, message: Message, last_ordinal: int) -> bool:
    if message.ordinal == last_ordinal:
        return share.last_message_id in (None, message.id)
    return message.ordinal < last_ordinal


async def read_segments(tenant: Tenant, share: Share, recording: Recording) -> AsyncIterator[Sequence[Segment]]:
    """Yield the words of a shared recording, or of the part that is shared, some segments at a time."""
    if not share.with_words or recording.transcription_id is None:
        return
    from_ms = -1 if share.start_ms is None else share.start_ms
    before_ms = FOREVER_MS if share.end_ms is None else share.end_ms
    after, is_over = -1, False
    while not is_over:
        part = Stretch(from_ms, before_ms, after, _SEGMENTS_AT_ONCE)
        batch = await list_segments_within(tenant, recording.transcription_id, part)
        is_over = len(batch) < _SEGMENTS_AT_ONCE
        if batch:
            after = batch[-1][0]
            yield [segment for _, segment in batch]


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
