"""Text functions that the API and the rooms share: length, trimming, cutting, case folding."""

from __future__ import annotations

import unicodedata
from typing import Final

# ECMAScript's WhiteSpace and LineTerminator, which `String.prototype.trim` removes.
_TRIMMED: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


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


def fold(text: str) -> str:
    """Return the form for comparing titles and names: NFC(casefold(NFC(text))).

    Source: Unicode Standard, section 3.13, definition D145 (canonical caseless matching).
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
