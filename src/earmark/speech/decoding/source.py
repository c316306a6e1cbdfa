"""The media file as the demuxer reads it: an open descriptor, without a name, of the size that it had at first."""

from __future__ import annotations

import os
from typing import Final

_WHENCE: Final = {os.SEEK_SET: 0, os.SEEK_CUR: 1, os.SEEK_END: 2}


class Source:
    """Reads a descriptor at a position of its own; the position of the descriptor, shared with others, is not used.

    A file that grows is read up to the size that it had when it was opened.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._at = 0
        self.size_bytes = os.fstat(fd).st_size

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes; fewer only at the end."""
        left = max(0, self.size_bytes - self._at)
        piece = read_at(self._fd, left if size < 0 else min(size, left), self._at)
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, and return the new position.

        Raises: OSError for a position before the beginning.
        """
        base = (0, self._at, self.size_bytes)[_WHENCE[whence]]
        if base + offset < 0:
            raise OSError("a position before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def peek(self, size: int, at: int = 0) -> bytes:
        """Return bytes at a position without moving."""
        return read_at(self._fd, min(size, max(0, self.size_bytes - at)), at)


def read_at(fd: int, size: int, at: int) -> bytes:
    """Return `size` bytes at a position of a descriptor, or what is there."""
    if hasattr(os, "pread"):
        return os.pread(fd, size, at)
    os.lseek(fd, at, os.SEEK_SET)
    return os.read(fd, size)
