"""The built-in model: selects the sentences of the evidence that answer best, verbatim, each cited.

It says so when nothing answers. It cannot invent: every word before a citation is a word of the
cited segment, and whatever a transcript says ("ignore your instructions…") is only ever quoted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby

from earmark.clock import render_time
from earmark.llm.selection import Selected, select_sentences
from earmark.llm.signals import SentenceEmbedder
from earmark.llm.types import AnswerEvent, AnswerRequest, CitationMark, Finished, Passage, TextDelta

NOTHING_FOUND = "Nothing in these recordings answers that."


class ExtractiveModel:
    """`extractive-1`: deterministic, needs no network."""

    provider = "earmark"
    model = "extractive-1"
    context_tokens: int | None = None

    def __init__(self, embedder: SentenceEmbedder | None = None) -> None:
        self._embedder = embedder

    async def fits(self, request: AnswerRequest) -> bool:
        """It reads transcripts of any length."""
        return True

    async def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        """Yield the chosen sentences, grouped by recording, in time order."""
        selected = await asyncio.to_thread(select_sentences, request, self._embedder)
        for event in render_answer(selected):
            yield event
        yield Finished()


def render_answer(selected: Sequence[Selected]) -> Iterator[AnswerEvent]:
    """Yield labels, quotations and citations; a quotation is a delta of its own."""
    if not selected:
        yield TextDelta(NOTHING_FOUND)
        return
    by_recording = [(key, list(group)) for key, group in groupby(selected, key=lambda one: one.passage.recording_id)]
    for index, (_, group) in enumerate(by_recording):
        yield TextDelta(("\n" if index else "") + _heading(group[0].passage) + "\n")
        for one in group:
            yield TextDelta(f"{one.passage.speaker}: “" if one.passage.speaker else "“")
            yield TextDelta(one.text)
            yield CitationMark(one.passage.number)
            yield TextDelta("”\n")


def _heading(passage: Passage) -> str:
    name = passage.recording_name or "Recording"
    return name if passage.recorded_us is None else f"{name} ({render_time(passage.recorded_us)[:10]})"
