"""Wire models of `GET /v1/ask/search`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from earmark.api.wire.common import CursorQuery, EndUserIdField, Shown
from earmark.ask.sessions.message_search import FoundMessage
from earmark.clock import render_time
from earmark.lengths import check_length


class AskSearchQuery(CursorQuery):
    """Words to find in one end user's chats."""

    q: Annotated[str, check_length(0, 200)] = Field(
        description="Words that a message has: each is the beginning of one of its words, in any case."
    )
    end_user_id: EndUserIdField | None = Field(
        None, description="Whose chats; required unless the credential is of one end user."
    )


class FoundMessageShown(Shown):
    """A message that has the words."""

    end_user_id: str
    session_id: str = Field(examples=["as_7YbQm2XkT4vLw9NzRc1HsJ5d"])
    session_title: str = Field(examples=["What did I commit to this week?"])
    message_id: str
    role: Literal["user", "assistant"]
    snippet: str = Field(description="The message around the first of the words, in one line, at most about 200.")
    created_at: str


class FoundMessagePage(Shown):
    """A page of messages, newest first."""

    data: list[FoundMessageShown]
    has_more: bool
    next_cursor: str | None


def found_to_wire(found: FoundMessage, end_user_id: str) -> dict[str, Any]:
    """Return a message that was found in an end user's chats."""
    return {
        "end_user_id": end_user_id,
        "session_id": found.session_id,
        "session_title": found.session_title,
        "message_id": found.message_id,
        "role": found.role,
        "snippet": found.snippet,
        "created_at": render_time(found.created_us),
    }
