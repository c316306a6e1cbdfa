"""What of a chunk is indexed by words, and what of it is embedded."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.library.types import Segment
from earmark.retrieval.analysis import analyze


def chunk_terms(segments: Sequence[Segment], language: str | None) -> list[str]:
    """Return the index terms of a chunk: its words, and the names of those who speak, once each."""
    speakers = dict.fromkeys(segment.speaker for segment in segments if segment.speaker)
    names = [term for speaker in speakers for term in analyze(speaker, language)]
    return names + [term for segment in segments for term in analyze(segment.text, language)]


def embedded_text(segments: Sequence[Segment]) -> str:
    """Return what the encoder reads of a chunk."""
    return "\n".join(segment.text for segment in segments)
