"""Segments of what a vendor answered, within the part of the audio that it was sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from earmark.errors import InvalidError
from earmark.transcripts.drafts import settle
from earmark.transcripts.normalise import clean_text
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.sentences import split_sentences
from earmark.transcripts.timing import estimate_time_ms, share_time
from earmark.transcripts.types import Segment
from earmark.transcripts.vendors.reading import Reading
from earmark.transcripts.vendors.shapes import ADAPTERS
from earmark.transcripts.words import group_words

_ADAPTERS: Final = {one.format: one for one in ADAPTERS}
_COPY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class UnreadableAnswerError(Exception):
    """An answer is not of the form that the vendor documents."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor heard in a part: times are from the part's beginning."""

    segments: tuple[Segment, ...]
    language: str | None = None
    copy_id: str | None = None


def read_answer(form: str, document: Any, length_ms: int) -> Answer:
    """Read a vendor's JSON.

    Args:
        form: the name of one of the formats of transcripts.
        length_ms: the length of the part; times beyond it are cut to it.

    Raises: UnreadableAnswerError.
    """
    adapter = _ADAPTERS[form]
    try:
        if not adapter.recognises(document):
            raise UnreadableAnswerError
        reading = adapter.read(document, Repairs())
        segments = _segments(reading, length_ms)
    except (InvalidError, AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableAnswerError from error
    return Answer(within(segments, length_ms), reading.language)


def _segments(reading: Reading, length_ms: int) -> tuple[Segment, ...]:
    if reading.text is not None:
        return estimate(reading.text, length_ms)
    drafts = [draft for draft in reading.drafts if clean_text(draft.text)]
    if not drafts:
        return ()
    return _settle(drafts, group_words) if reading.is_words else _settle(drafts, iter)


def _settle(drafts: list[Any], join: Callable[[Iterable[Segment]], Iterable[Segment]]) -> tuple[Segment, ...]:
    return settle(drafts, Repairs(), join=join)


def estimate(text: str, length_ms: int) -> tuple[Segment, ...]:
    """Return a segment for each sentence, which share the time of the part by their lengths."""
    sentences = [one for one in map(clean_text, split_sentences(text)) if one]
    if not sentences:
        return ()
    spans = share_time(0, length_ms, [estimate_time_ms(one) for one in sentences])
    return tuple(Segment(start, end, words) for (start, end), words in zip(spans, sentences, strict=True))


def within(segments: Iterable[Segment], length_ms: int) -> tuple[Segment, ...]:
    """Cut the times of segments to the part: nothing is said after the audio's end."""
    last_ms = max(0, length_ms - 1)
    return tuple(
        replace(one, start_ms=min(one.start_ms, last_ms), end_ms=max(min(one.end_ms, length_ms), 1)) for one in segments
    )


def read_copy_id(value: Any) -> str | None:
    """Return a vendor's id if it is one that can be stored and stand in a path."""
    return value if isinstance(value, str) and _COPY_ID.fullmatch(value) else None
