"""Turns words into index terms: folds, segments, stems.

The same function makes the terms of the index and of a question, so they match if both are stemmed alike. A
transcript is stemmed in its own language. A question's language is unknown and may differ, so it is stemmed once
in *each* language of the library, and the results are alternatives of one concept: "Caroline" asked in English
still finds "Caroline" said in French, and only one form of each word is stored. Without a Snowball stemmer the
folded word itself is the term.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from earmark.retrieval.index.dates import DateMention, find_dates
from earmark.retrieval.index.stopwords import ASKING_WORDS, STOP_WORDS

MAX_TERM_CHARS: Final = 64
MAX_CONCEPTS: Final = 64
_ASKING_WEIGHT: Final = 0.3
_SPEAKER_MARK: Final = "@"

STEMMERS: Final = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian",
    "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali",
    "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip
"""ISO 639-1 code -> Snowball algorithm."""

_UNSPACED_RANGES: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u1100-\u11ff\uac00-\ud7af"  # Hangul is spaced, but its particles stick to the words
)
UNSPACED: Final = re.compile(f"[{_UNSPACED_RANGES}]")
"""A character of a script that is indexed by character bigrams."""

_MARKS: Final = (  # combining marks are part of a word; `\w` leaves them out
    "\u0300-\u036f\u0483-\u0487\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a4d\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03"
    "\u0b3c-\u0b57\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03"
    "\u0d3b-\u0d4d\u0d57\u0d81-\u0d83\u0dca-\u0ddf\u200c\u200d"
)
_WORD: Final = re.compile(
    rf"(?P<number>\d+(?:[.,]\d+)+)|(?P<run>[{_UNSPACED_RANGES}]+)"
    rf"|(?P<word>(?![{_UNSPACED_RANGES}])[^\W_](?:(?![{_UNSPACED_RANGES}])[^\W_]|[{_MARKS}])*)"
)
_CLITIC: Final = re.compile(r"(?<=[^\W\d_])['’](?:s|t|re|ll|ve|d|m)\b")
_LATIN_OR_GREEK_ACCENT: Final = re.compile("(?<=[a-z\u0370-\u03ff])[\u0300-\u036f]+")
_POINTS: Final = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_LETTERS: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ё": "е", "’": "'"}
)
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Concept:
    """One word of a question: its alternative terms (one per language) and its weight."""

    word: str
    terms: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """An analysed question. `concepts` is empty if it has no letter or digit."""

    question: str
    concepts: tuple[Concept, ...]
    dates: tuple[DateMention, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """Every term whose postings ranking needs, as words and as speakers' names, without duplicates."""
        return (*self._words, *self.speaker_terms)

    @property
    def speaker_terms(self) -> tuple[str, ...]:
        """Its words as terms of speakers' names."""
        return tuple(map(speaker_term, self._words))

    @property
    def _words(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(term for concept in self.concepts for term in concept.terms))


def analyze(text: str, language: str | None) -> list[str]:
    """Return the index terms of `text` in order, repeats included.

    Args:
        language: BCP 47 tag of the transcript, or None if unknown (English stemming is used, which
            leaves most words of other languages unchanged).
    """
    algorithm = stemmer_of(language)
    return [term for word in words_of(text) for term in _terms_of(word, algorithm)]


@lru_cache(maxsize=16_384)
def terms_of_name(name: str, language: str | None) -> frozenset[str]:
    """Return the index terms of a speaker's or recording's name, cached."""
    return frozenset(analyze(name, language))


def analyze_query(question: str, languages: Collection[str | None] = (None,)) -> QueryTerms:
    """Analyse a question for a library in `languages`; stop words are removed unless nothing remains."""
    algorithms = sorted({stemmer_of(language) for language in languages} or {stemmer_of(None)})
    words = list(dict.fromkeys(words_of(question)))
    content_words = [word for word in words if word not in STOP_WORDS] or words
    concepts = [concept for word in content_words for concept in _concepts_of(word, algorithms)]
    return QueryTerms(question, tuple(concepts[:MAX_CONCEPTS]), find_dates(question))


def topic_terms(text: str) -> frozenset[str]:
    """Return the index terms of a text's content words, stemmed as English."""
    content_words = [word for word in words_of(text) if word not in STOP_WORDS and word not in ASKING_WORDS]
    return frozenset(analyze(" ".join(content_words), "en"))


def speaker_term(term: str) -> str:
    """Return a speaker name's term, marked to differ from the same spoken word."""
    return _SPEAKER_MARK + term


def stemmer_of(language: str | None) -> str:
    """Return the Snowball algorithm of a language tag, `""` if there is none."""
    if not language:
        return "english"
    return STEMMERS.get(language.replace("_", "-").split("-")[0].lower(), "")


def words_of(text: str) -> Iterator[str]:
    """Yield folded words, numbers without thousands separators, and runs of unspaced script."""
    for match in _WORD.finditer(_CLITIC.sub("", fold(text))):
        word = match.group()
        if match.lastgroup == "number" and _THOUSANDS.match(word):
            word = word.replace(",", "")
        yield word if match.lastgroup == "run" else word[:MAX_TERM_CHARS]


def fold(text: str) -> str:
    """Casefold, decompose compatibility forms, drop Latin and Greek accents, Hebrew and Arabic points.

    Marks of other scripts are significant: Russian й or Hindi vowel signs distinguish words.
    Source: UAX #15 (NFKC, NFD), Unicode 15 section 3.13 (case folding).
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    folded = _LATIN_OR_GREEK_ACCENT.sub("", unicodedata.normalize("NFD", folded.translate(_LETTERS)))
    return unicodedata.normalize("NFC", _POINTS.sub("", folded)).translate(_LETTERS)


def _terms_of(word: str, algorithm: str) -> list[str]:
    if UNSPACED.match(word):
        # Single characters too, so that a question of one finds something.
        return [*word, *(word[index : index + 2] for index in range(len(word) - 1))]
    return [_stem(word, algorithm)]


def _concepts_of(word: str, algorithms: list[str]) -> list[Concept]:
    if UNSPACED.match(word):
        pairs = [word[index : index + 2] for index in range(len(word) - 1)] or [word]
        return [Concept(pair, (pair,)) for pair in dict.fromkeys(pairs)]
    terms = tuple(dict.fromkeys(_stem(word, algorithm) for algorithm in algorithms))
    return [Concept(word, terms, _ASKING_WEIGHT if word in ASKING_WORDS else 1.0)]


_stemmers = threading.local()  # Snowball's stemmers are stateful, so one per thread


@lru_cache(maxsize=65_536)
def _stem(word: str, algorithm: str) -> str:
    if not algorithm or any(character.isdigit() for character in word):
        return word
    return _stemmer(algorithm).stemWord(word) or word


def _stemmer(algorithm: str) -> Any:
    import snowballstemmer

    if not hasattr(_stemmers, algorithm):
        setattr(_stemmers, algorithm, snowballstemmer.stemmer(algorithm))
    return getattr(_stemmers, algorithm)
