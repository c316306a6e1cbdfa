"""How much each feature counts. Written by `scripts/train_ranker.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WEIGHTS: Final[Mapping[str, float]] = {
    "words": 0.18,
    "speaker": 0.04,
    "meaning": 0.22,
    "context": 0.10,
    "recording_words": 0.24,
    "recording_peaks": 0.05,
    "recording_meaning": 0.03,
    "recording_name": 0.06,
    "recording_date": 0.20,
}
