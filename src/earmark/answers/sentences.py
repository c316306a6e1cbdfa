"""Splits passages into sentences without changing a character, so that they can be quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from earmark.llm.types import Passage
from earmark.retrieval.index.chunking import count_words

# A sentence ends at its stop, with closing quotes and brackets included. Linear time: the two classes are
# disjoint, and the second consumes whatever ends the first. A point between digits ends nothing.
_SENTENCE: Final = re.compile(r"(?:[^.!?。！？؟।\n]|(?<=\d)\.(?=\d))+(?:[.!?。！？؟।]+[\"'”’)\]]*|\n|$)")
_ABBREVIATION: Final = re.compile(r"(?:^|[\s(\"“])(?:Mrs?|Ms|Dr|Prof|St|Sr|Jr|vs|approx|Nr|Hr|Fr|bzw|ca|e\.g|i\.e)\.$")
_ABBREVIATION_CHARS: Final = 10
_LONG_CHARS: Final = 320
_LONG_WORDS: Final = 45
_CUT_WORDS: Final = 24
"""Text without punctuation is cut near this many words, at a comma or conjunction if there is one."""
_UNSPACED_CUT_CHARS: Final = 60
_CLAUSE: Final = re.compile(r"[,;:–—、，；]$")
_JOINS: Final = frozenset("and but so because or which und aber oder weil et mais donc y pero que".split())
_QUESTION_END: Final = re.compile(r"[?？؟][\"'”’)\]\s]*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters of one passage, unchanged, from `position` on."""

    passage: Passage
    position: int
    text: str

    @property
    def end(self) -> int:
        """The position after its last character."""
        return self.position + len(self.text)

    @property
    def is_question(self) -> bool:
        """Whether it ends with a question mark."""
        return _QUESTION_END.search(self.text) is not None


def sentences_of_passage(passage: Passage) -> list[Sentence]:
    """Return the sentences of a passage, in order; together they cover all its words."""
    return [Sentence(passage, position, text) for position, text in sentences_of(passage.text)]


def sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield (position, sentence) with surrounding white space left out; together they cover all words."""
    start: int | None = None
    for match in _SENTENCE.finditer(text):
        start = match.start() if start is None else start
        tail = text[max(start, match.end() - _ABBREVIATION_CHARS) : match.end()]
        if _ABBREVIATION.search(tail) and match.end() < len(text):
            continue  # "Mr. Moll" is not two sentences
        yield from _cut(text, start, match.end())
        start = None
    if start is not None:
        yield from _cut(text, start, len(text))


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    whole = text[start:end]
    sentence = whole.strip()
    if not sentence:
        return
    start += whole.index(sentence)
    if len(sentence) <= _LONG_CHARS and len(sentence.split()) <= _LONG_WORDS:
        yield start, sentence
        return
    for first, last in _pieces(sentence):
        yield start + first, sentence[first:last]


def _pieces(sentence: str) -> Iterator[tuple[int, int]]:
    """Split a long sentence between words; a script without spaces every so many characters."""
    words = list(re.finditer(r"\S+", sentence))
    if len(words) <= 2:
        for first in range(0, len(sentence), _UNSPACED_CUT_CHARS):
            yield first, min(first + _UNSPACED_CUT_CHARS, len(sentence))
        return
    first = 0
    while first < len(words):
        last = _last_word(words, first)
        yield words[first].start(), words[last].end()
        first = last + 1


def _last_word(words: list[re.Match[str]], first: int) -> int:
    """Return a piece's last word: before a conjunction, at a comma, or at the limit."""
    if len(words) - first <= _CUT_WORDS * 3 // 2:
        return len(words) - 1
    for at in range(first + _CUT_WORDS, first + _CUT_WORDS // 2, -1):
        if _CLAUSE.search(words[at].group()) or words[at + 1].group().lower() in _JOINS:
            return at
    return first + _CUT_WORDS - 1


def words_in(sentences: Iterable[Sentence]) -> int:
    """Count the words of these sentences."""
    return sum(count_words(one.text) for one in sentences)
