"""From which sums on evidence answers. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final[Mapping[str, float]] = {
    "moment": 27.224,
    "named": 11.723,
}
TOPIC_FROM: Final = 6.590
TOPIC_READ: Final[Mapping[str, float]] = {
    "moment": 33.983,
    "named": 8.331,
    "odds": 0.786,
}
TOPIC_READ_FROM: Final = 7.772
"""Below these sums the question's topic never came up (the second where the reader has read)."""

SAID_FROM: Final = 1.092
DOUBTFUL_FROM: Final = 0.090
"""Log-odds that anything answers: from the first on it does, from the second on it may."""
