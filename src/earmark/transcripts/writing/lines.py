"""Times and words as lines of a file have them."""

from __future__ import annotations

import re
from typing import Final

from earmark.text import printable

_BREAKS: Final = re.compile(r"[\r\n]+")


def clock(offset_ms: int, point: str) -> str:
    """Return a time as `HH:MM:SS`, then milliseconds after `point`."""
    seconds, millis = divmod(offset_ms, 1_000)
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{millis:03}"


def flat(text: str) -> str:
    """Return text as one line, without control characters."""
    return printable(_BREAKS.sub(" ", text))
