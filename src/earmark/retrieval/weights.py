"""How much each feature counts. Written by `scripts/train_ranker.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WEIGHTS: Final[Mapping[str, float]] = {
    "words": 0.1695,
    "speaker": 0.0385,
    "meaning": 0.1973,
    "context": 0.0567,
    "recording_words": 0.1833,
    "recording_peaks": 0.0945,
    "recording_meaning": 0.0751,
    "recording_name": 0.0878,
    "recording_date": 0.0974,
}
