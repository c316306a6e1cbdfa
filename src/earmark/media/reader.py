"""Stored bytes as a file, for libraries that read files; it reads on the thread that asks."""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO

from earmark.media.store import StoredFile

_BUFFER_BYTES = 256 << 10


def as_file(stored: StoredFile) -> BinaryIO:
    """Return a file over stored bytes, with a position of its own; closing it leaves `stored` open."""
    return io.BufferedReader(_Reader(stored), _BUFFER_BYTES)


class _Reader(io.RawIOBase):
    def __init__(self, stored: StoredFile) -> None:
        self._stored = stored
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._stored.size_bytes}[whence]
        if start + offset < 0:
            raise OSError("a position before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = self._stored.read_now(self._at, len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
