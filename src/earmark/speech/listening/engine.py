"""What a speech engine is: samples in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE: Final = 16_000
"""Samples a second."""


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word with its times, counted from the first of the samples."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None
    has_space: bool = True
    """Whether a space precedes it; not in Chinese, Japanese, Thai and the like."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an engine made of some samples."""

    text: str
    language: str | None
    """A BCP 47 tag, or None if the engine doesn't say."""
    confidence: float | None
    """From 0 to 1: the geometric mean of the tokens' probabilities."""
    words: tuple[HeardWord, ...] | None = None
    """The words of `text` in order, if the engine gives times."""
    is_loop: bool = False
    """Whether the engine was stopped because it repeated itself; `text` has the repetitions removed."""


class Engine(Protocol):
    """A loaded model; one thread calls it."""

    @property
    def least_confidence(self) -> float:
        """Passages below this plausibility are not shown; 0: the engine is trusted."""

    @property
    def is_judge_of_language(self) -> bool:
        """Whether speech of low plausibility is taken for a language that the engine does not know."""

    def transcribe(self, samples: NDArray[np.float32], language: str | None) -> Heard:
        """Transcribe at most 30 s of mono samples in -1..1 at `RATE`."""
