"""Rewrites a question that names a speaker into the second person, for the encoder.

A question about a call names those who spoke in it ("What did Bo paint?"), and speakers say "I" and "you". A
speaker's name also precedes each of their turns, on any topic, so a name makes all of them more similar. "What
did you paint?" is closer to "I painted it". Measured in `docs/explanation/retrieval.md`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from earmark.retrieval.index.analysis import QueryTerms, speaker_term, stemmer_of, words_of
from earmark.retrieval.index.dates import is_month

_WORD: Final = re.compile(r"[^\W\d_]+")
_BETWEEN_NAMES: Final = re.compile(r"[\s.\-]+")
_ARTICLE: Final = re.compile(r"\b(?:the|a|an)\s+\Z", re.IGNORECASE)
_OWNS: Final = re.compile(r"['’]s\b|['’](?=\s)")


def address(query: QueryTerms, known_terms: Collection[str], languages: Collection[str | None]) -> str:
    """Replace the first speaker's name by "you"; remove it unless all is English.

    Args:
        known_terms: terms of the question found in the library's index, speaker terms included.
        languages: the languages of the library.
    """
    question = query.question
    named = frozenset(
        concept.word
        for concept in query.concepts
        if any(speaker_term(term) in known_terms for term in concept.terms)
        and not (query.dates and is_month(concept.word))
    )
    if not named:
        return question
    start, end = next(_names(question, named), (0, 0))
    if not end:
        return question
    is_english = all(stemmer_of(language) == "english" for language in languages)
    owned = _OWNS.match(question, end)
    they = ("your" if owned else "you") if is_english else ""
    put = " ".join(f"{question[:start]}{they}{question[owned.end() if owned else end :]}".split())
    return put if _WORD.search(put) else question


def _names(question: str, named: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans of full names; "the Project Manager" is a role, not a name."""
    is_lower = question == question.lower()
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(question):
        if next(words_of(match.group()), "") in named and (is_lower or not match.group()[0].islower()):
            start, end = match.span()
            if spans and _BETWEEN_NAMES.fullmatch(question, spans[-1][1], start):
                start, _ = spans.pop()
            spans.append((start, end))
    return (span for span in spans if not _ARTICLE.search(question, 0, span[0]))
