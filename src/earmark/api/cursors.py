"""Cursors: where a page ended, signed, and good only for the list, caller and filters it was made for.

A cursor is base64url(position) + "." + base64url(signature). The position is a keyset position, so
it does not age: rows may come and go around it. The signature covers what the walk is bound to
(route, tenant, the caller's end user, order, filters), which is not in the cursor itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import orjson

from earmark.errors import InvalidError

_SIGNATURE_BYTES = 18
_MAX_LENGTH = 2_048


class InvalidCursorError(InvalidError):
    """Empty, altered, or made for another list, caller or filters."""

    def __init__(self) -> None:
        super().__init__("The cursor was not made for this list and these filters.", param="cursor")


class CursorSigner:
    """Makes and reads cursors with the installation's secret.

    Source: keyed BLAKE2b as a MAC, RFC 7693, section 2.9.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def render(self, position: Sequence[Any], binding: Sequence[Any]) -> str:
        """Return the cursor of a position (integers and text) in the walk that `binding` names."""
        payload = orjson.dumps(position)
        return f"{_encode(payload)}.{_encode(self._sign(payload, binding))}"

    def parse(self, cursor: str, binding: Sequence[Any]) -> list[Any]:
        """Return the position.

        Raises: InvalidCursorError.
        """
        head, dot, tail = cursor.partition(".")
        if not dot or len(cursor) > _MAX_LENGTH or not cursor.isascii():
            raise InvalidCursorError
        payload, signature = _decode(head), _decode(tail)
        if not hmac.compare_digest(signature, self._sign(payload, binding)):
            raise InvalidCursorError
        position: list[Any] = orjson.loads(payload)
        return position

    def _sign(self, payload: bytes, binding: Sequence[Any]) -> bytes:
        signed = orjson.dumps(binding) + b"\n" + payload
        return hashlib.blake2b(signed, key=self._secret, digest_size=_SIGNATURE_BYTES).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode, refusing the other spellings base64 allows: one cursor, one text."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidCursorError from error
    if _encode(data) != text:
        raise InvalidCursorError
    return data
