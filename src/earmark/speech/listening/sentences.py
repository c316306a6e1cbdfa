"""Divides timed words into segments of about a sentence: a citation opens at a segment's start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.speech.listening.engine import HeardWord
from earmark.speech.listening.timing import CLAUSE_ENDS, SENTENCE_ENDS

_LONGEST_MS: Final = 15_000
_MOST_CHARS: Final = 300
_PAUSES_MS: Final = ((6_000, 350), (3_000, 600), (0, 1_000))
"""Which pause ends a segment even within a clause, from which length of the segment on: a citation opens at a segment's
start, and the words of a long one may be seconds from it."""
_CLAUSE_PAUSE_MS: Final = 600
"""A pause that ends a segment after a clause."""
_LEAST_WORDS: Final = 3
"""A shorter sentence joins the next one, unless a pause follows."""
_SHORT_PAUSE_MS: Final = 200
_ABBREVIATIONS: Final = frozenset({"mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "no.", "vs.", "e.g.", "i.e."})


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, or a part of a long one, of one channel."""

    start_ms: int
    end_ms: int
    text: str
    channel: int
    confidence: float | None


def split_sentences(words: Sequence[HeardWord], channel: int, confidence: float | None) -> Iterator[Segment]:
    """Yield segments in order; every word is in one of them."""
    taken: list[HeardWord] = []
    for index, word in enumerate(words):
        taken.append(word)
        following = words[index + 1] if index + 1 < len(words) else None
        if following is None or _ends(taken, following):
            text = "".join(f" {one.text}" if one.has_space else one.text for one in taken).strip()
            yield Segment(taken[0].start_ms, word.end_ms, text, channel, _confidence(taken, confidence))
            taken = []


def _ends(taken: Sequence[HeardWord], following: HeardWord) -> bool:
    last = taken[-1]
    pause_ms = following.start_ms - last.end_ms
    length_ms = last.end_ms - taken[0].start_ms
    within_clause_ms = next(pause for least, pause in _PAUSES_MS if length_ms >= least)
    if pause_ms >= (min(_CLAUSE_PAUSE_MS, within_clause_ms) if last.text.endswith(CLAUSE_ENDS) else within_clause_ms):
        return True
    if following.end_ms - taken[0].start_ms > _LONGEST_MS:
        return True
    if sum(len(one.text) + 1 for one in taken) + len(following.text) > _MOST_CHARS:
        return True
    bare = last.text.rstrip("\"')”’")
    if not bare.endswith(SENTENCE_ENDS) or bare.lower() in _ABBREVIATIONS:
        return False
    return len(taken) >= _LEAST_WORDS or pause_ms >= _SHORT_PAUSE_MS


def _confidence(words: Sequence[HeardWord], otherwise: float | None) -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else otherwise
