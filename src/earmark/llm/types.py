"""What a model is given and what it says. Models get numbered passages and may cite only those numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from earmark.retrieval.types import ChunkHit

Answered = Literal["yes", "partly", "no"]
"""Whether an answer settles its question, comes near it, or says that nothing does."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One segment that may be cited, by its number. Its text is data: quoted, never obeyed.

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

    `question` is what the person sent; `standalone` the same made self-contained from recent turns.
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
    """More words. `is_key`: they answer most directly."""

    text: str
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class CitationMark:
    """The words since the last mark rest on this passage."""

    number: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer. Token counts are 0 where the model does not count.

    `answered` is what the model itself says of it; None: it doesn't say.
    """

    finish_reason: str = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    answered: Answered | None = None


AnswerEvent = TextDelta | CitationMark | Finished


class AnswerModel(Protocol):
    """Writes answers. `provider` and `model` are what the message will say.

    `context_tokens` is how much it reads and writes at once; None: there is no limit.
    """

    provider: str
    model: str
    context_tokens: int | None

    async def fits(self, request: AnswerRequest) -> bool:
        """Whether the request is within the model's context."""
        ...

    def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        """Yield words and citation marks, then one `Finished`.

        Raises: ProviderError when the model fails.
        """
