"""Writes archives atomically, readable by their owner only, never over an existing file."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from earmark.cli.output import fail
from earmark.errors import ConflictError, UnavailableError
from earmark.ids import random_text
from earmark.media.errors import MediaNotFoundError
from earmark.media.queries import select_stored_media
from earmark.media.store import MediaStore
from earmark.media.types import Media
from earmark.storage.tenant import Tenant

_PIECE_BYTES = 1 << 20
_NEW = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR


class FileExistsAlreadyError(ConflictError):
    """The output file exists; nothing is overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} already exists; choose another name or delete it.")


class NotWrittenError(UnavailableError):
    """The folder is missing or not writable, or the disk is full."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Can't write {path}: {(error.strerror or 'unknown error').lower()}.")


def check_new(path: Path) -> None:
    """Check that nothing exists at the path, not even a dangling link.

    Raises: FileExistsAlreadyError.
    """
    if os.path.lexists(path):
        raise FileExistsAlreadyError(path)


@contextmanager
def new_archive(path: Path, *, level: int | None = None) -> Iterator[zipfile.ZipFile]:
    """Yield a zip to write, renamed to `path` once it is complete and synced.

    Until then it has a random name in the same folder, so that nobody can plant a link or a file there.

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
            _rename_to_new(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise NotWrittenError(path, error) from error


def _rename_to_new(beside: Path, path: Path) -> None:
    """Rename a file to an unused name, reserved first; not all file systems support hard links."""
    try:
        os.close(os.open(path, _NEW, 0o600))
    except FileExistsError as error:
        raise FileExistsAlreadyError(path) from error
    beside.replace(path)


def has_bytes(media: Media) -> bool:
    """Whether a medium's bytes were retained: false after a checksum failure."""
    return media.sha256 is not None and media.status != "failed"


async def write_media(store: MediaStore, archive: zipfile.ZipFile, key: str, name: str, sha256: str | None) -> bool:
    """Write a medium's bytes into an archive; return whether they were present and intact.

    If the medium is deleted meanwhile, the entry is truncated and must not be used.
    """
    try:
        file = await store.open(key)
    except MediaNotFoundError:
        return False
    digest = hashlib.sha256()
    try:
        with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
            for offset in range(0, file.size_bytes, _PIECE_BYTES):
                piece = await file.read(offset, _PIECE_BYTES)
                digest.update(piece)
                entry.write(piece)
    finally:
        await file.close()
    return digest.hexdigest() == sha256


async def find_lost(tenant: Tenant, left_out: Sequence[Media]) -> list[Media]:
    """Return the media whose rows still exist: their bytes are lost, not deleted meanwhile."""
    rows = (
        await tenant.fetch_all(select_stored_media, {"media_ids": [media.id for media in left_out]}) if left_out else []
    )
    there = {tuple(row) for row in rows}
    return [media for media in left_out if (media.id, media.sha256) in there]


def say_lost(lost: Sequence[Media]) -> None:
    """Print which media are missing from the written file, and exit with 1.

    Raises: typer.Exit.
    """
    if lost:
        names = ", ".join(f"{media.id} of {media.recording_id}" for media in lost[:3])
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        fail(f"The bytes of {names}{more} are missing or damaged on this server and are not in the file.")
