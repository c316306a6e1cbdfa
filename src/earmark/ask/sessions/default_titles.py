"""Default titles of sessions."""

from __future__ import annotations

from earmark.ask.types import NEW_CHAT, TITLE_LIMIT
from earmark.text import cut_utf16, trim


def title_from_question(content: str) -> str:
    """Return the default title: the question, trimmed, cut at 200 UTF-16 units."""
    return trim(cut_utf16(trim(content), TITLE_LIMIT)) or NEW_CHAT
