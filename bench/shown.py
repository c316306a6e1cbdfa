"""Judges what an answer shows of the gold spans: a proxy for people's judgement.

A place is shown if at least 80 % of its tokens are quoted (if the speaker is the answer: if the turn is quoted); a
question is shown if all places of one alternative are. Refusing an answerable question shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.asked import Place, Query, Source

_TOKEN: Final = re.compile(r"\w+")
ENOUGH: Final = 0.8
Quoted = Mapping[tuple[str, int], Sequence[tuple[int, int]]]
"""(recording id, segment) -> the quoted character ranges."""


@dataclass(frozen=True)
class Judged:
    """One answer compared with its gold."""

    kind: str
    is_answerable: bool
    answered: str
    is_shown: bool
    is_partly_shown: bool
    is_key: bool
    words: int
    echoes: int
    has_several: bool


def judge(source: Source, query: Query, answered: str, quoted: Quoted, key: Quoted, words: int, echoes: int) -> Judged:
    """Compare the quotations with the gold."""
    refused = answered == "no"
    shown = not refused and any(all(is_shown(source, one, quoted) for one in places) for places in query.gold)
    partly = not refused and any(is_shown(source, one, quoted) for places in query.gold for one in places)
    by_key = not refused and any(all(is_shown(source, one, key) for one in places) for places in query.gold)
    several = bool(query.gold) and min(len(places) for places in query.gold) > 1
    return Judged(query.kind, bool(query.gold), answered, shown, partly, by_key, words, echoes, several)


def is_shown(source: Source, place: Place, quoted: Quoted) -> bool:
    """Whether a gold place is shown."""
    library = source.library
    runs = quoted.get((library.entries[place.recording].recording_id, place.segment), ())
    if place.is_speaker:
        return bool(runs)
    text = library.recorded[place.recording].segments[place.segment].text
    tokens = [(match.start(), match.end()) for match in _TOKEN.finditer(text, place.start, place.end)]
    if not tokens:
        return bool(runs)
    seen = sum(any(start <= first and last <= end for start, end in runs) for first, last in tokens)
    return seen >= ENOUGH * len(tokens)


def share(values: Iterable[bool]) -> float:
    """Return the share of true values, nan if there are none."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")
