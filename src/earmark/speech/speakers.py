"""Names of speakers whom nobody has named yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from earmark.transcripts.types import Segment


def number_speakers(segments: Iterable[Segment]) -> list[Segment]:
    """Return the segments with `SPEAKER_0`, `SPEAKER_1`, … for an engine's labels, in order of first words."""
    numbers: dict[str, int] = {}
    numbered = []
    for one in segments:
        label = one.speaker and f"SPEAKER_{numbers.setdefault(one.speaker, len(numbers))}"
        numbered.append(replace(one, speaker=label))
    return numbered
