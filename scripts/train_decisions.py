#!/usr/bin/env python3
"""Trains `src/earmark/answers/decisions.npz`: which words people decide in.

    python scripts/train_decisions.py

Learned from the invented libraries of `bench/data/reader/libraries`: sentences that answer a question of the kind
"decided" against all other sentences of their talks (some of which decide something that nobody asked about). A run of
words counts only if it occurs in at least 30 libraries. Full-batch Adam with a quadratic penalty, 120 steps; about a
minute. `python -m bench.summaries` measures it on the sample library, of which nothing is learned.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.asked import rows_of  # noqa: E402
from bench.chats import read_talks  # noqa: E402
from bench.retrieval_data import Recorded  # noqa: E402

from earmark.answers.decision_model import features_of  # noqa: E402
from earmark.answers.talks import Talk, talks_of  # noqa: E402
from earmark.llm.types import Passage  # noqa: E402

TARGET = ROOT / "src/earmark/answers/decisions.npz"
LIBRARIES = ROOT / "bench/data/reader/libraries"
LEAST_LIBRARIES = 30
PENALTY = 3e-4
STEPS = 120
RATE = 0.05


@dataclass(frozen=True)
class Row:
    """A sentence: its library, its features, and whether it answers what was decided."""

    library: str
    features: frozenset[str]
    is_decision: bool


@dataclass(frozen=True)
class Matrix:
    """Binary features as pairs of row and column. Shapes: `row`, `column` [pairs]; `gold` [rows]."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    gold: NDArray[np.float64]
    columns: int


def rows() -> Iterator[Row]:
    """Yield every sentence of the libraries."""
    for folder in sorted(LIBRARIES.iterdir()):
        asked = [one for one in rows_of(folder / "questions.jsonl") if one["kind"] == "decided"]
        for when, recorded in read_talks(folder / "talks.txt").items():
            spans = [_span(recorded, words) for one in asked for said, words in one["gold"] if said == when]
            for talk in talks_of(_passages(when, recorded)):
                yield from _sentences(folder.name, talk, spans)


def _passages(when: str, recorded: Recorded) -> Iterator[Passage]:
    for at, one in enumerate(recorded.segments):
        yield Passage(at + 1, when, None, None, one.start_ms, one.end_ms, one.speaker, one.text, at)


def _span(recorded: Recorded, words: str) -> tuple[int, int, int]:
    at = next(at for at, one in enumerate(recorded.segments) if words in one.text)
    start = recorded.segments[at].text.index(words)
    return at, start, start + len(words)


def _sentences(library: str, talk: Talk, spans: Sequence[tuple[int, int, int]]) -> Iterator[Row]:
    for at, turn in enumerate(talk.turns):
        for place, one in enumerate(turn):
            is_gold = any(
                segment == one.passage.ordinal and one.position < end and one.end > start
                for segment, start, end in spans
            )
            yield Row(library, frozenset(features_of(talk, at, place)), is_gold)


def common(found: Sequence[Row]) -> Mapping[str, int]:
    """Number the features that occur in enough libraries."""
    where: defaultdict[str, set[str]] = defaultdict(set)
    for one in found:
        for name in one.features:
            where[name].add(one.library)
    return {name: at for at, name in enumerate(sorted(n for n, of in where.items() if len(of) >= LEAST_LIBRARIES))}


def matrix(found: Sequence[Row], numbers: Mapping[str, int]) -> Matrix:
    """Collect the known features of all rows."""
    pairs = [(at, numbers[name]) for at, one in enumerate(found) for name in sorted(one.features) if name in numbers]
    row, column = np.array(pairs, np.int64).T
    return Matrix(row, column, np.array([one.is_decision for one in found], np.float64), len(numbers))


def fit(data: Matrix) -> tuple[NDArray[Any], float]:
    """Return weights and bias of the penalised logistic regression."""
    learned = np.zeros(data.columns + 1)
    learned[-1] = -3.0
    mean, square = np.zeros_like(learned), np.zeros_like(learned)
    for step in range(1, STEPS + 1):
        odds = np.bincount(data.row, learned[data.column], len(data.gold)) + learned[-1]
        error = (1 / (1 + np.exp(-odds)) - data.gold) / len(data.gold)
        gradient = np.append(np.bincount(data.column, error[data.row], data.columns), error.sum())
        gradient[:-1] += PENALTY * learned[:-1]
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        rate = RATE * (1 - 0.9 * step / STEPS)
        learned -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    return learned[:-1], float(learned[-1])


def main() -> None:
    """Train and write the file."""
    found = list(rows())
    numbers = common(found)
    weights, bias = fit(matrix(found, numbers))
    names = np.frombuffer("\n".join(numbers).encode("utf-8"), np.uint8)
    np.savez_compressed(TARGET, names=names, weights=weights.astype(np.float16), bias=np.float32(bias))
    print(f"{sum(one.is_decision for one in found)} of {len(found)} sentences, {len(numbers)} features")
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
