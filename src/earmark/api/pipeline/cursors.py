"""Cursors: signed keyset positions, valid only for their own list, caller and filters.

A keyset position stays valid while rows are added and deleted around it. The signature (`signing.py`)
also covers route, tenant, the caller's end user, order and filters, which the cursor itself does not contain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from earmark.errors import InvalidError
from earmark.signing import Signer

_MAX_LENGTH = 2_048


class InvalidCursorError(InvalidError):
    """The cursor is empty, altered, or was issued for another list, caller or filters."""

    def __init__(self) -> None:
        super().__init__("The cursor was not issued for this list and these filters.", param="cursor")


class OffsetWithCursorError(InvalidError):
    """A list was asked for by cursor and by offset at once."""

    def __init__(self) -> None:
        super().__init__("offset and cursor can't be combined; leave one of them out.", param="cursor")


class CursorSigner:
    """Issues and verifies cursors with the installation's secret."""

    def __init__(self, secret: str) -> None:
        self._signer = Signer(secret)

    def render(self, position: Sequence[Any], binding: Sequence[Any]) -> str:
        """Return the cursor of a position (integers and text) in the list that `binding` identifies."""
        return self._signer.render(orjson.dumps(position), orjson.dumps(binding))

    def parse(self, cursor: str, binding: Sequence[Any]) -> list[Any]:
        """Return the position.

        Raises: InvalidCursorError.
        """
        if len(cursor) > _MAX_LENGTH:
            raise InvalidCursorError
        try:
            position: list[Any] = orjson.loads(self._signer.parse(cursor, orjson.dumps(binding)))
        except ValueError as error:
            raise InvalidCursorError from error
        return position
