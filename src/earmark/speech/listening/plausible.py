"""Tells speech that the engine understood from nonsense: noise, music, and languages that it doesn't know.

An engine that is given what it can't transcribe still writes sentences, with low likelihood and many repetitions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from earmark.speech.listening.engine import Engine, Heard

_ENOUGH_MS: Final = 20_000
"""Speech after which the language is decided."""
_SOME_MS: Final = 5_000
"""With less speech in the whole recording than this, the engine is given the benefit of the doubt."""
_LEAST_MS: Final = 1_000
_MOST_WORDS_PER_S: Final = 8.0
"""Nobody speaks faster; short runs may be a little shorter than their words."""
_SLACK_WORDS: Final = 3
_REPETITION_WEIGHT: Final = 0.5
_NOTHING: Final = 0.01
_FLOOR_SHARE: Final = 0.8
"""A short passage's plausibility varies more than a recording's: it may be so much lower."""
_WORD: Final = re.compile(r"[\w']+")


def plausibility(heard: Heard) -> float:
    """Return from 0 to 1 how well the engine understood: its confidence, lowered by repetition."""
    if heard.confidence is None:
        return 1.0
    return heard.confidence * (1 - _REPETITION_WEIGHT * repetition(_WORD.findall(heard.text.lower())))


def repetition(words: Sequence[str]) -> float:
    """Return the share of the pairs of neighbouring words that occurred before."""
    pairs = list(pairwise(words))
    return 1 - len(set(pairs)) / len(pairs) if pairs else 0.0


def is_plausible(heard: Heard, speech_ms: int, engine: Engine) -> bool:
    """Whether a passage's text may be shown."""
    words = _WORD.findall(heard.text)
    if not words or len(words) > _SLACK_WORDS + speech_ms / 1_000 * _MOST_WORDS_PER_S:
        return False
    return plausibility(heard) >= engine.least_confidence * _FLOOR_SHARE


class Judge:
    """Decides from the first passages whether the engine understands the recording's language.

    Args:
        engine: one that is no judge of languages is trusted.
        is_understood: whether that was decided before, by what is not heard again.
    """

    def __init__(self, engine: Engine, *, is_understood: bool = False) -> None:
        self._least = engine.least_confidence
        self._speech_ms = 0
        self._sum = 0.0
        self.verdict: bool | None = None if engine.is_judge_of_language and not is_understood else True
        """Whether the language is understood; None: not decided yet."""

    def take(self, heard: Heard, speech_ms: int) -> None:
        """Add a passage; the verdict falls when there is enough speech."""
        if self.verdict is not None:
            return
        self._sum += math.log(max(plausibility(heard), _NOTHING)) * speech_ms
        self._speech_ms += speech_ms
        if self._speech_ms >= _ENOUGH_MS:
            self.verdict = self._is_understood()

    def trust_early(self) -> None:
        """Decide for the engine by less speech, if it is clear: long silence follows, in which nothing is told yet.

        Against it is decided only by enough speech: the first words may be the least clear ones.
        """
        if self.verdict is None and self._speech_ms >= _SOME_MS and self._is_understood():
            self.verdict = True

    def finish(self) -> bool:
        """Return the verdict at the end of the recording; a second of speech is too little to tell by."""
        if self.verdict is None:
            share = 1.0 if self._speech_ms >= _SOME_MS else _FLOOR_SHARE
            self.verdict = self._speech_ms < _LEAST_MS or self._is_understood(share)
        return self.verdict

    def _is_understood(self, share: float = 1.0) -> bool:
        return math.exp(self._sum / self._speech_ms) >= self._least * share
