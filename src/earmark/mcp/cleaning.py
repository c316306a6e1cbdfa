"""Removes characters from results that can hide text from people, or control a terminal."""

from __future__ import annotations

import re
from typing import Any, Final

_HIDDEN: Final = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
"""C0 and C1 controls but tab and newline; characters without width; bidirectional controls; tags, which spell ASCII
that no person sees. Joiners stay: Persian, Hindi and emoji need them."""


def clean_text(text: str) -> str:
    """Return the text without hidden characters."""
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub("", text)


def cleaned(value: Any) -> Any:
    """Return JSON values with all their strings cleaned."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {name: cleaned(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(one) for one in value]
    return value
