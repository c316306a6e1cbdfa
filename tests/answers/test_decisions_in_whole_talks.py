"""Decisions in English talks of some length: rules and the learned model together."""

from __future__ import annotations

from earmark.answers.decision_model import decision_model, features_of
from earmark.answers.findings import SURE_ENOUGH, find_decisions
from earmark.answers.talks import Talk, talks_of
from tests.answers.talk import passages

GARDEN = [
    ("Ida", "Right, thanks for coming in on a Sunday. We've got the shed and the water."),
    ("Omar", "The offer for the shed came. It's two thousand three hundred."),
    ("Lea", "Wow. The one from the village was cheaper."),
    ("Omar", "Four hundred cheaper, but they can't start before October."),
    ("Ida", "I don't want to decide this without seeing both drawings."),
    ("Lea", "I've got them here, look."),
    ("Omar", "The village one has a proper floor."),
    ("Ida", "Okay, who's for the village?"),
    ("Lea", "Me."),
    ("Omar", "Me too."),
    ("Ida", "Two to one. Then that's decided, the village builds the shed and starts in October."),
    ("Lea", "Lovely. And the water?"),
    ("Omar", "Then we put off the pump to next spring. The barrels are full anyway, so there's enough."),
    ("Lea", "Agreed."),
    ("Ida", "How are the tomatoes?"),
    ("Omar", "Red. Nearly all of them."),
]


def _talk() -> Talk:
    (talk,) = talks_of(passages(*GARDEN))
    return talk


def test_what_is_decided_is_found_and_what_is_put_off_deciding_is_not() -> None:
    keys = [one.key.text for one in find_decisions(_talk()) if one.score >= SURE_ENOUGH]
    assert set(keys) == {
        "Then that's decided, the village builds the shed and starts in October.",
        "Then we put off the pump to next spring.",
    }


def test_a_sentence_that_settles_reads_more_like_a_decision_than_one_that_tells() -> None:
    talk, model = _talk(), decision_model()
    odds = [model.log_odds(features_of(talk, at, 0)) for at in range(len(talk.turns))]
    assert model.log_odds(features_of(talk, 10, 1)) > max(odds[1:7])
