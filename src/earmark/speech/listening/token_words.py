"""Makes timed words of timed tokens, for engines that give their tokens' times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from earmark.speech.listening.engine import HeardWord


@dataclass(frozen=True, slots=True)
class TimedToken:
    """A token with its times in the samples; `text` is its text as it continues the one before."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


def decode_pieces(ids: Sequence[int], decode: Callable[[Sequence[int]], str]) -> list[str]:
    """Return each token's text; the first of several that make one character together has all of it."""
    pieces = [""] * len(ids)
    first = 0
    for end in range(1, len(ids) + 1):
        text = decode(ids[first:end])
        if not text.endswith("\ufffd") or end == len(ids):
            pieces[first] = text.replace("\ufffd", "")
            first = end
    return pieces


def join_tokens(tokens: Sequence[TimedToken], *, has_spaces: bool) -> tuple[HeardWord, ...]:
    """Return words: each begins with a space, or, in languages without them, is a letter with its punctuation."""
    words: list[list[TimedToken]] = []
    for token in tokens:
        is_new = token.text.startswith(" ") or (not has_spaces and any(char.isalnum() for char in token.text))
        if token.text and (is_new or not words):
            words.append([token])
        elif words:
            words[-1].append(token)
    return tuple(_to_word(one) for one in words if "".join(token.text for token in one).strip())


def _to_word(tokens: Sequence[TimedToken]) -> HeardWord:
    text = "".join(token.text for token in tokens)
    probability = sum(token.probability for token in tokens) / len(tokens)
    start_ms = tokens[0].start_ms
    end_ms = max(start_ms, *(token.end_ms for token in tokens))
    return HeardWord(text.strip(), start_ms, end_ms, min(1.0, max(0.0, probability)), text.startswith(" "))
