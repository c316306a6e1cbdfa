"""Shared links: made, listed, revoked. Their secret is a credential that opens one link and nothing else."""

from __future__ import annotations

from dataclasses import asdict

from earmark.ask.sessions.messages import find_last_message
from earmark.ask.sessions.sessions import get_session
from earmark.clock import now_us
from earmark.identity import audit
from earmark.identity.keys import insert_credential
from earmark.identity.projects import list_tenants
from earmark.identity.types import CONSOLE_LABEL
from earmark.ids import new_id
from earmark.library.end_users import lock_end_user, page_params
from earmark.library.recordings import get_recording
from earmark.library.types import Page
from earmark.media.downloads import list_media
from earmark.sharing import queries
from earmark.sharing.errors import NothingToShareError, ShareLifeError, ShareNotFoundError, TooManySharesError
from earmark.sharing.types import LONGEST_LIFE_US, MOST, USUAL_LIFE_US, Share, ShareFilters, Wanted
from earmark.storage.errors import MissingParentError
from earmark.storage.tenant import Operator, Tenant


async def create_share(tenant: Tenant, wanted: Wanted, *, maker: str) -> tuple[Share, str]:
    """Create a link; return it and its secret, which is not stored. Without `expires_us` it lives a week.

    Args:
        maker: the id of the key that asks for it.

    Raises: SessionNotFoundError, RecordingNotFoundError, NothingToShareError, ShareLifeError, TooManySharesError;
        MissingParentError if the person or what is shared was deleted meanwhile.
    """
    now = now_us()
    expires_us = now + USUAL_LIFE_US if wanted.expires_us is None else wanted.expires_us
    if expires_us > now + LONGEST_LIFE_US:
        raise ShareLifeError
    async with tenant.writing() as work:
        end_user_id, chat = await _look_at(work, wanted)
        number = await lock_end_user(work, end_user_id)
        if number is None:
            raise MissingParentError
        own = work.acting_for(end_user_id, number)
        row = await own.fetch_one(queries.count_shares, {"whose_id": end_user_id, "now_us": now})
        if row is not None and row[0] >= MOST:
            raise TooManySharesError
        secret = await insert_credential(
            own, kind="share", end_user=(end_user_id, number), scopes=frozenset(), expires_us=expires_us
        )
        share = Share(
            new_id("shr"), end_user_id, secret.id, wanted.kind, wanted.session_id, wanted.recording_id,
            wanted.start_ms, wanted.end_ms, int(wanted.with_words), int(wanted.with_audio), *chat, maker,
            await _ending_key(work, maker), now, expires_us, 0, None,
        )  # fmt: skip
        await own.execute(queries.insert_share, asdict(share))
        await audit.record(own, "share.created", share.id, actor=maker)
    return share, secret.secret


async def _look_at(work: Tenant, wanted: Wanted) -> tuple[str, tuple[int | None, str | None, str | None]]:
    """Return whose what is shared is, and of a chat the place and id of its last message, and its title."""
    if wanted.session_id is not None:
        last = await find_last_message(work, wanted.session_id)
        session = await get_session(work, wanted.session_id)
        if last is None:
            raise NothingToShareError("The chat is empty.")
        return session.end_user_id, (last.ordinal, last.id, session.title)
    recording = await get_recording(work, wanted.recording_id or "")
    if recording.transcription_id is None and not wanted.with_audio:
        raise NothingToShareError("The recording has no transcript yet.")
    if wanted.with_audio and not await list_media(work, [recording]):
        raise NothingToShareError("The recording has no audio.")
    return recording.end_user_id, (None, None, None)


async def _ending_key(work: Tenant, maker: str) -> str | None:
    """Return the key that the link ends with: a program's. What a person made lasts beyond a sign-in or a token."""
    row = await work.whole_tenant().fetch_one(queries.select_maker, {"key_id": maker})
    if row is None:
        return None
    kind, label = row
    is_persons = kind in ("token", "session") or (kind == "key" and label == CONSOLE_LABEL)
    return None if is_persons else maker


async def get_share(tenant: Tenant, share_id: str) -> Share:
    """Return a link.

    Raises: ShareNotFoundError.
    """
    row = await tenant.fetch_one(queries.select_share, {"share_id": share_id})
    if row is None:
        raise ShareNotFoundError
    return Share(*row)


async def list_shares(tenant: Tenant, page: Page, filters: ShareFilters) -> list[Share]:
    """Return the links that have not expired, newest first."""
    given = filters.given()
    params = {**given, **page_params(page), "now_us": now_us()}
    shape = {"filters": frozenset(given), "is_continued": page.after is not None}
    return [Share(*row) for row in await tenant.fetch_all(queries.select_shares, params, **shape)]


async def revoke_share(tenant: Tenant, share: Share, *, actor: str) -> None:
    """End a link at once in every process.

    Raises: ShareNotFoundError if it ended meanwhile.
    """
    async with tenant.writing() as work:
        if not await work.execute(queries.delete_share_key, {"key_id": share.key_id}):
            raise ShareNotFoundError
        await audit.record(work, "share.revoked", share.id, actor=actor)


async def sweep(operator: Operator) -> None:
    """Delete links that have expired; what a deleted chat or recording leaves of its links goes then, too."""
    now = now_us()
    for tenant in await list_tenants(operator):
        async with tenant.writing() as work:
            await work.execute(queries.delete_expired_share_keys, {"before_us": now})
