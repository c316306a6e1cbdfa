"""How much each feature counts. Written by `scripts/train_ranker.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WEIGHTS: Final[Mapping[str, float]] = {
    "words": 0.1609,
    "speaker": 0.0528,
    "meaning": 0.2550,
    "context": 0.0437,
    "recording_words": 0.1460,
    "recording_peaks": 0.1103,
    "recording_meaning": 0.0115,
    "recording_name": 0.1283,
    "recording_date": 0.0916,
}
