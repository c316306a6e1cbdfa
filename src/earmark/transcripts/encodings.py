"""Decodes a file's bytes: by its mark, its shape, the name given, and else by what most such files are."""

from __future__ import annotations

import codecs
import re
from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.limits import MAX_LINES, Line
from earmark.transcripts.repairs import Repairs

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLED_BYTES: Final = 65_536
_SAMPLED_LETTERS: Final = 20_000
# Latin letters outnumber accented ones in every language written with Windows-1252.
_MOSTLY_FOREIGN: Final = 0.4
_SEQUENCE: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_LETTER: Final = re.compile(rb"[A-Za-z\x80-\xff]")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_LATIN: Final = ("cp1252", "cp1250", "cp1254", "iso8859_2", "mac_roman", "cp850")  # the first of equals wins
_EUROPEAN: Final = frozenset(
    "äöüßàâæçéèêëîïôœùûÿñáíóúìòãõåøÄÖÜÀÂÆÇÉÈÊËÎÏÔŒÙÛÑÁÍÓÚÌÒÃÕÅØ¡¿ąćęłńśźżčďěňřšťůýžőűăâîșțşğıİĄĆĘŁŃŚŹŻČĎĚŇŘŠŤŮÝŽŐŰĂȘȚŞĞ"
)
_HUNGARIAN: Final = frozenset("áéíóöúüõû")
_TYPOGRAPHY: Final = frozenset("–—‘’‚“”„…•«»€°§ ")
_JAPANESE: Final = ("cp932", "euc_jp")
_FOREIGN: Final = [
    "cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic", "cp1253", "iso8859_7", "cp1255", "iso8859_8",
    "cp1256", "iso8859_6", "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
_REPLACED: Final = "\ufffd"


def decode(body: bytes, repairs: Repairs, *, charset: str | None = None) -> tuple[str, str]:
    """Return the text without a byte-order mark, and the name of its encoding.

    Args:
        charset: the encoding that the sender names; a byte-order mark is stronger.

    Raises: InvalidError if Python knows no encoding of that name.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _replace_broken(body[len(mark) :], name, repairs), name
    if charset is not None and (named := _known(charset)) != "utf-8":
        return _replace_broken(body, named, repairs), named
    if (shaped := _utf16_without_mark(body)) is not None:
        return body.decode(shaped, "replace"), shaped
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError:
        pass
    if charset is not None or _is_damaged_utf8(body):
        return _replace_broken(body, "utf-8", repairs), "utf-8"
    name = _guess(body)
    shown = "Windows-1252" if name == "cp1252" else name
    repairs.note(None, "encoding_guessed", f"The file isn't UTF-8; it was read as {shown}.")
    return _replace_broken(body, name, repairs), name


def split_lines(text: str) -> list[str]:
    """Split at CRLF, LF and CR only: `str.splitlines` would also split a sentence at U+2028."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") >= MAX_LINES:
        raise InvalidError(f"The file has more than {MAX_LINES:,} lines.")
    return text.split("\n")


def _known(charset: str) -> str:
    try:
        info = codecs.lookup(charset)
        # Codecs such as base64 and rot13 aren't encodings of text.
        if not info._is_text_encoding:
            raise LookupError
        return info.name
    except (LookupError, ValueError):
        raise InvalidError("The encoding named is unknown; examples: utf-8, windows-1252, cp1251.") from None


def _utf16_without_mark(body: bytes) -> str | None:
    """Recognise UTF-16 of mostly Latin text by the zero bytes in every other place."""
    sample = body[:_SAMPLED_BYTES]
    if len(sample) < 4 or not sample.count(0):
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    # Other scripts have zero bytes only in line breaks, digits and spaces.
    for name, line_break in (("utf-16-le", b"\n\x00"), ("utf-16-be", b"\x00\n")):
        if (
            len(body) % 2 == 0
            and line_break in sample
            and _is_plain(sample[: len(sample) // 2 * 2].decode(name, "replace"))
        ):
            return name
    return None


def _is_plain(text: str) -> bool:
    """Whether a text has next to no characters that texts don't have."""
    odd = sum(not (one.isprintable() or one in "\r\n\t") for one in text)
    return odd * 50 < len(text)


def _is_damaged_utf8(body: bytes) -> bool:
    """Whether most bytes above ASCII belong to whole UTF-8 sequences: the rest was cut by a tool."""
    high = len(_HIGH.findall(body[: 16 * _SAMPLED_BYTES]))
    whole = sum(len(found) for found in _SEQUENCE.findall(body[: 16 * _SAMPLED_BYTES]))
    return whole >= high / 2 or (whole > 0 and body.lstrip()[:1] in (b"{", b"["))


def _guess(body: bytes) -> str:
    """Return the likeliest encoding of text that isn't UTF-8.

    Where most letters aren't Latin, a detector that knows the languages' statistics; else the code page that makes the
    most letters of European languages of what stands inside words, Windows-1252 if several do.
    """
    sample = b"".join(_LETTER.findall(body[: 16 * _SAMPLED_BYTES])[:_SAMPLED_LETTERS])
    if len(_HIGH.findall(sample)) < _MOSTLY_FOREIGN * len(sample):
        name = max(_LATIN, key=lambda name: _score(body[:_SAMPLED_BYTES].decode(name, "replace")))
        is_hungarian = name == "cp1252" and _is_hungarian(body[:_SAMPLED_BYTES].decode(name, "replace").lower())
        return "cp1250" if is_hungarian else name
    for name in _JAPANESE:
        if _is_kana(body[:_SAMPLED_BYTES], name):
            return name
    from charset_normalizer import from_bytes

    best = from_bytes(body[:_SAMPLED_BYTES], cp_isolation=_FOREIGN).best()
    return best.encoding if best is not None else "cp1252"


def _is_hungarian(text: str) -> bool:
    """Whether text read as Windows-1252 has õ and û where Hungarian has ő and ű, among letters that it has, too."""
    found = {character for character in text if character > "\x7f" and character.isalpha()}
    return found <= _HUNGARIAN and ("õ" in found or ("û" in found and len(found & set("öüáíóú")) > 1))


def _is_kana(body: bytes, name: str) -> bool:
    """Whether bytes are Japanese in this encoding: other texts, misread so, have hardly any kana."""
    text = body.decode(name, "replace")
    foreign = [one for one in text if one > "\x7f"]
    return sum("\u3040" <= one <= "\u30ff" for one in foreign) * 3 > len(foreign) and _REPLACED not in text[:-2]


def _score(text: str) -> float:
    """Count the accented letters of European languages; others, and signs inside words, count against a reading."""
    score = 0.0
    for match in _NOT_ASCII.finditer(text):
        character, before, after = (
            match[0],
            text[match.start() - 1 : match.start()],
            text[match.end() : match.end() + 1],
        )
        is_inside = before.isalpha() or after.isalpha()
        if character in _EUROPEAN:
            score += 0.2 if character.isupper() and before.islower() else 1.0
        elif character.isalpha():
            score += 0.3
        elif before.isalpha() and after.isalpha() and character not in "’‘":
            score -= 2.0
        elif character in _TYPOGRAPHY:
            score += 0.5
        else:
            score -= 1.0 if is_inside else 0.5
    return score


def _replace_broken(body: bytes, encoding: str, repairs: Repairs) -> str:
    """Decode; bytes that are no characters become U+FFFD, counted, and noted at the first one's line."""
    text = body.decode(encoding, "replace")
    broken = text.count(_REPLACED)
    if broken:
        first = text.index(_REPLACED)
        before = text[:first].replace("\r\n", "\n")
        line = before.count("\n") + before.count("\r") + 1
        count = "1 character" if broken == 1 else f"{broken:,} characters"
        repairs.note(Line(line), "broken_characters", f"{count} can't be read as {encoding} and were replaced.")
    return text
