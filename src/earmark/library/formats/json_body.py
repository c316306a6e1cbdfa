r"""Strict JSON for every request body: what is ambiguous or unsafe to store is refused.

orjson already refuses NaN, Infinity, numbers that overflow to infinity, lone surrogates, invalid UTF-8 and
more than 1,024 levels. It lets duplicate keys and U+0000 through. Both are found by writing the document out
again, which costs less than a walk in Python: a dropped duplicate takes its colon with it, and nothing else
changes the number of colons but an escaped one (`\u003a`), for which alone the slow pass exists.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from earmark.errors import InvalidError

_BOM: Final = b"\xef\xbb\xbf"
# Below this size not even an array of empty arrays needs more than 30 MB, so nothing is counted.
_SMALL_BYTES: Final = 1 << 20
_MAX_CONTAINERS: Final = 1_000_000
# Possessive: an unclosed string must not be tried again from each of its quotes.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
# A run of backslashes has odd length before a real escape; the lookbehind anchors at the start of the run.
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON document.

    Raises: InvalidError for anything that is not exactly one strict JSON document in UTF-8 (a byte-order mark
        before it is accepted), for duplicate keys, NaN, Infinity, U+0000, lone surrogates, more than 254
        levels, or more than a million objects and arrays.
    """
    body = body.removeprefix(_BOM)
    if len(body) > _SMALL_BYTES:
        _check_container_count(body)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise _syntax_error(body, exc) from None  # the cause would carry the whole body along
    try:
        written = orjson.dumps(document)
    except TypeError:  # orjson.JSONEncodeError: it writes 254 levels
        raise _depth_error() from None
    if b"\\u" in body:
        _check_escapes(body, written)
    elif body.count(b":") != written.count(b":"):
        raise _duplicate_error()
    return document


def _check_escapes(body: bytes, written: bytes) -> None:
    if b"\\u0000" in written and _ESCAPED_NUL.search(written):
        raise InvalidError("The JSON has a string or key that holds U+0000.")
    if b"\\u003a" in body or b"\\u003A" in body:
        json.loads(body, object_pairs_hook=_unique)  # at most 254 levels here: no RecursionError
    elif body.count(b":") != written.count(b":"):
        raise _duplicate_error()


def _unique(pairs: list[tuple[str, Any]]) -> None:
    """Check one object; returns None so that the second pass builds no second document."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise _duplicate_error()


def _check_container_count(body: bytes) -> None:
    """Bound memory before parsing: an empty array takes 3 bytes here and 80 there."""
    if body.count(b"[") + body.count(b"{") <= _MAX_CONTAINERS:
        return
    bare = _STRING.sub(b"", body)
    if bare.count(b"[") + bare.count(b"{") > _MAX_CONTAINERS:
        raise InvalidError(f"The JSON has more than {_MAX_CONTAINERS:,} objects and arrays.")


def _syntax_error(body: bytes, exc: orjson.JSONDecodeError) -> InvalidError:
    if not body.strip(b" \t\r\n"):
        return InvalidError("The JSON is empty.")
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return InvalidError(f"The JSON is not valid UTF-8 at byte {wrong.start}.")
    if "depth" in exc.msg or "recursion" in exc.msg.lower():
        return _depth_error()
    place = {"line": exc.lineno, "column": exc.colno}
    return InvalidError(f"The JSON is not valid at line {exc.lineno}, column {exc.colno}.", details=place)


def _depth_error() -> InvalidError:
    return InvalidError("The JSON is nested too deeply.")


def _duplicate_error() -> InvalidError:
    return InvalidError("An object of the JSON has the same key twice.")
