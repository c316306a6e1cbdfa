"""Ids and addresses of moments: `rec_…@ms`, and where the console opens them."""

from __future__ import annotations

import re
from typing import Final

from earmark.clock import local_day, render_offset
from earmark.errors import InvalidError
from earmark.ids import is_id

_ID: Final = re.compile(r"(rec_[A-Za-z0-9]{1,64})(?:@(\d{1,10}))?\Z")
_UNNAMED: Final = "Untitled recording"


class MomentIdError(InvalidError):
    """The id is neither a recording's nor a moment's."""

    def __init__(self) -> None:
        super().__init__("id must be a recording's id, or one of a moment as search returns it.", param="id")


def render_moment_id(recording_id: str, start_ms: int) -> str:
    """Return the id of a moment."""
    return f"{recording_id}@{start_ms}"


def parse_moment_id(text: str) -> tuple[str, int | None]:
    """Return the recording and the millisecond; None for a whole recording.

    Raises: MomentIdError.
    """
    found = _ID.match(text)
    if found is None or not is_id(found[1], "rec"):
        raise MomentIdError
    return found[1], None if found[2] is None else int(found[2])


def recording_url(base_url: str, recording_id: str, start_ms: int | None = None) -> str:
    """Return the console's address of a recording, or of a moment of it."""
    at = "" if start_ms is None else f"?at={start_ms}"
    return f"{base_url}/console/recordings/{recording_id}{at}"


def session_url(base_url: str, session_id: str) -> str:
    """Return the console's address of an Ask session."""
    return f"{base_url}/console/ask/{session_id}"


def title_of(name: str | None, recorded_us: int | None, offset_min: int | None, start_ms: int | None = None) -> str:
    """Return a title of a recording or a moment: its name, the moment, the day."""
    at = "" if start_ms is None else f" @ {render_offset(start_ms)}"
    day = "" if recorded_us is None else f" ({local_day(recorded_us, offset_min)})"
    return f"{name or _UNNAMED}{at}{day}"
