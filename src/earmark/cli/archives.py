"""Archives that commands write: for their owner's eyes only, whole or not there, never over another file."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earmark.errors import ConflictError, UnavailableError
from earmark.ids import random_text
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore

_PIECE_BYTES = 1 << 20
_NEW = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR


class FileExistsAlreadyError(ConflictError):
    """Nothing is overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already.")


class NotWrittenError(UnavailableError):
    """The folder is missing or not ours, or the disk is full."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Can't write {path}: {(error.strerror or 'unknown error').lower()}.")


def check_new(path: Path) -> None:
    """Refuse to write where something is, be it a link to nowhere.

    Raises: FileExistsAlreadyError.
    """
    if os.path.lexists(path):
        raise FileExistsAlreadyError(path)


@contextmanager
def new_archive(path: Path, *, level: int | None = None) -> Iterator[zipfile.ZipFile]:
    """Give a zip to write, which gets its name once it is whole and on the disk.

    Until then its name, in the same folder, is one that nobody could have put a link or a file of theirs at.

    Raises: FileExistsAlreadyError, NotWrittenError.
    """
    check_new(path)
    beside = path.with_name(f".{random_text(24)}.part")
    try:
        descriptor = os.open(beside, _NEW, 0o600)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
                    yield archive
                file.flush()
                os.fsync(file.fileno())
            _name(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise NotWrittenError(path, error) from error


def _name(beside: Path, path: Path) -> None:
    """Put a file at a free name. The name is taken first: unlike a hard link, every file system can do that."""
    try:
        os.close(os.open(path, _NEW, 0o600))
    except FileExistsError as error:
        raise FileExistsAlreadyError(path) from error
    beside.replace(path)


async def write_media(store: MediaStore, archive: zipfile.ZipFile, key: str, name: str) -> None:
    """Put bytes into an archive; those that were deleted since their row was read are left out."""
    try:
        file = await store.open(key)
    except MediaNotFoundError:
        return
    try:
        with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
            for offset in range(0, file.size_bytes, _PIECE_BYTES):
                entry.write(await file.read(offset, _PIECE_BYTES))
    finally:
        await file.close()
