"""How much each feature counts. Written by `scripts/train_ranker.py`; don't edit by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WEIGHTS: Final[Mapping[str, float]] = {
    "words": 0.1693,
    "speaker": 0.0386,
    "meaning": 0.1961,
    "context": 0.0563,
    "recording_words": 0.1831,
    "recording_peaks": 0.0920,
    "recording_meaning": 0.0801,
    "recording_name": 0.0871,
    "recording_date": 0.0973,
}
