"""The built-in model: quotes the answering exchange verbatim and cites each turn.

It says so when nothing answers. It cannot invent text: every word before a citation is in the cited
segment, and instructions inside a transcript ("ignore your instructions…") are only quoted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby

from earmark.answers.answer import Answer, compose_answer
from earmark.answers.features import SentenceEmbedder
from earmark.answers.scoring import SentenceReader
from earmark.answers.selection import Run
from earmark.answers.sentences import Sentence, words_in
from earmark.computing.threads import compute
from earmark.llm.types import AnswerEvent, AnswerRequest, CitationMark, Finished, Passage, TextDelta

_KEY_WORDS = 24
"""A turn of at most this many words is marked whole if it contains the key sentence."""


class ExtractiveModel:
    """`extractive-2`: deterministic, works without a network."""

    provider = "earmark"
    model = "extractive-2"
    context_tokens: int | None = None
    quotes = True
    writer = None

    def __init__(self, embedder: SentenceEmbedder | None = None, reader: SentenceReader | None = None) -> None:
        self._embedder = embedder
        self._reader = reader

    async def fits(self, request: AnswerRequest) -> bool:
        """Return True: it reads transcripts of any length."""
        return True

    async def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        """Yield the exchange, grouped by recording, in time order."""
        answer = await compute(compose_answer, request, self._reader, self._embedder)
        for event in render_answer(answer):
            yield event
        yield Finished(answered=answer.answered)


def render_answer(answer: Answer) -> Iterator[AnswerEvent]:
    """Yield labels, quotations and citations; each quotation is a separate delta."""
    if answer.lead:
        yield TextDelta(answer.lead)
    by_recording = groupby(answer.runs, key=lambda run: run.sentences[0].passage.recording_id)
    for index, (recording_id, runs) in enumerate(by_recording):
        listed = list(runs)
        heading = _heading(listed[0].sentences[0].passage) + (", latest" if recording_id == answer.latest else "")
        yield TextDelta(("\n" if index else "") + heading + "\n")
        for number, run in enumerate(listed):
            if number:
                yield TextDelta("…\n")
            yield from _render_run(run, answer.key)


def _render_run(run: Run, key: Sentence | None) -> Iterator[AnswerEvent]:
    for sentences in turns_of(run):
        passage = sentences[0].passage
        yield TextDelta(f"{passage.speaker}: “" if passage.speaker else "“")
        end = None
        for start, stop, is_key in pieces_of(sentences, key):
            if end is not None and start > end:
                yield TextDelta(passage.text[end:start])
            yield TextDelta(passage.text[start:stop], is_key=is_key)
            yield CitationMark(passage.number)
            end = stop
        yield TextDelta("”\n")


def turns_of(run: Run) -> Iterator[list[Sentence]]:
    """Yield the sentences of each turn of a run."""
    for _, turn in groupby(run.sentences, key=lambda one: one.passage.number):
        yield list(turn)


def pieces_of(sentences: Sequence[Sentence], key: Sentence | None) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, stop, is key): the characters before, in and after the key sentence."""
    start, stop = sentences[0].position, sentences[-1].end
    if key is None or key not in sentences:
        yield start, stop, False
        return
    if words_in(sentences) <= _KEY_WORDS:
        yield start, stop, True
        return
    at = sentences.index(key)
    if at:
        yield start, sentences[at - 1].end, False
    yield key.position, key.end, True
    if at + 1 < len(sentences):
        yield sentences[at + 1].position, stop, False


def _heading(passage: Passage) -> str:
    name = passage.recording_name or "Recording"
    return name if passage.day is None else f"{name} ({passage.day})"
