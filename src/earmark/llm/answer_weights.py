"""How much each signal counts for an answer. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SELECTED: Final[Mapping[str, float]] = {
    "meaning": 4.847,
    "words": 0.830,
    "near_words": 2.180,
    "fits": 0.828,
    "asks": -1.309,
    "speaker": 0.763,
    "length": 0.413,
    "lexical": 6.504,
    "semantic": 29.261,
    "prior": 41.127,
}
"""A difference of 1 between two sentences is e to 1 that the better one holds the answer."""

ANSWERED: Final[Mapping[str, float]] = {
    "moment": 35.135,
    "named": 14.989,
}
ANSWERED_FROM: Final = 9.381
"""Below this sum nothing in the evidence answers; 3 % of what could be answered lie below it."""
