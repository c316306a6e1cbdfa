"""Which words a message has, and whether it has those that are searched for. Pure.

A message is found if each word of the query is the beginning of one of its words, in any case. Text of scripts
without spaces between words is found by any part of it.
"""

from __future__ import annotations

import re
from typing import Final

from earmark.retrieval.index.analysis import MAX_TERM_CHARS, UNSPACED
from earmark.text import fold

_WORD: Final = re.compile(r"\w+")
_PIECE: Final = re.compile(rf"(?:{UNSPACED.pattern})+|(?:(?!{UNSPACED.pattern})\w)+")
_MOST_WORDS: Final = 16
_BEFORE_CHARS: Final = 60
SNIPPET_CHARS: Final = 200


def terms_of(text: str) -> set[str]:
    """Return the terms of a text: its folded words; of a run without spaces, each two characters in a row."""
    found: set[str] = set()
    for word in set(_WORD.findall(fold(text))):
        found.update(_terms_of_word(word))
    return found


def _terms_of_word(word: str) -> list[str]:
    if not UNSPACED.search(word):
        return [word[:MAX_TERM_CHARS]]
    found: list[str] = []
    for piece in _PIECE.findall(word):
        if UNSPACED.match(piece):
            found += [piece[at : at + 2] for at in range(len(piece))]
        else:
            found.append(piece[:MAX_TERM_CHARS])
    return found


class Wanted:
    """The words of a query. `terms` are beginnings of terms that every message which has them has.

    Only the first sixteen words count.
    """

    def __init__(self, query: str) -> None:
        pieces = [piece for word in _WORD.findall(fold(query)) for piece in _PIECE.findall(word)]
        self.words: tuple[str, ...] = tuple(dict.fromkeys(pieces))[:_MOST_WORDS]
        self._patterns = [re.compile(_start_of(word)) for word in self.words]

    @property
    def terms(self) -> list[str]:
        """The beginnings to look up, without duplicates."""
        found: dict[str, None] = {}
        for word in self.words:
            if UNSPACED.match(word):
                found.update(dict.fromkeys(word[at : at + 2] for at in range(max(1, len(word) - 1))))
            else:
                found[word[:MAX_TERM_CHARS]] = None
        return list(found)

    def is_in(self, text: str) -> bool:
        """Return whether each word begins a word of the text."""
        folded = text.lower() if text.isascii() else fold(text)  # the same, sooner
        return all(word in folded for word in self.words) and all(one.search(folded) for one in self._patterns)

    def snippet_of(self, text: str) -> str:
        """Return the part of a text around the first of the words, in one line, cut at words where it can be."""
        flat = " ".join(text.split())
        # Folding may change lengths: the place is looked for in the text itself, where that is possible.
        plain = flat.casefold() if len(flat.casefold()) == len(flat) else flat
        places = [found.start() for pattern in self._patterns if (found := pattern.search(plain))]
        start = max(0, min(places, default=0) - _BEFORE_CHARS)
        if start:
            start = _after_space(flat, start)
        end = start + SNIPPET_CHARS
        cut = flat[start:end] if end >= len(flat) else flat[start : _before_space(flat, start, end)]
        return ("… " if start else "") + cut + (" …" if end < len(flat) else "")


def _start_of(word: str) -> str:
    escaped = re.escape(word)
    return escaped if UNSPACED.match(word) else rf"(?:(?<!\w)|(?<={UNSPACED.pattern})){escaped}"


def _after_space(text: str, at: int) -> int:
    space = text.find(" ", at, at + _BEFORE_CHARS // 2)
    return at if space < 0 else space + 1


def _before_space(text: str, start: int, end: int) -> int:
    space = text.rfind(" ", start + SNIPPET_CHARS // 2, end)
    return end if space < 0 else space
