"""Finds sentence ends for cutting transcripts, in any script, in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

# These always end a sentence; the others only before white space.
_ALWAYS: Final = frozenset("。！？｡؟۔।॥።፧။។")
_CLOSERS: Final = "\"'”’“‘»›«)\\]}」』】）》〉*_"
# Possessive, so that a long run of dots is matched once. An empty line ends a sentence, too.
_END: Final = re.compile(
    rf"(?P<stop>[.!?…{''.join(sorted(_ALWAYS))}]++)[{_CLOSERS}]*+"
    r"|(?>\r\n|\r|\n)[^\S\r\n]*+(?>\r\n|\r|\n)"
)
_OPENERS: Final = "\"'“„‘«‹([{「『*_"
_LONGEST_TOKEN: Final = 16
_TAIL_CHARS: Final = 500
_TITLES_AND_SUCH: Final = (
    "mr mrs ms mx dr prof rev gen col sgt lt capt cmdr hon st mt vs cf approx bzw vgl ggf evtl hr sra srta"
    " dra mme mlle e.g i.e z.b d.h u.a p.ej ph.d"
)
_NEVER_LAST: Final = frozenset(_TITLES_AND_SUCH.split())
_BEFORE_NUMBERS: Final = frozenset({"no", "nos", "nr", "fig", "figs", "vol", "p", "pp", "ch", "sec", "art", "eq"})
_SPACE: Final = re.compile(r"\s")
_DOTTED: Final = re.compile(r"(?:[A-Z]\.)+[A-Z]")


def split_sentences(text: str) -> Iterator[str]:
    """Yield the sentences, trimmed but otherwise verbatim; blank ones are skipped."""
    start = 0
    for end in chain(_sentence_ends(text, 0, len(text), is_cased=uses_case(text)), (len(text),)):
        if sentence := text[start:end].strip():
            yield sentence
        start = end


def last_sentence_end(text: str, start: int, stop: int, *, is_cased: bool) -> int:
    """Return the offset after the last sentence that ends in `text[start:stop]`, else `start`."""
    # A little further, as quotes after a full stop belong to its sentence.
    beyond = min(stop + _LONGEST_TOKEN, len(text))
    for first in (max(start, stop - _TAIL_CHARS), start):  # the tail usually suffices
        ends = _sentence_ends(text, first, beyond, is_cased=is_cased)
        last = max((end for end in ends if end <= stop), default=start)
        if last > start:
            return last
    return start


def uses_case(text: str) -> bool:
    """Whether case is significant: then no sentence begins with a small letter."""
    return text != text.lower()


def _sentence_ends(text: str, start: int, stop: int, *, is_cased: bool) -> Iterator[int]:
    for match in _END.finditer(text, start, stop):
        if match.end() < len(text) and _is_end(text, match, is_cased=is_cased):
            yield match.end()


def ends_sentence(word: str) -> bool:
    """Whether a word followed by another one ends a sentence."""
    bare = word.rstrip(_CLOSERS.replace("\\", ""))
    if not bare or (bare[-1] not in ".!?…" and bare[-1] not in _ALWAYS):
        return False
    return not (bare[-1] == "." and _is_abbreviation(bare[:-1], follower="X"))


def _is_end(text: str, match: re.Match[str], *, is_cased: bool) -> bool:
    stop = match["stop"]
    if stop is None or not _ALWAYS.isdisjoint(stop):
        return True
    follower = _following(text, match.end())
    if not follower:
        return False
    if is_cased and follower.islower():
        return False
    if stop != ".":
        return True
    start, token = _token_before(text, match.start())
    is_list_number = token.isdecimal() and (start == 0 or text[start - 1] in "\r\n")
    return not is_list_number and not _is_abbreviation(token, follower=follower)


def _following(text: str, at: int) -> str:
    """Return the character after white space at `at`, a space at the end, or ""."""
    if not text[at].isspace():
        return ""
    # Limited, as a long run of blanks need not be read to its end.
    return text[at : at + 64].lstrip()[:1] or " "


def _token_before(text: str, end: int) -> tuple[int, str]:
    """Return the word that ends at `end` (or its last letters) and its start."""
    window = text[max(0, end - _LONGEST_TOKEN) : end]
    token = _SPACE.split(window)[-1].lstrip(_OPENERS)
    return end - len(token), token


def _is_abbreviation(word: str, *, follower: str) -> bool:
    if word.lower() in _NEVER_LAST:
        return True
    if word.lower() in _BEFORE_NUMBERS:
        return follower.isdecimal()
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    return is_initial or _DOTTED.fullmatch(word) is not None
