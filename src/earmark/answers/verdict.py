"""Judges the evidence: answered, doubtful, on topic but not said, or off topic."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import Final

from earmark.answers.scoring import Scores
from earmark.answers.thresholds import DOUBTFUL_FROM, SAID_FROM, TOPIC, TOPIC_FROM, TOPIC_READ, TOPIC_READ_FROM

_USUAL_SENTENCES: Final = 100
_SIZE_SHARE: Final = 0.5


class Verdict(Enum):
    """The verdict on the evidence for a question."""

    ANSWERED = auto()
    DOUBTFUL = auto()
    NOT_SAID = auto()
    OFF_TOPIC = auto()


def judge_evidence(scores: Scores, *, is_read: bool, is_all: bool = False) -> Verdict:
    """Return the verdict; without the reader only the topic is judged.

    Args:
        is_read: whether the reader scored the evidence.
        is_all: whether the evidence is everything in scope, not a selection by similarity.
    """
    known = {"moment": scores.evidence.moment, "named": scores.evidence.named, "odds": scores.odds}
    weights, least = (TOPIC_READ, TOPIC_READ_FROM) if is_read else (TOPIC, TOPIC_FROM)
    is_off = sum(weight * known[name] for name, weight in weights.items()) < least
    if not scores.likely or (is_off and not (is_read and is_all)):
        return Verdict.OFF_TOPIC
    odds = scores.odds + _missing_chance(len(scores.sentences))
    if not is_read or odds >= SAID_FROM:
        return Verdict.ANSWERED
    if odds >= DOUBTFUL_FROM:
        return Verdict.DOUBTFUL
    return Verdict.OFF_TOPIC if is_off else Verdict.NOT_SAID


def _missing_chance(count: int) -> float:
    """Return the correction for few sentences: the thresholds were chosen with about a hundred."""
    return max(0.0, _SIZE_SHARE * math.log(_USUAL_SENTENCES / max(1, count)))
