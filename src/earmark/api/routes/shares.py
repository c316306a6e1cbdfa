"""`/v1/shares`: read-only links to a chat, a recording or a moment; `/s/{token}`: what whoever has a link sees."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.routes.shared_audio import audio_of
from earmark.api.routes.shared_page import LINKS, page_of
from earmark.api.wire.shares import NewShareShown, ShareBody, SharePage, ShareQuery, ShareShown, share_to_wire
from earmark.errors import ConflictError, NotFoundError
from earmark.identity.access import ScopeMissingError, require_scope
from earmark.identity.sign_in import rate_slot
from earmark.limits.admission import refuse_if_exceeded
from earmark.sharing.errors import ShareNotFoundError
from earmark.sharing.links import create_share, get_share, list_shares, revoke_share
from earmark.sharing.types import Share, ShareFilters

_CHATS, _RECORDINGS, _WORDS = "ask:read", "recordings:read", "transcriptions:read"


routes = Routes("Shared links")
links = Routes("Shared links", prefix="")
_OPEN = Rules(None, retry="none")


def _authorise(call: Call, body: ShareBody) -> None:
    """A link shows no more than its maker may see.

    Raises: ScopeMissingError.
    """
    require_scope(call.caller, _CHATS if body.recording_id is None else _RECORDINGS)
    if body.recording_id is not None and not body.with_audio:
        require_scope(call.caller, _WORDS)


@routes.add("POST", "/shares", Rules(ANY_SCOPE, authorise=_authorise, retry="secret"), answers={201: NewShareShown},
            errors=[NotFoundError, ConflictError])  # fmt: skip
async def create_shared_link(call: Call, body: ShareBody) -> Reply:
    """Create a link that shows a chat as it is now, a recording, or a part of one to whoever has it.

    It needs `ask:read` for a chat, `recordings:read` for a recording; the transcript is shown if the key may read
    transcripts. A link made with a program's key ends when that key is revoked or expires.
    """
    wanted = body.to_wanted(with_words=body.recording_id is None or call.caller.may(_WORDS))
    share, secret = await create_share(call.tenant, wanted, maker=call.caller.key_id)
    return json_reply({**share_to_wire(share), "url": f"{call.base_url}{LINKS}{secret}"}, 201)


@routes.add("GET", "/shares", Rules(ANY_SCOPE), answers={200: SharePage})
async def list_shared_links(call: Call, query: ShareQuery) -> Reply:
    """List the links in use, newest first, without their addresses: those to what the key may read."""
    may_chats, may_recordings = _may_see(call)
    narrowed = {"only_chats": None if may_recordings else True, "only_recordings": None if may_chats else True}
    asked = ShareFilters(query.end_user_id, query.session_id, query.recording_id, **narrowed)
    return await page_reply(
        call, "shares", query, asked,
        fetch=lambda page: list_shares(call.tenant, page, asked),
        position_of=lambda share: (share.created_us, share.id),
        to_wire=share_to_wire,
    )  # fmt: skip


def _may_see(call: Call) -> tuple[bool, bool]:
    """Return whether the caller may see links to chats, and to recordings.

    Raises: ScopeMissingError if neither.
    """
    may_chats, may_recordings = call.caller.may(_CHATS), call.caller.may(_RECORDINGS)
    if not (may_chats or may_recordings):
        raise ScopeMissingError(_CHATS)
    return may_chats, may_recordings


async def _find(call: Call, share_id: str) -> Share:
    """Return a link; one to what the caller may not read is none to it, as in the list.

    Raises: ScopeMissingError, ShareNotFoundError.
    """
    may_chats, may_recordings = _may_see(call)
    share = await get_share(call.tenant, share_id)
    if not (may_recordings if share.session_id is None else may_chats):
        raise ShareNotFoundError
    return share


@routes.add("GET", "/shares/{share_id}", Rules(ANY_SCOPE, {"share_id": "shr"}), answers={200: ShareShown},
            errors=[NotFoundError])  # fmt: skip
async def get_shared_link(call: Call, share_id: str) -> Reply:
    """Get a link, without its address."""
    return json_reply(share_to_wire(await _find(call, share_id)))


@routes.add("DELETE", "/shares/{share_id}", Rules(ANY_SCOPE, {"share_id": "shr"}), answers={204: None},
            errors=[NotFoundError])  # fmt: skip
async def delete_shared_link(call: Call, share_id: str) -> Reply:
    """End a link, at once."""
    await revoke_share(call.tenant, await _find(call, share_id), actor=call.caller.key_id)
    return no_content()


@links.add("GET", "/s/{token}", _OPEN, answers={200: None}, is_described=False)
async def open_shared_link(call: Call, token: str) -> Reply:
    """Show what a link shares, as a page."""
    refuse_if_exceeded(call.runtime.rates.links.count(rate_slot(call.client_host)))
    return await page_of(call, token)


@links.add("GET", "/s/{token}/audio", _OPEN, answers={200: None, 206: None}, is_described=False)
async def open_shared_audio(call: Call, token: str) -> Reply:
    """Play what a link shares: a whole recording, or a clip that holds its moment only."""
    refuse_if_exceeded(call.runtime.rates.links.count(rate_slot(call.client_host)))
    return await audio_of(call, token)
