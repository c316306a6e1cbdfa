"""Escapes people's text for Markdown documents, so that nothing in it is rendered.

Source: CommonMark 0.31, chapters 2.4 and 4 to 6; GitHub Flavored Markdown 0.29, 6.9 (bare addresses).
"""

from __future__ import annotations

import re

from earmark.text import printable

_INLINE = re.compile(r"[\\`*_\[\]<>|~]|&(?=#?[A-Za-z0-9]+;)|(?<=[A-Za-z])@(?=[A-Za-z0-9])")
"""Code, emphasis, links, images, HTML, tables, entities, mail addresses."""
_AT_LINE_START = re.compile(r"^([-+=#]|\d{1,9}[.)])", re.MULTILINE)
"""Lists, headings, rules. (Quotes, fences and code by indentation end with what `_INLINE` and `_INDENT` do.)"""
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(?=:)|\bwww(?=\.)")


def escape_markdown(text: str) -> str:
    """Return `text` escaped: no link, image or HTML in it, and no character lost but those that control terminals."""
    lines = printable(text.replace("\r\n", "\n").replace("\r", "\n"))  # a lone CR ends a line, too
    escaped = _INLINE.sub(_escape, _INDENT.sub("", lines))
    escaped = _AT_LINE_START.sub(lambda match: match.group(1)[:-1] + "\\" + match.group(1)[-1], escaped)
    return _ADDRESS.sub(lambda match: match.group() + "\\", escaped)


def _escape(match: re.Match[str]) -> str:
    return "&#64;" if match.group() == "@" else "\\" + match.group()
