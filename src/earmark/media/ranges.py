"""Parses the `Range` header. One range at a time; anything else selects the whole file.

Source: RFC 9110, section 14.
"""

from __future__ import annotations

import re

from earmark.media.errors import RangeError

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")


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
