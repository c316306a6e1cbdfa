"""How much each feature counts. Written by `scripts/train_ranker.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WEIGHTS: Final[Mapping[str, float]] = {
    "words": 0.1891,
    "speaker": 0.0357,
    "meaning": 0.1662,
    "context": 0.0686,
    "recording_words": 0.1677,
    "recording_peaks": 0.1038,
    "recording_meaning": 0.0685,
    "recording_name": 0.0954,
    "recording_date": 0.1049,
}
