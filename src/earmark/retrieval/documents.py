"""What of a chunk is indexed: the words said, and the names of those who say them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from earmark.library.types import Segment
from earmark.retrieval.analysis import analyze
from earmark.retrieval.chunking import Chunk
from earmark.retrieval.postings import pack_postings


@dataclass(frozen=True, slots=True)
class IndexedTerms:
    """A recording's side of the lexical index.

    `postings` maps each term to its packed occurrences; `lengths` is terms per chunk.
    """

    postings: dict[str, bytes]
    lengths: list[int]


def index_terms(segments: Sequence[Segment], chunks: Sequence[Chunk], language: str | None) -> IndexedTerms:
    """Collect the postings of one recording."""
    occurrences: dict[str, dict[int, int]] = {}
    lengths: list[int] = []
    for ordinal, chunk in enumerate(chunks):
        counts = chunk_terms(chunk.of(segments), language)
        lengths.append(counts.total())
        for term, count in counts.items():
            occurrences.setdefault(term, {})[ordinal] = count
    return IndexedTerms({term: pack_postings(found) for term, found in sorted(occurrences.items())}, lengths)


def chunk_terms(segments: Sequence[Segment], language: str | None) -> Counter[str]:
    """Terms of the words, and of the speaker's name once for each turn."""
    counts: Counter[str] = Counter()
    previous: str | None = None
    for segment in segments:
        counts.update(analyze(segment.text, language))
        if segment.speaker and segment.speaker != previous:
            counts.update(analyze(segment.speaker, language))
        previous = segment.speaker
    return counts


def passage_text(segments: Sequence[Segment]) -> str:
    """What the encoder reads of a chunk."""
    return "\n".join(segment.text for segment in segments)
