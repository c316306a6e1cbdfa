r"""Parses request bodies as strict JSON; refuses what is ambiguous or unsafe to store.

orjson already refuses NaN, Infinity, numbers that overflow to infinity, lone surrogates, invalid UTF-8 and
more than 1,024 levels. It accepts duplicate keys and U+0000. Both are detected by serialising the document
again, which is faster than a traversal in Python: a dropped duplicate loses its colon, and only an escaped
colon (`\u003a`) also changes the number of colons; that case takes the slow pass.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from earmark.errors import InvalidError

_BOM: Final = b"\xef\xbb\xbf"
# Below this size even an array of empty arrays needs at most 30 MB, so nothing is counted.
_SMALL_BYTES: Final = 1 << 20
_MAX_CONTAINERS: Final = 1_000_000
# Possessive: matching an unclosed string must not restart at each of its quotes.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
# A run of backslashes before a real escape has odd length; the lookbehind anchors at the run's start.
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
        raise _syntax_error(body, exc) from None  # the cause would contain the whole body
    try:
        written = orjson.dumps(document)
    except TypeError:  # orjson.JSONEncodeError: its limit is 254 levels
        raise _depth_error() from None
    if b"\\u" in body:
        _check_escapes(body, written)
    elif body.count(b":") != written.count(b":"):
        raise _duplicate_error()
    return document


def _check_escapes(body: bytes, written: bytes) -> None:
    if b"\\u0000" in written and _ESCAPED_NUL.search(written):
        raise InvalidError("The JSON has a string or key that contains U+0000.")
    if b"\\u003a" in body or b"\\u003A" in body:
        json.loads(body, object_pairs_hook=_unique)  # at most 254 levels here: no RecursionError
    elif body.count(b":") != written.count(b":"):
        raise _duplicate_error()


def _unique(pairs: list[tuple[str, Any]]) -> None:
    """Check one object for duplicate keys; returns None so that no second document is built."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise _duplicate_error()


def _check_container_count(body: bytes) -> None:
    """Limit memory before parsing: an array of 3 bytes takes 80 in memory."""
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
