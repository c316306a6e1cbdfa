"""Scores how much a sentence reads like a decision, by the words that people decide in.

A logistic regression over the sentence's and the following words' runs of one to three words. Only runs that occur in
many libraries of talk count, so that it knows ways of speaking and no topics. English. `decisions.npz` is written by
`scripts/train_decisions.py`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from earmark.answers.sentences import Sentence
from earmark.answers.talks import Talk
from earmark.retrieval.index.chunking import count_words

_WEIGHTS: Final = Path(__file__).with_name("decisions.npz")
_TOKEN: Final = re.compile(r"[a-z']+|\d+|[?!.,]")
_MOST_TOKENS: Final = 40
_NEXT_TOKENS: Final = 12
_LONGEST_RUN: Final = 3
_PLACES: Final = 5


@dataclass(frozen=True, slots=True)
class DecisionModel:
    """The learned weight of each feature."""

    weights: Mapping[str, float]
    bias: float

    def log_odds(self, features: set[str]) -> float:
        """Return the log-odds that a sentence with these features is a decision."""
        return self.bias + sum(self.weights.get(one, 0.0) for one in sorted(features))


@lru_cache(maxsize=1)
def decision_model() -> DecisionModel:
    """Return the shipped model."""
    import numpy as np

    with np.load(io.BytesIO(_WEIGHTS.read_bytes()), allow_pickle=False) as file:
        names = bytes(file["names"]).decode("utf-8").split("\n")
        return DecisionModel(dict(zip(names, file["weights"].tolist(), strict=True)), float(file["bias"]))


def features_of(talk: Talk, at: int, place: int) -> set[str]:
    """Return the features of a sentence of a talk: turn `at`, position `place` in it."""
    turn = talk.turns[at]
    one = turn[place]
    found = set(_runs("", one.text, _MOST_TOKENS))
    if place + 1 < len(turn):
        found.update(_runs("A:", turn[place + 1].text, _NEXT_TOKENS))
    elif at + 1 < len(talk.turns):
        found.update(_reply(talk.turns[at + 1][0]))
    found.add(f"=len{min(8, count_words(one.text) // 4)}")
    found.add(f"=pos{_PLACES * at // len(talk.turns)}")
    found.add(f"=turn{min(4, len(turn))}")
    flags = {"=first": place == 0, "=last": place == len(turn) - 1, "=?": one.is_question, "=mono": talk.is_monologue}
    return found | {name for name, is_set in flags.items() if is_set}


def _reply(one: Sentence) -> Iterator[str]:
    yield from _runs("N:", one.text, _NEXT_TOKENS)
    yield f"N:len{min(4, count_words(one.text) // 4)}"
    if one.is_question:
        yield "N:?"


def _runs(prefix: str, text: str, most: int) -> Iterator[str]:
    """Yield the runs of up to three tokens, with marks for start and end; numbers are alike."""
    words = _TOKEN.findall(text.lower().replace("’", "'"))[:most]
    tokens = ["^", *("#" if word.isdigit() else word for word in words), "$"]
    for size in range(1, _LONGEST_RUN + 1):
        for start in range(len(tokens) - size + 1):
            yield prefix + " ".join(tokens[start : start + size])
