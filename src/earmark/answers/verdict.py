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


def judge_evidence(scores: Scores, *, is_read: bool) -> Verdict:
    """Return what the evidence is worth; what the reader hasn't read is only judged by its topic."""
    known = {"moment": scores.evidence.moment, "named": scores.evidence.named, "odds": scores.odds}
    weights, least = (TOPIC_READ, TOPIC_READ_FROM) if is_read else (TOPIC, TOPIC_FROM)
    if not scores.likely or sum(weight * known[name] for name, weight in weights.items()) < least:
        return Verdict.OFF_TOPIC
    odds = scores.odds + _missing_chance(len(scores.sentences))
    if not is_read or odds >= SAID_FROM:
        return Verdict.ANSWERED
    return Verdict.DOUBTFUL if odds >= DOUBTFUL_FROM else Verdict.NOT_SAID


def _missing_chance(count: int) -> float:
    """Return what few sentences lack: the thresholds were chosen where about a hundred stood."""
    return max(0.0, _SIZE_SHARE * math.log(_USUAL_SENTENCES / max(1, count)))
