"""Estimates how long words take to say, and divides a time span among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from earmark.transcripts.limits import MS_PER_WORD

# Scripts written without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han and their punctuation.
# Korean has spaces.
UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff]"
)


def estimate_time_ms(text: str) -> int:
    """Return 400 ms per word, at least 400; unspaced, two characters are a word."""
    tokens = text.split()
    if not text.isascii():
        characters = sum(map(len, tokens))
        if len(UNSPACED.findall(text)) * 2 > characters:
            return max(MS_PER_WORD, characters * MS_PER_WORD // 2)
    return max(MS_PER_WORD, len(tokens) * MS_PER_WORD)


def share_time(start_ms: int, end_ms: int, weights: Sequence[int]) -> list[tuple[int, int]]:
    """Divide a time span into consecutive parts, in proportion to `weights` (all positive).

    Every part lasts at least 1 ms. The last part ends with the span, or later if the span has fewer milliseconds
    than parts: then each lasts exactly 1 ms.
    """
    parts = len(weights)
    end_ms = max(end_ms, start_ms + parts)
    total, duration = sum(weights), end_ms - start_ms
    spans: list[tuple[int, int]] = []
    at_ms = start_ms
    for left, weight in zip(range(parts - 1, -1, -1), accumulate(weights), strict=True):
        fair_ms = start_ms + duration * weight // total
        until_ms = min(max(fair_ms, at_ms + 1), end_ms - left)
        spans.append((at_ms, until_ms))
        at_ms = until_ms
    return spans
