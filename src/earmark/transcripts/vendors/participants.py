"""Who took part, as documents of meeting tools list it beside the words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from earmark.transcripts.limits import MAX_SPEAKER_UNITS, is_longer
from earmark.transcripts.vendors.reading import get

_LISTS: Final = ("participants", "attendees", "meeting_attendees", "meetingAttendees", "invitees", "calendar_invitees")
_WITHIN: Final = ("", "meeting.", "transcript.", "data.", "data.transcript.")
_NAMES: Final = ("displayName", "display_name", "full_name", "name", "email")
_MOST: Final = 100


def participants_in(document: Any) -> list[str]:
    """Return the names that a document lists, else their addresses, each once and at most 100."""
    for path in (f"{within}{key}" for within in _WITHIN for key in _LISTS):
        people = get(document, path)
        if isinstance(people, list) and (names := list(dict.fromkeys(_names(people)))):
            return names[:_MOST]
    return []


def _names(people: list[Any]) -> Iterable[str]:
    for one in people:
        values = [one.get(key) for key in _NAMES] if isinstance(one, dict) else [one]
        name = next((value.strip() for value in values if isinstance(value, str) and value.strip()), None)
        if name is not None and not is_longer(name, MAX_SPEAKER_UNITS):
            yield name
