"""Where the bytes are, as the room knows it: a disk today, an object store behind the same few words later.

Keys are `tenant/end user/recording/medium-digest`, so that all of a recording's or a person's bytes lie
under one prefix. A key's bytes never change. Bytes are staged first, and kept under their key in one step
that survives a crash; what was staged and never kept is swept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredKey:
    """Bytes in the store, and how long ago they were kept."""

    key: str
    idle_s: float


class Staged(Protocol):
    """Bytes that are arriving. `size_bytes` and `sha256` are of what has arrived; final after `finish`."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    async def write(self, piece: bytes) -> None: ...

    async def finish(self) -> None:
        """Make what was written survive a crash."""

    async def discard(self) -> None:
        """Let the bytes go, unless they were kept; again does nothing."""


class StoredFile(Protocol):
    """Bytes being read."""

    @property
    def size_bytes(self) -> int: ...

    async def read(self, offset: int, size_bytes: int) -> bytes:
        """Return bytes from `offset`; none once they were deleted."""

    async def close(self) -> None: ...


class MediaStore(Protocol):
    """A disk, or later an object store. Raises: StorageUnavailableError where it can't be read or written."""

    async def stage(self) -> Staged: ...

    async def keep(self, staged: Staged, key: str) -> None:
        """Keep finished bytes under their key; once this returns they survive a crash."""

    async def open(self, key: str) -> StoredFile:
        """Open bytes for reading.

        Raises: MediaNotFoundError.
        """

    async def delete(self, key: str) -> None:
        """Delete one key's bytes, if they are there."""

    async def delete_under(self, folder: str) -> None:
        """Delete all bytes of an end user or a recording."""

    async def list_under(self, folder: str) -> list[StoredKey]:
        """Return the keys of a tenant, an end user or a recording."""

    async def sweep_staged(self, *, idle_s: float) -> int:
        """Delete staged bytes that nobody has written to for so long; return how many there were."""

    def close(self) -> None: ...
