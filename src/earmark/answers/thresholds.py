"""From which sums on evidence answers. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final[Mapping[str, float]] = {
    "moment": 28.369,
    "named": 11.707,
}
TOPIC_FROM: Final = 7.181
TOPIC_READ: Final[Mapping[str, float]] = {
    "moment": 36.122,
    "named": 8.216,
    "odds": 0.802,
}
TOPIC_READ_FROM: Final = 8.613
"""Below these sums the question's topic never came up (the second where the reader has read)."""

SAID_FROM: Final = 1.092
DOUBTFUL_FROM: Final = 0.090
"""Log-odds that anything answers: from the first on it does, from the second on it may."""
