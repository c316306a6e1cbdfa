"""Reads files that somebody else may have written, with limits on what is held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from earmark.errors import InvalidError

PIECE_BYTES: Final = 1 << 20


class FileTooLongError(InvalidError):
    """The file is longer than any that is accepted."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The file is longer than {limit_bytes >> 20} MiB.")


class LineTooLongError(InvalidError):
    """A line is longer than any that is accepted."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Line {number} of the file is too long.")


def read_lines(read: Callable[[int], bytes], limit_bytes: int) -> Iterator[bytes]:
    """Yield the lines of what `read(size)` returns, without their newlines; an empty last one is left out.

    No more than `limit_bytes` and a piece are held, whatever the file claims to contain.

    Raises: LineTooLongError.
    """
    number, begun = 1, bytearray()
    while piece := read(PIECE_BYTES):
        *ended, rest = piece.split(b"\n")
        for line in ended:
            yield _whole(begun, line, number, limit_bytes)
            begun.clear()
            number += 1
        if len(begun) + len(rest) > limit_bytes:
            raise LineTooLongError(number)
        begun += rest
    if begun:
        yield bytes(begun)


def _whole(begun: bytearray, line: bytes, number: int, limit_bytes: int) -> bytes:
    if len(begun) + len(line) > limit_bytes:
        raise LineTooLongError(number)
    return bytes(begun) + line if begun else line


def read_whole(read: Callable[[int], bytes], limit_bytes: int) -> bytes:
    """Return all that `read(size)` returns, in pieces so that no more than the limit is held.

    Raises: FileTooLongError.
    """
    content = bytearray()
    while piece := read(PIECE_BYTES):
        content += piece
        if len(content) > limit_bytes:
            raise FileTooLongError(limit_bytes)
    return bytes(content)
