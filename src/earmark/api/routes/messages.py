"""`/v1/ask/sessions/{id}/messages`: reading stored questions and answers."""

from __future__ import annotations

from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.sessions import BY_ID, session_exists
from earmark.api.routes.turns import BY_IDS, message_exists
from earmark.api.wire.messages import MessageListQuery, MessagePageShown, MessageQuery, MessageShown
from earmark.api.wire.search import chunk_to_wire
from earmark.api.wire.turns import message_to_wire
from earmark.ask.sessions import messages
from earmark.ask.sessions.messages import MessagePage
from earmark.ask.types import Message, Source
from earmark.errors import NotFoundError
from earmark.library.types import Filters, Page

routes = Routes("Ask messages")


@routes.add("GET", "/ask/sessions/{session_id}/messages", Rules("ask:read", BY_ID, session_exists),
            answers={200: MessagePageShown}, errors=[NotFoundError])  # fmt: skip
async def list_messages(call: Call, session_id: str, query: MessageListQuery) -> Reply:
    """List a session's messages, oldest first unless `order=desc`."""
    shown_sources: dict[str, list[Source]] = {}

    async def fetch(page: Page) -> list[Message]:
        after = None if page.after is None else page.after[0]
        asked = MessagePage(page.limit, after, query.order == "desc")
        found = await messages.list_messages(call.tenant, session_id, asked)
        if query.include == "sources":
            shown_sources.update(await messages.list_sources(call.tenant, session_id, found))
        return found

    return await page_reply(
        call,
        f"ask.messages.{session_id}.{query.order}",
        query,
        Filters(),
        fetch=fetch,
        position_of=lambda message: (message.ordinal, ""),
        to_wire=lambda message: _with_sources(message, shown_sources, query.include),
    )


def _with_sources(message: Message, sources: dict[str, list[Source]], include: str | None) -> dict[str, Any]:
    shown = message_to_wire(message)
    if include == "sources" and message.role == "assistant":
        shown["sources"] = [chunk_to_wire(source) for source in sources.get(message.id, ())]
    return shown


@routes.add("GET", "/ask/sessions/{session_id}/messages/{message_id}", Rules("ask:read", BY_IDS, message_exists),
            answers={200: MessageShown}, errors=[NotFoundError])  # fmt: skip
async def get_message(call: Call, session_id: str, message_id: str, query: MessageQuery) -> Reply:
    """Show one message."""
    message = await messages.get_message(call.tenant, session_id, message_id)
    sources = await messages.list_sources(call.tenant, session_id, [message]) if query.include else {}
    return json_reply(_with_sources(message, sources, query.include))
