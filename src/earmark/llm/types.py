"""Requests to answer models and their events. Models may cite only the numbered passages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from earmark.retrieval.types import ChunkHit

Answered = Literal["yes", "partly", "no"]
"""Whether an answer answers its question, partly answers it, or says that nothing does."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One segment that may be cited, by its number. Its text is data, never an instruction.

    `ordinal` is the segment's place in its recording: two that differ by 1 follow each other.
    """

    number: int
    recording_id: str
    recording_name: str | None
    recorded_us: int | None
    start_ms: int
    end_ms: int
    speaker: str | None
    text: str
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class PastTurn:
    """One earlier message of the session."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question ready to be answered.

    `question` is what the person sent; `standalone` is the same, self-contained.
    `hits` are the moments found, best first; `passages` number the segments that may be cited:
    those of the hits and around them, or of the whole transcript (`is_whole_transcript`). `whole` names the recordings
    all of whose segments are among them; `asker` are the index terms of the name of the person who asks.
    """

    question: str
    standalone: str
    language: str | None
    history: Sequence[PastTurn]
    hits: Sequence[ChunkHit]
    passages: Sequence[Passage]
    is_whole_transcript: bool
    whole: frozenset[str] = frozenset()
    asker: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text. `is_key`: it answers most directly."""

    text: str
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class CitationMark:
    """A citation of a passage for the text since the last mark."""

    number: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer. Token counts are 0 where the model does not count.

    `answered` is the model's own assessment; None if it gives none.
    """

    finish_reason: str = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    answered: Answered | None = None


AnswerEvent = TextDelta | CitationMark | Finished


class AnswerModel(Protocol):
    """Generates answers. `provider` and `model` are recorded in the message.

    `context_tokens` limits prompt and answer together; None means no limit.
    """

    provider: str
    model: str
    context_tokens: int | None

    async def fits(self, request: AnswerRequest) -> bool:
        """Whether the request fits the model's context."""
        ...

    def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        """Yield text and citation marks, then one `Finished`.

        Raises: ProviderError when the model fails.
        """
