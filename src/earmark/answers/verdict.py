"""Whether the evidence answers: yes, perhaps, not said though talked about, or never talked about."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import Final

from earmark.answers.scoring import Scores
from earmark.answers.thresholds import DOUBTFUL_FROM, SAID_FROM, TOPIC, TOPIC_FROM, TOPIC_READ, TOPIC_READ_FROM

_USUAL_SENTENCES: Final = 100
_SIZE_SHARE: Final = 0.5


class Verdict(Enum):
    """What the evidence is worth for a question."""

    ANSWERED = auto()
    DOUBTFUL = auto()
    NOT_SAID = auto()
    OFF_TOPIC = auto()


def judge_evidence(scores: Scores, *, is_read: bool, is_all: bool = False) -> Verdict:
    """Return what the evidence is worth; what the reader hasn't read is only judged by its topic.

    Args:
        is_read: whether the reader has read it.
        is_all: whether it is all there is in reach, so that nothing was found for being near the question.
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
    """Return what few sentences lack: the thresholds were chosen where about a hundred stood."""
    return max(0.0, _SIZE_SHARE * math.log(_USUAL_SENTENCES / max(1, count)))
