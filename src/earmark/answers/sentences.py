"""Where the sentences of a passage begin and end. Quoted verbatim, so nothing is changed, only cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A sentence ends at its stop; what a quote or a bracket closes belongs to it. Linear: the two classes exclude
# each other, and whatever ends the first is taken by the second. A point between digits ends nothing.
_SENTENCE = re.compile(r"(?:[^.!?。！？؟।\n]|(?<=\d)\.(?=\d))+(?:[.!?。！？؟।]+[\"'”’)\]]*|\n|$)")
_SHORT_WORDS = 3


def sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield (position, sentence) with surrounding white space left out; together they cover all words."""
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if sentence:
            yield match.start() + match.group().index(sentence), sentence


def says_something(sentence: str) -> bool:
    """Whether a sentence is long enough to answer anything; scripts without spaces can't be counted."""
    return not sentence.isascii() or len(sentence.split()) > _SHORT_WORDS
