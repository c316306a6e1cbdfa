"""Counts word errors after normalising both texts.

Normalised: lower case; no punctuation or apostrophes; hyphens are spaces; `%` is percent, `per cent` one word,
`mr` mister and `mrs` missus; numbers up to 9,999 in words. Spelling is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SAME = {"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay"}


def normalise(text: str) -> list[str]:
    """Return the words that are compared."""
    text = text.lower().replace("%", " percent ").replace("per cent", "percent")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"['’]", "", text)
    words: list[str] = []
    for word in re.findall(r"[^\W_]+", text):
        if word.isdigit() and len(word) <= 4:
            words += _number(int(word))
        else:
            words.append(_SAME.get(word, word))
    return words


def _number(value: int) -> list[str]:
    if value >= 1_000:
        return [*_number(value // 1_000), "thousand", *(_number(value % 1_000) if value % 1_000 else [])]
    if value >= 100:
        return [_ONES[value // 100], "hundred", *(_number(value % 100) if value % 100 else [])]
    if value < 20:
        return [_ONES[value]]
    return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]


def align(said: Sequence[str], heard: Sequence[str]) -> tuple[int, list[int | None]]:
    """Return the fewest edits, and for each word said the index of the word heard in its place."""
    width = len(heard) + 1
    rows = [list(range(width))]
    for index, word in enumerate(said, 1):
        before, row = rows[-1], [index]
        for at in range(1, width):
            row.append(min(before[at - 1] + (word != heard[at - 1]), before[at] + 1, row[at - 1] + 1))
        rows.append(row)
    places: list[int | None] = [None] * len(said)
    index, at = len(said), len(heard)
    while index and at:
        if rows[index][at] == rows[index - 1][at - 1] + (said[index - 1] != heard[at - 1]):
            index, at = index - 1, at - 1
            places[index] = at
        elif rows[index][at] == rows[index - 1][at] + 1:
            index -= 1
        else:
            at -= 1
    return rows[-1][-1], places
