"""Lists the files of a folder or a zip archive, within limits that a hostile archive can't exceed."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from earmark.errors import InvalidError
from earmark.imports.types import File

MAX_ENTRIES: Final = 10_000
MAX_TRANSCRIPT_BYTES: Final = 256 << 20
MAX_AUDIO_BYTES: Final = 4 << 30
MAX_TOTAL_BYTES: Final = 64 << 30
_MAX_RATIO: Final = 200
_SMALL_TOTAL_BYTES: Final = 1 << 30  # the same for all files together
_MAX_DIRECTORY_BYTES: Final = 4 << 20  # the list of files, which is read whole: more than 10,000 entries need
_SMALL_BYTES: Final = 10 << 20  # text compresses well: below this, any ratio
_LINK: Final = 0o120000
_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_DOCUMENTS: Final = frozenset({"[Content_Types].xml", "mimetype"})
_UNREADABLE: Final = (
    zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, lzma.LZMAError, struct.error, ValueError,
    OverflowError, RuntimeError,
)  # fmt: skip
"""What `zipfile` raises for what it can't read; RuntimeError for an entry with a password."""


class ArchiveError(InvalidError):
    """The archive is damaged, encrypted, or larger than the limits."""


def list_folder(folder: Path) -> Iterator[File]:
    """Yield the files below a folder in the order of their paths; links and hidden files are left out."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not path.is_symlink() and not any(map(_is_hidden, parts)):
            yield local_file(path)


def local_file(path: Path) -> File:
    """Return one file. Its size is read when it is opened, so that a missing one is reported by name."""
    return File(str(path), path.stat().st_size, lambda: cast("BinaryIO", path.open("rb")))


def is_archive(file: File) -> bool:
    """Whether a file is a zip archive by its content; documents of office programs are none."""
    with file.open() as opened:
        if opened.read(4) not in _MAGIC:
            return False
        with suppress(ArchiveError), _directory(opened, file.base) as archive:
            return _DOCUMENTS.isdisjoint(archive.namelist())
    return True  # a damaged one


@contextmanager
def open_archive(file: File) -> Iterator[list[File]]:
    """Yield the files of a zip archive in the order of their names; hidden ones and links are left out.

    Raises: ArchiveError.
    """
    with file.open() as opened, _directory(opened, file.base) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir() and not _is_left_out(one)]
        _check(entries, file.size_bytes)
        yield [_entry(archive, one, file.name) for one in sorted(entries, key=lambda one: one.filename)]


def _directory(opened: BinaryIO, name: str) -> zipfile.ZipFile:
    """Read an archive's list of files, unless it is too long to be read whole."""
    guarded = _ShortReads(opened)
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", guarded))
    except _UNREADABLE as error:
        raise ArchiveError(f"{name} is a damaged zip archive, or of a kind that can't be read.") from error
    guarded.is_guarding = False
    return archive


class _ShortReads:
    """A file of which no more than the longest list of files is read at once, while it is guarding."""

    def __init__(self, opened: BinaryIO) -> None:
        self.is_guarding = True
        self._opened = opened
        self.seek, self.tell, self.seekable = opened.seek, opened.tell, opened.seekable

    def read(self, size: int = -1) -> bytes:
        if self.is_guarding and size > _MAX_DIRECTORY_BYTES:
            raise ArchiveError(f"The archive has more than {MAX_ENTRIES:,} files.")
        return self._opened.read(size)


def _check(entries: list[zipfile.ZipInfo], size_bytes: int) -> None:
    if len(entries) > MAX_ENTRIES:
        raise ArchiveError(f"The archive has more than {MAX_ENTRIES:,} files.")
    total_bytes = sum(one.file_size for one in entries)
    if total_bytes > MAX_TOTAL_BYTES:
        raise ArchiveError(f"The archive holds more than {MAX_TOTAL_BYTES >> 30} GiB.")
    if total_bytes > max(_SMALL_TOTAL_BYTES, _MAX_RATIO * size_bytes):
        raise ArchiveError("The archive is compressed beyond what recordings and transcripts can be.")
    if any(one.flag_bits & 1 for one in entries):
        raise ArchiveError("The archive is encrypted; unpack it first.")


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, archive_name: str) -> File:
    return File(f"{archive_name}/{info.filename}", info.file_size, lambda: _bounded(archive, info))


@contextmanager
def _bounded(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    if info.file_size > _SMALL_BYTES and info.file_size > _MAX_RATIO * max(info.compress_size, 1):
        raise ArchiveError("The file is compressed beyond what recordings and transcripts can be.")
    with _as_damaged():
        entry = archive.open(info)
    with entry:
        yield cast("BinaryIO", _Bounded(entry, info.file_size))


@contextmanager
def _as_damaged() -> Iterator[None]:
    """Convert what an entry that can't be read raises: the others may be whole."""
    try:
        yield
    except _UNREADABLE as error:
        raise ArchiveError("The file is damaged in the archive, or packed in a way that can't be read.") from error


class _Bounded:
    """Reads no more than the size an entry declares, which the limits were checked against."""

    def __init__(self, entry: IO[bytes], size_bytes: int) -> None:
        self._entry = entry
        self._left = size_bytes

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        with _as_damaged():
            piece = self._entry.read(wanted)
        self._left -= len(piece)
        return piece


def _is_left_out(info: zipfile.ZipInfo) -> bool:
    parts = info.filename.replace("\\", "/").split("/")
    is_link = (info.external_attr >> 16) & 0o170000 == _LINK
    return is_link or ".." in parts or parts[0] in ("", "__MACOSX") or any(map(_is_hidden, parts))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in ("Thumbs.db", "desktop.ini")
