"""Text functions that the API and the rooms share: length, trimming, cutting, case folding, safe display."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# ECMAScript's WhiteSpace and LineTerminator, which `String.prototype.trim` removes.
_TRIMMED: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units, as JavaScript clients count."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def trim(text: str) -> str:
    """Trim as ECMAScript's `trim` does. Source: ECMA-262, section 22.1.3.32."""
    return text.strip(_TRIMMED)


def cut_utf16(text: str, limit: int) -> str:
    """Return at most `limit` UTF-16 units of `text`, never half a code point."""
    if len(text) * 2 <= limit or utf16_length(text) <= limit:
        return text
    length = 0
    for index, char in enumerate(text):
        length += 2 if char > "\uffff" else 1
        if length > limit:
            return text[:index]
    return text


def printable(text: str) -> str:
    """Replace by `�` what controls a terminal or reorders text.

    These are C0 and C1 controls, except newline and tab, and bidirectional embeddings, overrides and isolates.
    Anyone who may write to the server can choose names and texts, which others see in terminals and editors.
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def escape_unprintable(json: str) -> str:
    """Return the same JSON with those characters written as `\\u….`, which they can be in strings only."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", json)


def fold(text: str) -> str:
    """Return the form for comparing titles and names: NFC(casefold(NFC(text))).

    Source: Unicode Standard, section 3.13, definition D145 (canonical caseless matching).
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
