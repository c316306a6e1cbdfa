"""Cursors: where a page ended, signed, and good only for the list, caller and filters it was made for.

The position is a keyset position, so it does not age: rows may come and go around it. The signature
(`signing.py`) covers what the walk is bound to (route, tenant, the caller's end user, order, filters),
which is not in the cursor itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from earmark.errors import InvalidError
from earmark.signing import Signer

_MAX_LENGTH = 2_048


class InvalidCursorError(InvalidError):
    """Empty, altered, or made for another list, caller or filters."""

    def __init__(self) -> None:
        super().__init__("The cursor was not made for this list and these filters.", param="cursor")


class CursorSigner:
    """Makes and reads cursors with the installation's secret."""

    def __init__(self, secret: str) -> None:
        self._signer = Signer(secret)

    def render(self, position: Sequence[Any], binding: Sequence[Any]) -> str:
        """Return the cursor of a position (integers and text) in the walk that `binding` names."""
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
