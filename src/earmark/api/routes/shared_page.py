"""The page of a shared link, read and sent a piece at a time: as much of it is held as its reader has not taken yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.reply import PiecewiseReply, Receive, Reply, Send, leaving
from earmark.api.wire.shared_page import PAGE_HEADERS, foot_of, gone_page, head_of, lines_of, messages_of
from earmark.api.wire.shared_words import WORDS, Words
from earmark.console.site import choose_language
from earmark.sharing.errors import LinkGoneError
from earmark.sharing.opening import (
    SharedChat,
    SharedRecording,
    find_shared,
    note_opened,
    open_link,
    read_messages,
    read_segments,
)
from earmark.sharing.types import Share
from earmark.storage.tenant import Tenant

LINKS = "/s/"


async def page_of(call: Call, token: str) -> Reply:
    """Return the page of a link, or the page that says that it is not valid."""
    try:
        tenant, share = await open_link(call.runtime.database, token)
        call.count_for(tenant)
        shown = await find_shared(tenant, share)
    except LinkGoneError:
        return Reply(404, gone_page(_words_for(call)), PAGE_HEADERS)
    call.hold_stream()
    await note_opened(tenant, share)
    audio_path = f"{LINKS}{token}/audio" if share.with_audio else None
    words = _words_for(call)
    return SharedPage(tenant, share, shown, head_of(share, shown, audio_path, words), words)


def _words_for(call: Call) -> Words:
    """Return the page's words in the language that the browser wants most, as the console's page is."""
    return WORDS[choose_language(call.headers.get(b"accept-language", b"").decode("latin-1"))]


class SharedPage(PiecewiseReply):
    """A link's page."""

    def __init__(
        self, tenant: Tenant, share: Share, shown: SharedChat | SharedRecording, head: str, words: Words
    ) -> None:
        super().__init__(200, headers=PAGE_HEADERS)
        self._tenant, self._share, self._shown, self._head, self._words = tenant, share, shown, head, words

    async def send_pieces(self, send: Send, receive: Receive) -> None:
        """Send the page; end where the reader leaves, or where what is shared is deleted meanwhile."""
        async with leaving(receive) as gone:
            async for piece in self._pieces():
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
            await send({"type": "http.response.body"})

    async def _pieces(self) -> AsyncIterator[str]:
        yield self._head
        if isinstance(self._shown, SharedChat):
            async for some in read_messages(self._tenant, self._share):
                yield messages_of(some, self._words)
        else:
            before: str | None = None
            async for segments in read_segments(self._tenant, self._share, self._shown.recording):
                yield lines_of(segments, self._share, before, self._words)
                before = segments[-1].speaker
        yield foot_of(self._share, self._words)
