"""Collects a model's events into an answer's parts, and publishes them to the feed."""

from __future__ import annotations

from collections.abc import Iterable

from earmark.ask.answers.feed import TextAdded, TurnFeed
from earmark.ask.types import CitationPart, Part, TextPart
from earmark.llm.types import Answered, AnswerEvent, CitationMark, Finished, Passage, TextDelta

MOST_CHARACTERS = 200_000
"""More than any answer needs; a model that exceeds it is cut off, with `length`."""


class Draft:
    """Collects a model's events: unknown numbers are dropped, adjacent duplicates merged.

    Text between two citations becomes one part, or as many as the model sent where it `quotes` (the built-in
    model sends a quotation as one delta, so that it stays a part of its own). Each published piece of text
    carries the number of its part, so that a client can rebuild the parts.
    """

    def __init__(self, feed: TurnFeed, passages: Iterable[Passage]) -> None:
        self._feed = feed
        self._passages = {passage.number: passage for passage in passages}
        self._characters = 0
        self.quotes = False
        self.parts: list[Part] = []
        self.finished: Finished | None = None
        self.dropped_citations: int | None = None

    @property
    def answered(self) -> Answered:
        """Whether the question is answered: as the model reports, else by whether anything is cited."""
        if self.finished is not None and self.finished.answered is not None:
            return self.finished.answered
        if any(isinstance(part, CitationPart) for part in self.parts):
            return "yes"
        return "partly" if self.dropped_citations else "no"

    @property
    def is_blank(self) -> bool:
        """Whether there is no visible text yet."""
        return not any(isinstance(part, TextPart) and part.text.strip() for part in self.parts)

    @property
    def is_full(self) -> bool:
        """Whether the answer has reached its maximum length."""
        return self._characters >= MOST_CHARACTERS

    def add(self, event: AnswerEvent) -> None:
        """Add the next event."""
        if isinstance(event, TextDelta):
            self._add_text(event.text, is_key=event.is_key)
        elif isinstance(event, CitationMark):
            self._add_citation(event.number)
        else:
            self.finished = event

    def finish_early(self, reason: str) -> None:
        """End the answer here; the text so far is used."""
        self.finished = Finished(reason)

    def _add_text(self, text: str, *, is_key: bool = False) -> None:
        text = text[: MOST_CHARACTERS - self._characters]
        if not text:
            return
        self._characters += len(text)
        last = self.parts[-1] if self.parts else None
        if isinstance(last, TextPart) and not self.quotes:
            self.parts[-1] = TextPart(last.text + text)
        else:
            self.parts.append(TextPart(text, is_key))
        self._feed.publish(TextAdded(text, len(self.parts) - 1, is_key))

    def _add_citation(self, number: int) -> None:
        passage = self._passages.get(number)
        if passage is None or self.is_blank:
            return
        citation = CitationPart(passage.recording_id, passage.start_ms)
        if self.parts[-1] != citation:
            self.parts.append(citation)
            self._feed.publish(citation)
