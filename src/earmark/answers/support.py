"""Decides whether a passage supports the sentence for which an outside model cites it.

Checks numbers, names and words: the cited passages must contain every number of the sentence (in digits or words)
and every name (or it is the speaker, the recording's name or its date), and must share words or meaning with it.
A sentence in another language than the passage is checked by its numbers alone, where it may be a translation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from earmark.answers.features import SentenceEmbedder
from earmark.answers.languages import language_of_text
from earmark.answers.naming import CALENDAR
from earmark.llm.types import Passage
from earmark.retrieval.index.analysis import topic_terms, words_of
from earmark.retrieval.index.stopwords import STOP_WORDS

_WORDS_SHARED: Final = 0.3
_MEANING_SHARED: Final = 0.4
_LEAST_WORDS: Final = 2
_NAME: Final = re.compile(r"(?<=[\w,;:] )[A-ZÄÖÜÉ][\w’'-]+")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_UNITS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12, "twentieth": 20,
    "thirtieth": 30, "once": 1, "twice": 2, "half": 30, "dozen": 12,
}  # fmt: skip
_SCALES: Final = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}


def is_supported(
    sentence: str, cited: Sequence[Passage], embedder: SentenceEmbedder | None = None, *, may_translate: bool = True
) -> list[bool]:
    """Return, for each passage that a sentence cites, whether it supports the sentence.

    Numbers and names may be spread over the passages; each must share words or meaning with the sentence.

    Args:
        may_translate: whether a sentence in another language than its passage may be a translation of it.
    """
    said = [_context(one) for one in cited]
    together = " ".join(said)
    if not numbers_of(sentence) <= numbers_of(together):
        return [False] * len(cited)
    language = language_of_text(sentence) if may_translate else None
    checked = [language is None or language_of_text(one.text) in (None, language) for one in cited]
    if any(checked) and not _names(sentence) <= set(words_of(together)):
        return [not one for one in checked]
    shared = _alike(sentence, [one.text for one in cited], embedder)
    return [not is_checked or alike for is_checked, alike in zip(checked, shared, strict=True)]


def numbers_of(text: str) -> set[int]:
    """Return a text's whole numbers, from digits or English words."""
    found = {int(re.sub(r"\D", "", match)) for match in _NUMBER.findall(text)}
    return found | set(_spelled(text))


def _spelled(text: str) -> list[int]:
    """Parse runs of number words: "twenty-four" is 24, "two thousand five hundred" 2500."""
    found: list[int] = []
    total = current = None
    for word in [*re.findall(r"[a-z]+", text.casefold()), ""]:
        value = _value_of(word)
        if value is not None:
            current = (current or 0) + value
        elif word in _SCALES and current is not None:
            if _SCALES[word] == 100:
                current *= 100
            else:
                total, current = (total or 0) + current * _SCALES[word], 0
        elif word != "and" and (current is not None or total is not None):
            found.append((total or 0) + (current or 0))
            total = current = None
    return [one for one in found if one > 1]


def _value_of(word: str) -> int | None:
    if word in _UNITS:
        return _UNITS.index(word)
    if word in _TENS:
        return _TENS[word]
    if word in _ORDINALS:
        return _ORDINALS[word]
    stem = word.removesuffix("th")
    if stem != word and stem in _UNITS:
        return _UNITS.index(stem)
    return None


def _context(passage: Passage) -> str:
    return f"{passage.speaker or ''} {passage.recording_name or ''} {passage.day or ''} {passage.text}"


def _names(sentence: str) -> set[str]:
    names = {word for name in _NAME.findall(sentence) for word in words_of(name)}
    return {word for word in names if word not in CALENDAR and word not in STOP_WORDS}


def _alike(sentence: str, passages: Sequence[str], embedder: SentenceEmbedder | None) -> list[bool]:
    wanted = topic_terms(sentence)
    if len(wanted) < _LEAST_WORDS:  # "Yes, in June." contains nothing more to check
        return [True] * len(passages)
    least = _WORDS_SHARED / len(passages)  # each of several passages supports a part
    shared = [len(wanted & topic_terms(one)) >= least * len(wanted) for one in passages]
    if embedder is None or all(shared):
        return shared
    vectors = embedder.embed_passages([sentence, *passages])
    near = vectors[1:] @ vectors[0]
    return [one or float(cosine) >= _MEANING_SHARED for one, cosine in zip(shared, near, strict=True)]
