"""Groups timed words into segments, for output of speech services without larger units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from earmark.transcripts.sentences import ends_sentence
from earmark.transcripts.timing import UNSPACED
from earmark.transcripts.types import Segment

_MAX_WORDS: Final = 60
_PAUSE_MS: Final = 2_000


def group_words(words: Iterable[Segment]) -> Iterator[Segment]:
    """Join the words of one speaker's sentence: not across a pause, at most 60.

    Args:
        words: a Segment per word; those without text are skipped.
    """
    group: list[Segment] = []
    for word in words:
        if not word.text:
            continue
        if group and _is_break(group, word):
            yield _join(group)
            group = []
        group.append(word)
    if group:
        yield _join(group)


def _is_break(group: Sequence[Segment], word: Segment) -> bool:
    last = group[-1]
    return (
        word.speaker != last.speaker
        or word.start_ms - last.end_ms >= _PAUSE_MS
        or word.start_ms < last.start_ms  # another channel begins
        or len(group) >= _MAX_WORDS
        or ends_sentence(last.text)
    )


def _join(group: Sequence[Segment]) -> Segment:
    text = group[0].text
    text += "".join(_gap(left.text, right.text) + right.text for left, right in pairwise(group))
    known = [word.confidence for word in group if word.confidence is not None]
    return Segment(
        start_ms=group[0].start_ms,
        end_ms=max(word.end_ms for word in group),
        text=text,
        speaker=group[0].speaker,
        confidence=round(sum(known) / len(known), 4) if len(known) == len(group) else None,
    )


def _gap(left: str, right: str) -> str:
    """Return the space between two words, none in scripts without spaces."""
    return "" if UNSPACED.match(left[-1]) and UNSPACED.match(right[0]) else " "
