"""Archives that commands write: for their owner's eyes only, whole or not there, never over another file."""

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
from earmark.media.queries import select_kept_media
from earmark.media.store import MediaStore
from earmark.media.types import Media
from earmark.storage.tenant import Tenant

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


def has_bytes(media: Media) -> bool:
    """Whether a medium's bytes are kept: those that weren't what their sender said were let go."""
    return media.sha256 is not None and media.status != "failed"


async def write_media(store: MediaStore, archive: zipfile.ZipFile, key: str, name: str, sha256: str | None) -> bool:
    """Put bytes into an archive; return whether they were there, whole.

    Those that are deleted while they are written end early: what is under `name` then is not the medium.
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
    """Return those media whose rows are still there: their bytes were not deleted meanwhile but are lost."""
    rows = (
        await tenant.fetch_all(select_kept_media, {"media_ids": [media.id for media in left_out]}) if left_out else []
    )
    there = {tuple(row) for row in rows}
    return [media for media in left_out if (media.id, media.sha256) in there]


def say_lost(lost: Sequence[Media]) -> None:
    """Say in one line which media could not be written, and leave with 1: the file is there, but for them.

    Raises: typer.Exit.
    """
    if lost:
        named = ", ".join(f"{media.id} of {media.recording_id}" for media in lost[:3])
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        fail(f"The bytes of {named}{more} are missing or damaged on this server, and not in the file.")
