"""From which sums on evidence answers. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final[Mapping[str, float]] = {
    "moment": 29.049,
    "named": 11.874,
}
TOPIC_FROM: Final = 7.312
TOPIC_READ: Final[Mapping[str, float]] = {
    "moment": 35.311,
    "named": 9.717,
    "odds": 0.762,
}
TOPIC_READ_FROM: Final = 9.100
"""Below these sums the question's topic never came up (the second where the reader has read)."""

SAID_FROM: Final = 1.081
DOUBTFUL_FROM: Final = 0.017
"""Log-odds that anything answers: from the first on it does, from the second on it may."""
