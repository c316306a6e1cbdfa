"""A few mutated transcript files; `python -m bench.mutations` runs 100,000."""

from __future__ import annotations

import pytest
from bench.mutations import GOOD, parse_all, parse_huge

from earmark.transcripts import parse_transcript


def test_the_original_files_are_valid() -> None:
    assert all(parse_transcript(data, media_type=media_type).segments for media_type, data in GOOD)


def test_a_mutated_file_gives_segments_or_an_error() -> None:
    became, faults = parse_all(3_000)
    assert faults == []
    assert became["segments"] > 300
    assert became["refused"] > 300


@pytest.mark.parametrize("kind", ["nested", "neighbours"])
def test_a_file_of_arrays_is_refused_within_time_and_memory_limits(kind: str) -> None:
    end, _, peak_mb = parse_huge(kind)
    assert end == "InvalidError"
    assert peak_mb < 1_000
