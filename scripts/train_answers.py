#!/usr/bin/env python3
"""Learn `src/earmark/llm/answer_weights.py`: which sentences answer, and whether any does.

    EARMARK_QMSUM_DIR=… python scripts/train_answers.py [--check]

Learns from QMSum's train split and the dev people of `bench/data/personal` and `bench/data/chats`, each set counting
the same. Never reads QMSum's val or test, nor the holdout people. `--check` writes nothing and prints what weights
learned without one library would have done to it.

Sentences: the loss of a question is -log of the softmax mass on the sentences of its gold segments, as in
`train_ranker.py`. Refusing: a logistic regression of the evidence's signals on whether anything answers; a signal
never counts against answering. The threshold refuses at most 3 % of what could be answered, every set counting the same.
Questions of one friend that are true of the other are no example of either: both answers are fair. Nor are written
questions on topics that were talked about: no signal tells them apart (`docs/answers.md`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.answers_data import (  # noqa: E402
    CachedEncoder,
    Turn,
    answerable,
    follow_ups,
    of_others,
    wrong_person,
)
from bench.chats import chat_libraries  # noqa: E402
from bench.retrieval_data import Vectors, personal_libraries, qmsum_libraries  # noqa: E402
from earmark.llm.signals import EVIDENCE_SIGNALS, SENTENCE_SIGNALS, Described, describe_evidence  # noqa: E402

TARGET = ROOT / "src/earmark/llm/answer_weights.py"
FALSE_REFUSALS = 0.03
"""Of the sets learned from, on average."""
STEPS = 600
RATE = 0.05
PENALTY = 1e-3
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A turn described. `share` is its weight; all of a set together weigh 1."""

    turn: Turn
    described: Described
    share: float

    @property
    def sentences(self) -> Floats:
        """Shapes: [sentences, signals]."""
        return np.array([[one.signals[name] for name in SENTENCE_SIGNALS] for one in self.described.sentences])

    @property
    def is_gold(self) -> NDArray[np.bool_]:
        """Whether each sentence lies in a gold segment."""
        return np.array([
            (one.passage.recording_id, one.passage.start_ms) in self.turn.gold for one in self.described.sentences
        ])  # fmt: skip

    @property
    def evidence(self) -> list[float]:
        """The signals of the evidence."""
        return [self.described.evidence[name] for name in EVIDENCE_SIGNALS]


def describe(turns: Sequence[Turn], vectors: Vectors) -> list[Example]:
    """Describe turns; those without a candidate sentence are left out (they are always refused)."""
    found = [(turn, describe_evidence(turn.request, CachedEncoder(vectors))) for turn in turns]
    kept = [(turn, one) for turn, one in found if one.sentences]
    return [Example(turn, one, 1 / len(kept)) for turn, one in kept]


def learn_sentences(examples: Sequence[Example]) -> Floats:
    """Return one weight for each sentence signal. Deterministic."""
    usable = [(one.sentences, one.is_gold, one.share) for one in examples if one.is_gold.any()]
    spread = np.concatenate([matrix for matrix, _, _ in usable]).std(0) + 1e-9
    scaled = [(matrix / spread, gold, share) for matrix, gold, share in usable]

    def slope(weights: Floats) -> Floats:
        total = 2 * PENALTY * weights
        for matrix, gold, share in scaled:
            mass = np.exp(matrix @ weights - (matrix @ weights).max())
            right = mass * gold
            total = total - share * ((right / right.sum() - mass / mass.sum()) @ matrix)
        return total

    return _descend(slope, len(SENTENCE_SIGNALS)) / spread


def learn_refusal(answered: Sequence[Example], refused: Sequence[Example]) -> Floats:
    """Return one weight for each evidence signal, none negative. Deterministic."""
    matrix = np.array([one.evidence for one in [*answered, *refused]])
    truth = np.repeat([1.0, 0.0], [len(answered), len(refused)])
    both = [np.array([one.share for one in group]) for group in (answered, refused)]
    shares = np.concatenate([one / one.sum() for one in both])
    spread = matrix.std(0) + 1e-9
    scaled = np.column_stack([(matrix - matrix.mean(0)) / spread, np.ones(len(matrix))])

    def slope(weights: Floats) -> Floats:
        said = 1 / (1 + np.exp(-(scaled @ weights)))
        found: Floats = 2 * PENALTY * weights + (shares * (said - truth)) @ scaled
        return found

    weights = _descend(slope, len(EVIDENCE_SIGNALS) + 1, lowest=0.0)[:-1]
    learned: Floats = weights / spread
    return learned


def _descend(slope: Callable[[Floats], Floats], count: int, lowest: float = -np.inf) -> Floats:
    """Adam, with a rate that falls to nothing; the last of several weights may be an intercept, and is free."""
    weights, mean, square = np.zeros(count), np.zeros(count), np.zeros(count)
    for step in range(1, STEPS + 1):
        found = slope(weights)
        mean = 0.9 * mean + 0.1 * found
        square = 0.999 * square + 0.001 * found**2
        rate = RATE * (1 - step / (STEPS + 1))
        weights = weights - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights[:-1] = np.maximum(weights[:-1], lowest)
    return weights


def threshold(weights: Floats, answered: Sequence[Sequence[Example]]) -> float:
    """Return the score below which `FALSE_REFUSALS` of the answerable questions lie, every set counting the same."""
    scores = np.concatenate([np.array([one.evidence for one in group]) @ weights for group in answered])
    shares = np.concatenate([np.full(len(group), 1 / len(group)) for group in answered])
    order = np.argsort(scores, kind="stable")
    below = np.cumsum(shares[order]) / shares.sum()
    return float(scores[order][np.searchsorted(below, FALSE_REFUSALS)])


def render(sentences: Floats, evidence: Floats, least: float) -> str:
    """The module's text."""

    def rows(names: Sequence[str], values: Floats) -> str:
        return "\n".join(f'    "{name}": {value:.3f},' for name, value in zip(names, values, strict=True))

    return f'''"""How much each signal counts for an answer. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SELECTED: Final[Mapping[str, float]] = {{
{rows(SENTENCE_SIGNALS, sentences)}
}}
"""A difference of 1 between two sentences is e to 1 that the better one holds the answer."""

ANSWERED: Final[Mapping[str, float]] = {{
{rows(EVIDENCE_SIGNALS, evidence)}
}}
ANSWERED_FROM: Final = {least:.3f}
"""Below this sum nothing in the evidence answers; 3 % of what could be answered lie below it."""
'''


def check(answered: Mapping[str, Sequence[Example]], refused: Mapping[str, Sequence[Example]]) -> None:
    """Print, for libraries left out in turn: questions refused, by set."""
    everything = [one for group in (*answered.values(), *refused.values()) for one in group]
    groups = sorted({one.turn.group for one in everything})
    folds = [set(groups[number::8]) for number in range(8)]
    counts = {name: [0, 0] for name in (*answered, *refused)}
    for out in folds:
        kept = [[one for one in group if one.turn.group not in out] for group in answered.values()]
        yes = [one for group in kept for one in group]
        no = [one for group in refused.values() for one in group if one.turn.group not in out]
        weights = learn_refusal(yes, no)
        least = threshold(weights, kept)
        for name, group in (*answered.items(), *refused.items()):
            tested = [one for one in group if one.turn.group in out]
            counts[name][0] += sum(float(np.dot(one.evidence, weights)) < least for one in tested)
            counts[name][1] += len(tested)
    for name, (below, total) in counts.items():
        print(f"{name}: refused {below} of {total} ({below / max(1, total):.3f})")


def main() -> None:
    """Learn and write, or check."""
    vectors = Vectors(threads=2)
    meetings = qmsum_libraries(Path(os.environ["EARMARK_QMSUM_DIR"]) / "train", vectors)
    personal, chats = personal_libraries("dev", vectors), chat_libraries("dev", vectors)
    friends = describe(answerable(chats, vectors), vectors)
    answered = {
        "meetings": describe(answerable(meetings, vectors), vectors),
        "personal": describe([*answerable(personal, vectors), *follow_ups(personal, vectors)], vectors),
        "chats": [one for one in friends if one.turn.kind != "misattributed"],
    }
    refused = {
        "of others, meetings": describe(of_others(meetings, [*personal, *chats], vectors, most=20), vectors),
        "of others, personal": describe(of_others(personal, [*personal, *chats, *meetings], vectors, most=80), vectors),
        "of others, chats": describe(of_others(chats, [*personal, *chats, *meetings], vectors, most=60), vectors),
        "wrong person": describe(wrong_person(personal, vectors), vectors),
    }
    mixed_up = [one for one in friends if one.turn.kind == "misattributed"]
    vectors.save()
    if "--check" in sys.argv:
        check(answered, refused)
        return
    yes, no = ([one for group in sets.values() for one in group] for sets in (answered, refused))
    evidence = learn_refusal(yes, no)
    TARGET.write_text(
        render(learn_sentences([*yes, *mixed_up]), evidence, threshold(evidence, list(answered.values()))),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
