"""Parses `Range` and `Content-Range` headers. One range at a time; any other `Range` selects the whole file.

Source: RFC 9110, section 14.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from earmark.media.errors import ContentRangeError, RangeError

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")
_PART = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15}|\*)\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes of an upload a request has: `size_bytes` from `first` on; none to end an upload that is all there.

    `total_bytes` is None while nobody knows, as in a recording that goes on.
    """

    first: int
    size_bytes: int
    total_bytes: int | None


def parse_part(header: str) -> Part:
    """Return which part of an upload a request has.

    Raises: ContentRangeError.
    """
    match = _PART.match(header)
    if match is None or not match[3].strip("0"):
        raise ContentRangeError
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        if not total:
            raise ContentRangeError
        return Part(total, 0, total)
    first, last = int(match[1]), int(match[2])
    if first > last or (total is not None and last >= total):
        raise ContentRangeError
    return Part(first, last - first + 1, total)


def parse_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Return the first and last requested byte, or None for the whole file.

    Raises: RangeError if it lies beyond the end.
    """
    match = _RANGE.match(header.replace(" ", "")) if header is not None else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        first, last = max(0, size_bytes - int(match[2])), size_bytes - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size_bytes), size_bytes - 1)
        if match[2] and int(match[2]) < int(match[1]):
            return None  # not a valid range
    if first > last:
        raise RangeError(size_bytes)
    return first, last
