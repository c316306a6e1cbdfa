"""Which terms of a vocabulary a vendor takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def fitting_terms(
    vocabulary: Sequence[str], *, chars: int, term_chars: int = 100, term_words: int = 100
) -> Iterator[str]:
    """Yield terms from the first on: those that are too long are left out, and all once `chars` are used up."""
    left = chars
    for term in (" ".join(one.split()) for one in vocabulary):
        left -= len(term) + 1
        if left < 0:
            return
        if term and len(term) <= term_chars and len(term.split()) <= term_words:
            yield term
