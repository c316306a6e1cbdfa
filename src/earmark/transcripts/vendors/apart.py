"""Adapters for documents that write words and their times apart: Apple's Voice Memos, IBM Watson."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from earmark.transcripts.drafts import Draft
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.limits import Item
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.vendors.offsets import Unit, is_number, read_offset
from earmark.transcripts.vendors.reading import Reading, get
from earmark.transcripts.vendors.tokens import join_pieces
from earmark.transcripts.vendors.who import name_by_time


def is_apple(document: Any) -> bool:
    """Whether a document is a transcript of Apple's Voice Memos: `attributedString`."""
    held = get(document, "attributedString")
    return bool(list(_apple_runs(held))[:1])


def read_apple(document: Any, repairs: Repairs) -> Reading:
    """Read runs of words with a `timeRange` each, in seconds."""
    rows = [
        {"text": text, "start": times[0], "end": times[1]}
        for text, times in _apple_runs(document["attributedString"])
        if isinstance(times, list) and len(times) == 2 and all(map(is_number, times))
    ]
    drafts = [
        Draft(Item("attributedString", at), row["text"], round(row["start"] * 1_000), round(row["end"] * 1_000))
        for at, row in enumerate(join_pieces(rows))
    ]
    return Reading(drafts, parse_vendor_language(get(document, "locale.identifier")), is_words=True)


def _apple_runs(held: Any) -> Iterator[tuple[str, Any]]:
    """Yield words and what is said of their time: both forms are lists in which one follows the other."""
    table = get(held, "attributeTable")
    runs = get(held, "runs") if isinstance(table, list) else held
    if not isinstance(runs, list):
        return
    for text, mark in zip(runs[::2], runs[1::2], strict=False):
        times = get(table, f"{mark}.timeRange") if isinstance(mark, int) else get(mark, "timeRange")
        if isinstance(text, str) and times is not None:
            yield text, times


def is_watson(document: Any) -> bool:
    """Whether a document is IBM Watson's: `results` with `alternatives` of `timestamps`."""
    results = get(document, "results")
    return isinstance(results, list) and any(isinstance(_watson_times(one), list) for one in results[:20])


def read_watson(document: Any, repairs: Repairs) -> Reading:
    """Read words as `[word, start, end]`, in seconds; who speaks is listed apart, by time."""
    drafts = []
    for index, result in enumerate(document["results"]):
        times = _watson_times(result)
        for word in times if isinstance(times, list) else ():
            if isinstance(word, list) and len(word) == 3 and isinstance(word[0], str):
                start, end = (read_offset(one, Unit.SECONDS) for one in word[1:])
                if start is not None and end is not None:
                    drafts.append(Draft(Item("results", index), word[0], start.ms, end.ms))
    name_by_time(drafts, document, Unit.SECONDS)
    return Reading(drafts, is_words=True)


def _watson_times(result: Any) -> Any:
    return get(result, "alternatives.0.timestamps")
