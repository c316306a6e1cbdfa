"""`/v1/ask/search`: words in chats."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply
from earmark.api.wire.ask_search import AskSearchQuery, FoundMessagePage, found_to_wire
from earmark.ask.sessions.message_search import FoundMessage, search_messages
from earmark.ask.types import FoundFilters
from earmark.library.end_users import narrow_to_end_user
from earmark.library.errors import EndUserNotFoundError
from earmark.library.types import Page

routes = Routes("Ask sessions")


@routes.add("GET", "/ask/search", Rules("ask:read"), answers={200: FoundMessagePage})
async def search_chats(call: Call, query: AskSearchQuery) -> Reply:
    """Find messages in one end user's chats that have all words of `q`, newest first.

    A word of `q` finds the words that begin with it, in any case. Without a letter or digit in `q` the page is empty.
    """
    try:
        tenant = await narrow_to_end_user(call.tenant, query.end_user_id)
    except EndUserNotFoundError:
        tenant = None

    async def fetch(page: Page) -> list[FoundMessage]:
        return [] if tenant is None else await search_messages(tenant, page, query.q)

    owner = "" if tenant is None else tenant.end_user_id or ""
    return await page_reply(
        call,
        "ask.search",
        query,
        asked_filters(query, FoundFilters),
        fetch=fetch,
        position_of=lambda found: (found.created_us, found.message_id),
        to_wire=lambda found: found_to_wire(found, owner),
    )
