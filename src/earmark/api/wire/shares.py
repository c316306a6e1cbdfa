"""Wire models of shared links."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from earmark.api.wire.common import (
    Body,
    EndUserIdField,
    FutureField,
    ListQuery,
    RecordingIdField,
    SessionIdField,
    Shown,
    is_whole,
)
from earmark.clock import render_time, render_time_or_none
from earmark.sharing.types import LONGEST_MOMENT_MS, Share, Wanted

_MOST_MS = 168 * 3_600_000
OffsetMs = Annotated[int, Field(ge=0, le=_MOST_MS), is_whole]


class ShareBody(Body):
    """What to share: a chat, a recording, or with both offsets a part of one. Without `expires_at` it lives a week."""

    session_id: SessionIdField | None = None
    recording_id: RecordingIdField | None = None
    start_ms: OffsetMs | None = Field(None, description="Of a moment; at most ten minutes before `end_ms`.")
    end_ms: OffsetMs | None = None
    with_audio: bool = Field(False, description="Whether it can be heard; not of a chat.")
    expires_at: FutureField | None = Field(None, description="At most 366 days from now.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.session_id is None) == (self.recording_id is None):
            raise ValueError("must have either a session_id or a recording_id")
        if (self.start_ms is None) != (self.end_ms is None):
            raise ValueError("must have both start_ms and end_ms, or neither")
        if self.session_id is not None and (self.start_ms is not None or self.with_audio):
            raise ValueError("a chat has no moments and no audio")
        if self.start_ms is not None and self.end_ms is not None:
            if not self.start_ms < self.end_ms:
                raise ValueError("start_ms must be before end_ms")
            if self.end_ms - self.start_ms > LONGEST_MOMENT_MS:
                raise ValueError("a moment lasts at most ten minutes")
        return self

    def to_wanted(self, *, with_words: bool) -> Wanted:
        """Return the room's value."""
        return Wanted(
            self.session_id, self.recording_id, self.start_ms, self.end_ms, with_words, self.with_audio, self.expires_at
        )


class ShareQuery(ListQuery):
    """The query of the list of links."""

    end_user_id: EndUserIdField | None = None
    session_id: SessionIdField | None = None
    recording_id: RecordingIdField | None = None


class ShareShown(Shown):
    """A shared link without its address."""

    id: str = Field(examples=["shr_2bCdEfGh1jKlMn0pQrStUvWx"])
    type: Literal["chat", "recording", "moment"]
    end_user_id: str
    session_id: str | None
    recording_id: str | None
    start_ms: int | None
    end_ms: int | None
    with_words: bool = Field(description="Whether it shows the transcript; always true for a chat.")
    with_audio: bool
    made_by: str = Field(description="The id of the key that made it.")
    created_at: str
    expires_at: str
    opened_count: int
    last_opened_at: str | None


class NewShareShown(ShareShown):
    """A new link with its address, which is not shown again."""

    url: str


class SharePage(Shown):
    """A page of links, newest first."""

    data: list[ShareShown]
    has_more: bool
    next_cursor: str | None


def share_to_wire(share: Share) -> dict[str, Any]:
    """Return a link as the API shows it."""
    return {
        "id": share.id,
        "type": share.kind,
        "end_user_id": share.end_user_id,
        "session_id": share.session_id,
        "recording_id": share.recording_id,
        "start_ms": share.start_ms,
        "end_ms": share.end_ms,
        "with_words": bool(share.with_words),
        "with_audio": bool(share.with_audio),
        "made_by": share.made_by,
        "created_at": render_time(share.created_us),
        "expires_at": render_time(share.expires_us),
        "opened_count": share.opened_count,
        "last_opened_at": render_time_or_none(share.last_opened_us),
    }
