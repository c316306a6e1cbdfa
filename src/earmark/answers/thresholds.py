"""From which sums on evidence answers. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final[Mapping[str, float]] = {
    "moment": 35.135,
    "named": 14.989,
}
TOPIC_FROM: Final = 9.381
TOPIC_READ: Final[Mapping[str, float]] = {
    "moment": 35.135,
    "named": 14.989,
    "odds": 0.5,
}
TOPIC_READ_FROM: Final = 9.0
"""Below these sums the question's topic never came up (the second where the reader has read)."""

SAID_FROM: Final = -3.0
DOUBTFUL_FROM: Final = -5.0
"""Log-odds that anything answers: from the first on it does, from the second on it may."""
