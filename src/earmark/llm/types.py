"""Requests to answer models and their events. Models may cite only the numbered passages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from earmark.clock import local_day
from earmark.retrieval.types import ChunkHit

if TYPE_CHECKING:
    from earmark.llm.prompt import Prompt

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
    recorded_offset_min: int | None = None

    @property
    def day(self) -> str | None:
        """The day it was recorded, as it was there: `2026-05-20`."""
        return None if self.recorded_us is None else local_day(self.recorded_us, self.recorded_offset_min)


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


@dataclass(frozen=True, slots=True)
class Composed:
    """A text that a model wrote at once, and how it ended."""

    text: str
    finished: Finished


class Writer(Protocol):
    """Writes short texts of its own: titles, suggestions."""

    async def write(self, prompt: Prompt, answer_tokens: int) -> str:
        """Return the text.

        Raises: ProviderError when the model fails.
        """
        ...

    async def compose(self, prompt: Prompt, schema: Mapping[str, Any] | None = None) -> Composed:
        """Return a text as long as an answer, and what it cost.

        Args:
            schema: a JSON schema of the text, which models that can be held to one are held to.

        Raises: ProviderError or ContextTooLargeError when the model fails.
        """
        ...

    @property
    def room_tokens(self) -> int:
        """The most tokens that a prompt may have."""
        ...


class AnswerModel(Protocol):
    """Generates answers. `provider` and `model` are recorded in the message.

    `context_tokens` limits prompt and answer together; None means no limit. `quotes`: what stands before a citation
    are words of the passage, each quotation a delta of its own; else its citations are checked.
    """

    provider: str
    model: str
    context_tokens: int | None
    quotes: bool

    @property
    def writer(self) -> Writer | None:
        """What writes short texts with this model; None if it can only quote."""
        ...

    async def fits(self, request: AnswerRequest) -> bool:
        """Whether the request fits the model's context."""
        ...

    def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        """Yield text and citation marks, then one `Finished`.

        Raises: ProviderError when the model fails.
        """
