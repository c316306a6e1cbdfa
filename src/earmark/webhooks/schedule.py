"""When an attempt is made again, and when an endpoint is given up."""

from __future__ import annotations

import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from earmark.clock import to_us

PAUSES_S: Final = (60, 300, 1_800, 7_200, 28_800)
"""After the first attempt, which is made at once, and each one that follows."""
ATTEMPTS: Final = len(PAUSES_S) + 1
_JITTER: Final = 0.1
_LONGEST_S: Final = 24 * 3_600
LATEST_US: Final = (_LONGEST_S + 3_600) * 1_000_000
"""No attempt is set further ahead than this."""
CLOCKS_US: Final = 60_000_000
"""How far the clocks of hosts may be apart: what is further in the future was written before a clock stepped back."""
GIVEN_UP_EVENTS: Final = 20
GIVEN_UP_US: Final = 5 * 24 * 3_600 * 1_000_000


def pause_after(step: int, headers: Mapping[str, str], now_us: int) -> float | None:
    """Return the seconds until the next attempt, None if there is none.

    Args:
        step: how many attempts were made.
        headers: of the answer, if there was one: a longer `Retry-After` is heeded, up to a day.
    """
    if step >= ATTEMPTS:
        return None
    pause_s = PAUSES_S[step - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
    return max(pause_s, min(_LONGEST_S, _asked_for(headers.get("retry-after", ""), now_us)))


def _asked_for(text: str, now_us: int) -> float:
    """Return the seconds that `Retry-After` asks for, as a number or as a time; 0 if it can't be read."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text[:64])
        return (to_us(moment) - now_us) / 1e6
    except (ValueError, TypeError, OverflowError):  # also a time without a zone
        return 0.0
