"""Frozen values of sharing, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from earmark.library.types import Filters

DAY_US: Final = 86_400_000_000
USUAL_LIFE_US: Final = 7 * DAY_US
LONGEST_LIFE_US: Final = 366 * DAY_US
LONGEST_MOMENT_MS: Final = 600_000
MOST: Final = 1_000
"""Links in use of one person."""
Kind = Literal["chat", "recording", "moment"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to share: a session, a recording, or a part of one. Offsets are set together.

    `with_words`: whether the maker may read transcripts, without which a link has a recording's audio only.
    """

    session_id: str | None = None
    recording_id: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    with_words: bool = True
    with_audio: bool = False
    expires_us: int | None = None

    @property
    def kind(self) -> Kind:
        """What the link shows."""
        if self.session_id is not None:
            return "chat"
        return "recording" if self.start_ms is None else "moment"


@dataclass(frozen=True, slots=True)
class Share:
    """A shared link. Its fields are the columns, in order.

    `last_ordinal` is the last message that a chat's link shows: what is said later stays private, and so does another
    answer in the place of `last_message_id`. The end of `ends_with_key`, if there is one, ends the link.
    """

    id: str
    end_user_id: str
    key_id: str
    kind: Kind
    session_id: str | None
    recording_id: str | None
    start_ms: int | None
    end_ms: int | None
    with_words: int
    with_audio: int
    last_ordinal: int | None
    last_message_id: str | None
    title: str | None
    made_by: str
    ends_with_key: str | None
    created_us: int
    expires_us: int
    opened_count: int
    last_opened_us: int | None


@dataclass(frozen=True, slots=True)
class ShareFilters(Filters):
    """Narrows a list of links. `only_chats` and `only_recordings` are True or not set."""

    end_user_id: str | None = None
    session_id: str | None = None
    recording_id: str | None = None
    only_chats: bool | None = None
    only_recordings: bool | None = None
