"""The sample library's audio: complete, of the right length, and small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import earmark

SAMPLE = Path(earmark.__file__).parent / "sample"
TRANSCRIPTS = sorted(SAMPLE.glob("*/*.json"))
MOST_BYTES = 6_000_000


def seconds_of(opus: bytes) -> float:
    """Return an Ogg Opus file's duration, from the last page's sample count (RFC 7845, 4)."""
    head = opus.index(b"OpusHead")
    skipped = int.from_bytes(opus[head + 10 : head + 12], "little")
    last = opus.rindex(b"OggS")
    return (int.from_bytes(opus[last + 6 : last + 14], "little") - skipped) / 48_000


def test_every_sample_transcript_has_an_audio_file() -> None:
    assert len(TRANSCRIPTS) == 18
    assert [path.with_suffix(".opus") for path in TRANSCRIPTS] == sorted(SAMPLE.glob("*/*.opus"))


def test_the_audio_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.glob("*/*.opus")) < MOST_BYTES


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_an_audio_file_is_as_long_as_its_transcript(path: Path) -> None:
    last = json.loads(path.read_text(encoding="utf-8"))["segments"][-1]["end"]
    assert seconds_of(path.with_suffix(".opus").read_bytes()) == pytest.approx(last + 0.6, abs=0.1)
