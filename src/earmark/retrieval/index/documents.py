"""The indexed terms of a chunk: the words spoken and the speakers' names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earmark.retrieval.index.analysis import analyze, speaker_term, terms_of_name
from earmark.retrieval.index.chunking import Chunk, count_words
from earmark.retrieval.index.postings import pack_postings
from earmark.transcripts.types import Segment


@dataclass(frozen=True, slots=True)
class IndexedTerms:
    """A recording's part of the lexical index.

    `postings` maps each term to its packed occurrences; `lengths` is terms per chunk.
    """

    postings: dict[str, bytes]
    lengths: list[int]


def index_terms(segments: Sequence[Segment], chunks: Sequence[Chunk], language: str | None) -> IndexedTerms:
    """Collect one recording's postings: words spoken, and speakers' names as separate terms."""
    occurrences: dict[str, dict[int, int]] = {}
    lengths: list[int] = []
    for ordinal, chunk in enumerate(chunks):
        counts = chunk_terms(chunk.of(segments), language)
        lengths.append(counts.total())
        names = speaker_terms(chunk.of(segments), language)
        for term, count in (counts + names).items():
            occurrences.setdefault(term, {})[ordinal] = count
    return IndexedTerms({term: pack_postings(found) for term, found in sorted(occurrences.items())}, lengths)


def chunk_terms(segments: Sequence[Segment], language: str | None) -> Counter[str]:
    """Count the terms of the words, and of the name at each speaker change."""
    counts: Counter[str] = Counter()
    for speaker, text in _turns(segments):
        counts.update(analyze(text, language))
        counts.update(analyze(speaker or "", language))
    return counts


def speaker_terms(segments: Sequence[Segment], language: str | None) -> Counter[str]:
    """Count the terms of speakers' names, weighted by the words they say."""
    counts: Counter[str] = Counter()
    for segment in segments:
        for term in terms_of_name(segment.speaker or "", language):
            counts[speaker_term(term)] += count_words(segment.text)
    return counts


def passage_text(segments: Sequence[Segment]) -> str:
    """Return the encoder's input: "Name: words", the name at each speaker change."""
    return "\n".join(f"{speaker}: {text}" if speaker else text for speaker, text in _turns(segments))


def _turns(segments: Sequence[Segment]) -> Iterator[tuple[str | None, str]]:
    """Yield each segment's speaker and text; the speaker is None if unchanged."""
    previous: str | None = None
    for segment in segments:
        yield (segment.speaker if segment.speaker != previous else None), segment.text
        previous = segment.speaker
