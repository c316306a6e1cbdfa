"""The interface of a media store: a local disk today, possibly an object store later.

Keys are `tenant/end user/recording/medium-digest`, so that all bytes of a recording or a person share one
prefix. A key's bytes never change. Bytes are staged first, then stored under their key in one step that
survives a crash; staged bytes that were never stored are swept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key in the store, and the seconds since it was stored."""

    key: str
    idle_s: float


class Staged(Protocol):
    """Bytes being received. `size_bytes` and `sha256` cover what has arrived; final after `finish`."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    async def write(self, piece: bytes) -> None: ...

    async def finish(self) -> None:
        """Sync the bytes written to disk."""

    async def open(self) -> StoredFile:
        """Open finished bytes for reading, before they are stored or discarded."""

    async def discard(self) -> None:
        """Discard the bytes unless they were stored; repeated calls do nothing."""


class Partial(Protocol):
    """Bytes that arrive in several requests; one request at a time has them. `size_bytes` counts what is written."""

    @property
    def size_bytes(self) -> int: ...

    async def write(self, piece: bytes) -> None:
        """Append bytes; those of a request that breaks off are kept."""

    async def sync(self) -> None:
        """Sync what was written to disk: it survives a crash from then on."""

    async def sha256(self) -> str:
        """Return the digest of all bytes, which are read for it."""

    async def close(self) -> None:
        """Let the next request have it; repeated calls do nothing."""


class StoredFile(Protocol):
    """Stored bytes open for reading."""

    @property
    def size_bytes(self) -> int: ...

    async def read(self, offset: int, size_bytes: int) -> bytes:
        """Return bytes from `offset`; none once they were deleted."""

    def read_now(self, offset: int, size_bytes: int) -> bytes:
        """The same on the calling thread, for a thread that may wait; none once it is closed."""

    def fileno(self) -> int:
        """Return a descriptor of the bytes, for a child process; its position is nobody's.

        Raises: MediaNotFoundError once they were deleted.
        """

    async def close(self) -> None: ...


class MediaStore(Protocol):
    """A store of media. Raises: StorageUnavailableError if it can't be read or written."""

    async def stage(self) -> Staged: ...

    async def put(self, staged: Staged, key: str) -> None:
        """Store finished bytes under their key; once this returns they survive a crash."""

    async def open_partial(self, key: str, *, is_new: bool) -> Partial | None:
        """Open what arrived so far under a key ending with `.part`, or begin anew; None while another has it."""

    async def partial_size(self, key: str) -> int:
        """Return how many bytes arrived, which survive a crash; 0 if there are none."""

    async def put_partial(self, partial: Partial, key: str) -> None:
        """Store finished bytes under their key, as `put` does; they stay under the partial's key until deleted."""

    async def open(self, key: str) -> StoredFile:
        """Open bytes for reading.

        Raises: MediaNotFoundError.
        """

    async def delete(self, key: str) -> None:
        """Delete one key's bytes, if they exist."""

    async def delete_under(self, folder: str) -> None:
        """Delete all bytes of an end user or a recording."""

    async def list_under(self, folder: str) -> list[StoredKey]:
        """Return the keys of a tenant, an end user or a recording; what has another name is none of the store's."""

    async def sweep_staged(self, *, idle_s: float) -> int:
        """Delete staged bytes not written to for `idle_s` seconds; return how many files."""

    def close(self) -> None: ...
