"""Decodes a text file's bytes into lines."""

from __future__ import annotations

from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.limits import MAX_LINES, Line

_BOM: Final = b"\xef\xbb\xbf"


def decode_text(body: bytes) -> str:
    """Decode UTF-8 without a byte-order mark.

    Raises: InvalidError naming the line that is not UTF-8.
    """
    body = body.removeprefix(_BOM)
    try:
        return body.decode()
    except UnicodeDecodeError as exc:
        before = body[: exc.start].replace(b"\r\n", b"\n")
        line = before.count(b"\n") + before.count(b"\r") + 1
        raise Line(line).error("text", "is not valid UTF-8") from None


def split_lines(text: str) -> list[str]:
    """Split at CRLF, LF and CR only: `str.splitlines` would also split a sentence at U+2028."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") >= MAX_LINES:
        raise InvalidError(f"The file has more than {MAX_LINES:,} lines.")
    return text.split("\n")
