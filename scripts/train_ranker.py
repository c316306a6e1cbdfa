#!/usr/bin/env python3
"""Trains `src/earmark/retrieval/ranking/weights.py`: one weight per feature of a chunk.

    EARMARK_QMSUM_DIR=… python scripts/train_ranker.py [--check]

Trains on QMSum's train split (three tenths), the libraries of `bench/data/reader` that are not held out (half) and
the dev people of `bench/data/personal` and `bench/data/chats` (a tenth each). Never reads QMSum's val or test, nor
the holdout people.
`--check` writes nothing and prints the results of weights trained without a tenth of the libraries, or on one set.

The loss of a question is -log of the softmax mass on the chunks that contain its answer; a penalty
keeps weights small, and none may be negative: more of a feature never lowers a rank.

Source: Cao et al., ICML 2007, doi:10.1145/1273496.1273513 (ListNet's softmax over a list);
    Kingma and Ba, ICLR 2015, arXiv:1412.6980 (Adam).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.chats import chat_libraries  # noqa: E402
from bench.retrieval_data import Library, Vectors, personal_libraries, qmsum_libraries  # noqa: E402
from bench.training import HELD_LIBRARIES  # noqa: E402
from bench.written import libraries  # noqa: E402

from earmark.retrieval.ranking.features import FEATURES, describe  # noqa: E402

TARGET = ROOT / "src/earmark/retrieval/ranking/weights.py"
STEPS = 400
RATE = 0.05
PENALTY = 1e-3
MOST_CHUNKS = 2_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """One question. Shapes: features [C, F] in units of their spread; is_gold bool [C]; weight of the question."""

    group: str
    features: Floats
    is_gold: NDArray[np.bool_]
    weight: float


def examples_of(libraries: Sequence[Library], vectors: Vectors, share: float) -> list[Example]:
    """Compute the features of every question of libraries with several recordings; their weights sum to `share`."""
    chosen = [library for library in libraries if len(library.entries) > 1]
    share /= sum(len(library.questions) for library in chosen)
    found = []
    for library in chosen:
        for question, vector in zip(
            library.questions, vectors.of([library.asked(q.text) for q in library.questions]), strict=True
        ):
            described = describe(*library.snapshot(question.text, vector)).by_chunk()
            matrix = np.stack([described[name] for name in FEATURES], 1)
            gold = np.logical_or.reduce(question.moments)
            if gold.any():
                found.append(Example(library.name, *_sample(matrix, gold), share))
    return found


def _sample(matrix: Floats, gold: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return all gold chunks, and of large libraries every n-th other one."""
    step = 1 + len(matrix) // MOST_CHUNKS
    sampled = gold | (np.arange(len(matrix)) % step == 0)
    return matrix[sampled], gold[sampled]


def learn(examples: Sequence[Example]) -> Floats:
    """Return one weight per feature. Deterministic."""
    spread = np.concatenate([one.features for one in examples]).std(0) + 1e-9
    scaled = [(one.features / spread, one.is_gold, one.weight) for one in examples]
    whole = sum(one.weight for one in examples)
    weights, mean, square = np.full(len(FEATURES), 0.5), np.zeros(len(FEATURES)), np.zeros(len(FEATURES))
    for step in range(1, STEPS + 1):
        slope = 2 * PENALTY * weights
        for matrix, gold, share in scaled:
            mass = np.exp(matrix @ weights - (matrix @ weights).max())
            right = mass * gold
            slope -= share / whole * ((right / right.sum() - mass / mass.sum()) @ matrix)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        rate = RATE * (1 - step / (STEPS + 1))
        weights = weights - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights = np.maximum(weights, 0.0)
    learned: Floats = weights / spread
    return learned


def render(weights: Floats) -> str:
    """Render the module; weights sum to 1, which changes no rank and makes scores readable."""
    lines = "\n".join(
        f'    "{name}": {value:.4f},' for name, value in zip(FEATURES, weights / weights.sum(), strict=True)
    )
    return f'''"""How much each feature counts. Written by `scripts/train_ranker.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WEIGHTS: Final[Mapping[str, float]] = {{
{lines}
}}
'''


def success(weights: Floats, examples: Sequence[Example]) -> tuple[float, float]:
    """Return the shares of questions with gold at the top, and in the top eight."""
    ranks = []
    for one in examples:
        scores = one.features @ weights
        ranks.append(int((scores > scores[one.is_gold].max()).sum()))
    return float(np.mean(np.array(ranks) < 1)), float(np.mean(np.array(ranks) < 8))


def check(sets: Mapping[str, Sequence[Example]]) -> None:
    """Print held-out and transferred results: gold at the top, gold in the top eight."""
    everything = [one for examples in sets.values() for one in examples]
    held: list[tuple[float, float, int]] = []
    groups = sorted({one.group for one in everything})
    for fold in range(10):
        out = set(groups[fold::10])
        weights = learn([one for one in everything if one.group not in out])
        tested = [one for one in everything if one.group in out]
        held.append((*success(weights, tested), len(tested)))
    total = sum(count for *_, count in held)
    print("held out by library", *(round(sum(row[at] * row[2] for row in held) / total, 3) for at in (0, 1)))
    for name, learned in {**sets, "all": everything}.items():
        weights = learn(learned)
        results = [f"{label} {success(weights, examples)}" for label, examples in sets.items()]
        print(
            f"learned from {name}:",
            *results,
            dict(zip(FEATURES, (weights / weights.sum()).round(3).tolist(), strict=True)),
        )


def main() -> None:
    """Train and write, or check."""
    vectors = Vectors(threads=2)
    meetings = qmsum_libraries(Path(os.environ["EARMARK_QMSUM_DIR"]) / "train", vectors)
    people, friends = personal_libraries("dev", vectors), chat_libraries("dev", vectors)
    learned = [one.library for one in libraries(vectors) if one.library.name not in HELD_LIBRARIES]
    sets = {
        name: examples_of(those, vectors, share)
        for name, those, share in (
            ("meetings", meetings, 0.3),
            ("libraries", learned, 0.5),
            ("personal", people, 0.1),
            ("chats", friends, 0.1),
        )
    }
    vectors.save()
    if "--check" in sys.argv:
        check(sets)
    else:
        TARGET.write_text(render(learn([one for examples in sets.values() for one in examples])), encoding="utf-8")


if __name__ == "__main__":
    main()
