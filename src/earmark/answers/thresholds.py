"""From which sums on evidence answers. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final[Mapping[str, float]] = {
    "moment": 25.256,
    "named": 12.583,
}
TOPIC_FROM: Final = 6.179
TOPIC_READ: Final[Mapping[str, float]] = {
    "moment": 32.325,
    "named": 9.244,
    "odds": 1.139,
}
TOPIC_READ_FROM: Final = 7.326
"""Below these sums the question's topic never came up (the second where the reader has read)."""

SAID_FROM: Final = 0.967
DOUBTFUL_FROM: Final = 0.263
"""Log-odds that anything answers: from the first on it does, from the second on it may."""
