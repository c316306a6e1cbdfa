"""Whether the evidence answers: yes, perhaps, not said though talked about, or never talked about."""

from __future__ import annotations

from enum import Enum, auto

from earmark.answers.scoring import Scores
from earmark.answers.thresholds import DOUBTFUL_FROM, SAID_FROM, TOPIC, TOPIC_FROM, TOPIC_READ, TOPIC_READ_FROM


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
    if not is_read or scores.odds >= SAID_FROM:
        return Verdict.ANSWERED
    return Verdict.DOUBTFUL if scores.odds >= DOUBTFUL_FROM else Verdict.NOT_SAID
