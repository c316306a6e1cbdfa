"""How much each signal counts for an answer. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SELECTED: Final[Mapping[str, float]] = {
    "meaning": 4.000,
    "words": 2.248,
    "near_words": 0.615,
    "fits": 0.812,
    "asks": -0.765,
    "speaker": 0.643,
    "length": 0.497,
    "lexical": 14.771,
    "semantic": 23.055,
    "prior": 43.606,
}
"""A difference of 1 between two sentences is e to 1 that the better one holds the answer."""

ANSWERED: Final[Mapping[str, float]] = {
    "moment": 13.965,
    "named": 7.254,
}
ANSWERED_FROM: Final = 3.682
"""Below this sum nothing in the evidence answers; at most 3 % of what could be answered lie below it."""
