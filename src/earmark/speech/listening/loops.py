"""Finds where an engine repeats itself: what it writes when it does not understand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_LOOP_TOKENS: Final = 12
_LOOP_REPEATS: Final = 4


def loop_length(tokens: Sequence[int]) -> int:
    """Return how many tokens at the end repeat those before them, 0 if it is no loop.

    A loop is a phrase that occurs at least 4 times in a row and 12 tokens in all.
    """
    for size in range(1, len(tokens) // _LOOP_REPEATS + 1):
        repeats = max(_LOOP_REPEATS, -(-_LOOP_TOKENS // size))
        if len(tokens) < size * repeats:
            continue
        phrase = list(tokens[-size:])
        if list(tokens[-size * repeats :]) == phrase * repeats:
            return size * (repeats - 1)
    return 0


def cut_loop(tokens: Sequence[int]) -> tuple[list[int], bool]:
    """Return the tokens up to the first loop's first phrase, and whether there is a loop.

    For engines that answer with all their tokens at once.
    """
    for end in range(_LOOP_TOKENS, len(tokens) + 1):
        if length := loop_length(tokens[:end]):
            return list(tokens[: end - length]), True
    return list(tokens), False
