"""Judges the evidence: answered, doubtful, near it, on topic but not said, or off topic.

The thresholds of `thresholds.py` hold refusals of what was said to 5 %. To whoever asks, such a refusal costs as much
as a wrong answer, and a closest moment that is called one costs little: close below a threshold it is shown.
"""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import Final

from earmark.answers.scoring import Scores
from earmark.answers.thresholds import DOUBTFUL_FROM, SAID_FROM, TOPIC, TOPIC_FROM, TOPIC_READ, TOPIC_READ_FROM

_USUAL_SENTENCES: Final = 100
_SIZE_SHARE: Final = 0.5
_NEAR_ODDS: Final = 0.35
_NEAR_TOPIC: Final = 0.3
_TOPIC_BY_ODDS: Final = 0.2
"""So far below a threshold the closest moment is still shown, as one that doesn't settle the question."""
_SURE_TOPIC: Final = 0.8
_SURE_ODDS: Final = 1.0
"""Evidence less far above both thresholds is called doubtful: hardly a question there had an answer."""


class Verdict(Enum):
    """The verdict on the evidence for a question."""

    ANSWERED = auto()
    DOUBTFUL = auto()
    NEAR = auto()
    NOT_SAID = auto()
    OFF_TOPIC = auto()


def judge_evidence(scores: Scores, *, is_read: bool, is_all: bool = False) -> Verdict:
    """Return the verdict; without the reader only the topic is judged.

    Args:
        is_read: whether the reader scored the evidence.
        is_all: whether the evidence is everything in scope, not a selection by similarity.
    """
    if not scores.likely:
        return Verdict.OFF_TOPIC
    known = {"moment": scores.evidence.moment, "named": scores.evidence.named, "odds": scores.odds}
    weights, least = (TOPIC_READ, TOPIC_READ_FROM) if is_read else (TOPIC, TOPIC_FROM)
    topic = sum(weight * known[name] for name, weight in weights.items()) - least
    odds = scores.odds + _missing_chance(len(scores.sentences))
    if not is_read:
        return Verdict.OFF_TOPIC if topic < 0 else Verdict.ANSWERED
    if topic < 0 and not is_all:
        likelier = odds - DOUBTFUL_FROM
        is_near = likelier >= 0 and topic + _TOPIC_BY_ODDS * likelier >= -_NEAR_TOPIC
        return Verdict.NEAR if is_near else Verdict.OFF_TOPIC
    if odds >= SAID_FROM:
        is_sure = is_all or topic >= _SURE_TOPIC or odds >= SAID_FROM + _SURE_ODDS
        return Verdict.ANSWERED if is_sure else Verdict.DOUBTFUL
    if odds >= DOUBTFUL_FROM:
        return Verdict.DOUBTFUL
    if topic < 0:
        return Verdict.OFF_TOPIC
    return Verdict.NEAR if odds >= DOUBTFUL_FROM - _NEAR_ODDS else Verdict.NOT_SAID


def _missing_chance(count: int) -> float:
    """Return the correction for few sentences: the thresholds were chosen with about a hundred."""
    return max(0.0, _SIZE_SHARE * math.log(_USUAL_SENTENCES / max(1, count)))
