"""Analysing a transcript in a process of its own: what goes there, and what comes back in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from earmark.computing.process import in_pieces
from earmark.retrieval.index.building import AnalysedTranscript, PreparedChunk, analyse_transcript
from earmark.transcripts.apart import pack_segments, unpack_segments
from earmark.transcripts.types import Segment


def to_pieces(segments: Sequence[Segment], language: str | None) -> Iterator[Any]:
    """Yield what `analyse_apart` takes."""
    yield language
    yield from pack_segments(segments)


def analyse_apart(pieces: Iterator[Any]) -> Iterator[Any]:
    """Analyse a transcript; yield the parts of its index, each with the name of its field."""
    language = next(pieces)
    index = analyse_transcript(list(unpack_segments(pieces)), language)
    yield "lengths", (index.chunk_lengths, index.vector_counts)
    for chunks in in_pieces(index.chunks):
        yield "chunks", [(one.first, one.last, one.start_ms, one.end_ms, one.speaker) for one in chunks]
    for postings in in_pieces(index.postings.items()):
        yield "postings", postings
    for texts in in_pieces(index.texts):
        yield "texts", texts


def join_analysed(pieces: Iterable[tuple[str, Any]]) -> AnalysedTranscript:
    """Return the index of what `analyse_apart` yielded."""
    chunks: list[PreparedChunk] = []
    postings: dict[str, bytes] = {}
    texts: list[str] = []
    lengths, counts = b"", b""
    for name, values in pieces:
        if name == "lengths":
            lengths, counts = values
        elif name == "chunks":
            chunks += [PreparedChunk(*one) for one in values]
        elif name == "postings":
            postings.update(values)
        else:
            texts += values
    return AnalysedTranscript(chunks, lengths, postings, counts, texts)
