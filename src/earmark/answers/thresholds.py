"""From which sums on evidence answers. Written by `scripts/train_answers.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final[Mapping[str, float]] = {
    "moment": 35.135,
    "named": 14.989,
}
TOPIC_FROM: Final = 9.381
"""Below this sum the question's topic never came up; 3 % of what could be answered lie below it."""

SAID_FROM: Final = -3.0
DOUBTFUL_FROM: Final = -5.0
"""Log-odds that anything answers: from the first on it does, from the second on it may."""
