"""Validates and reads a backup; its contents are untrusted.

`check` reads the whole file before anything is changed: the manifest, every name, each row's types, checksums
and the digests of media. Little of it is in memory at once: what is long must lie in the file
uncompressed, so that a small file can't become a large one, and each row is known to be a flat list of the
right length before it is parsed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from earmark.cli.archives import has_bytes
from earmark.cli.bounded_files import PIECE_BYTES, FileTooLongError, LineTooLongError, read_lines, read_whole
from earmark.errors import InvalidError
from earmark.media.types import Media
from earmark.storage.dump import BYTES, COLUMNS, CUSTOMERS, SYSTEM, find_too_long, is_row, longest_line_bytes
from earmark.storage.migrate import known_revisions
from earmark.storage.tenant import TenantKey

FORMAT = "earmark.backup/1"
LONGEST_ROW_BYTES: Final = 8 << 20
LONGEST_MANIFEST_BYTES: Final = 1 << 20
"""The longest that may be compressed. The manifest is a document, which takes many times its bytes in memory."""
_ROWS_AT_ONCE = 2_000
_ROWS = re.compile(r"rows/[0-9]{8,}\.([a-z_]+)\.(?:([0-9]{1,18})-(proj_[A-Za-z0-9]+)-(live|test))?\.ndjson\Z")
_MEDIA = re.compile(r"media/([0-9]{1,18}/eu_[A-Za-z0-9]+/rec_[A-Za-z0-9]+/med_[A-Za-z0-9]+-([0-9a-f]{64}))\Z")
_VALUE = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[-+.0-9A-Za-z]++)'
_FLAT = {
    name: re.compile(rb"\[%b(?:,%b){%d}\]\s*+\Z" % (_VALUE, _VALUE, len(columns) - 1), re.DOTALL)
    for name, columns in COLUMNS.items()
}
"""What a row of each table looks like. Nested and over-long lists take many times their line's memory."""
_VERSION = re.compile(r"[A-Za-z0-9_.+-]{1,64}\Z")
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, KeyError, ValueError, OverflowError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
"""What `zipfile` raises for unreadable data; RuntimeError for entries with a password."""


_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class NotABackupError(InvalidError):
    """The file is no backup, has another schema version, or is damaged."""

    def __init__(self, message: str = "The file is not a backup of earmark, or it is damaged.") -> None:
        super().__init__(message)


class PackedTooMuchError(NotABackupError):
    """A line or the manifest is longer than what a backup compresses."""

    def __init__(self) -> None:
        super().__init__("The file is not a backup of earmark: a line unpacks to more than a backup compresses.")


@contextmanager
def open_backup(file: Path) -> Iterator[BackupFile]:
    """Open a backup and validate all of it.

    Raises: NotABackupError.
    """
    with _as_not_a_backup():
        archive = zipfile.ZipFile(file)
    with archive:
        backup = BackupFile(archive)
        backup.check()
        yield backup


@contextmanager
def _as_not_a_backup() -> Iterator[None]:
    try:
        yield
    except (LineTooLongError, FileTooLongError) as error:
        raise PackedTooMuchError from error
    except _UNREADABLE as error:
        raise NotABackupError from error


def _demand(*, is_so: bool) -> None:
    if not is_so:
        raise NotABackupError


class BackupFile:
    """A backup's contents; `check` sets all attributes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.secret = ""
        self.tenants: dict[TenantKey, None] = {}
        self.media_keys: list[str] = []
        self.left_out: set[str] = set()
        self.counts: Counter[str] = Counter()
        """Rows by table."""
        self.version = self.made_at = ""

    def check(self) -> None:
        """Read and validate the whole file.

        Raises: NotABackupError.
        """
        with _as_not_a_backup():
            entries = self._archive.infolist()
            names = {info.filename for info in entries}
            _demand(is_so=len(names) == len(entries) and all(info.compress_type in _PACKINGS for info in entries))
            manifest = self._read_manifest()
            found = {name for name in names if name != "manifest.json" and not _ROWS.match(name)}
            self.left_out = set(map(str, manifest["left_out"]))
            self.version, self.made_at = (str(manifest.get(name)) for name in ("version", "made_at"))
            named = self._check_rows(found | self.left_out)
            _demand(is_so=manifest.get("rows") == self.counts.total() and found <= named)
            for name in sorted(found - self.left_out):
                self._check_medium(name)

    def _read_manifest(self) -> dict[str, Any]:
        with self._archive.open("manifest.json") as entry:
            manifest = orjson.loads(read_whole(entry.read, self._longest("manifest.json", LONGEST_MANIFEST_BYTES)))
        _demand(is_so=isinstance(manifest, dict) and manifest.get("format") == FORMAT)
        schema, version = (str(manifest.get(name)) for name in ("schema", "version"))
        _demand(is_so=bool(_VERSION.match(schema) and _VERSION.match(version)))
        if schema != known_revisions()[-1]:
            raise NotABackupError(
                f"The backup has schema {schema}, this version {known_revisions()[-1]}: restore it with "
                f"earmark {version}, then start this version, which migrates it."
            )
        _demand(is_so=isinstance(manifest.get("left_out"), list))
        return dict(manifest)

    def _longest(self, name: str, packed_bytes: int) -> int:
        """Return how many bytes a line of an entry may have."""
        info = self._archive.getinfo(name)
        return max(packed_bytes, info.file_size if info.compress_type == zipfile.ZIP_STORED else 0)

    def _check_rows(self, known_media: set[str]) -> set[str]:
        """Count the rows; return the names of the media that they refer to, all of which are known."""
        media_names = set[str]()
        for name, key, rows in self.pieces():
            self.counts[name] += len(rows)
            named = [dict(zip(COLUMNS[name], row, strict=True)) for row in rows]
            if name == "installation":
                self.secret = next((row["value"] for row in named if row["name"] == "cursor_secret"), self.secret)
            elif name == "tenants":
                self._add_tenants(TenantKey(row["id"], row["project_id"], row["mode"]) for row in named)
            elif key is not None:
                _demand(is_so=key in self.tenants and all(row["tenant_id"] == key.tenant_id for row in named))
            if name == "media" and key is not None:
                new = {media_name(key, media) for media in map(to_media, rows) if has_bytes(media)}
                _demand(is_so=new <= known_media)
                media_names |= new
        _demand(is_so=bool(self.secret))
        return media_names

    def _add_tenants(self, keys: Iterable[TenantKey]) -> None:
        for key in keys:
            _demand(is_so=key not in self.tenants)
            self.tenants[key] = None

    def _check_medium(self, name: str) -> None:
        match = _MEDIA.match(name)
        if match is None:
            raise NotABackupError
        digest = hashlib.sha256()
        for piece in self._pieces_of(name):
            digest.update(piece)
        _demand(is_so=digest.hexdigest() == match.group(2))
        self.media_keys.append(match.group(1))

    def pieces(self) -> Iterator[tuple[str, TenantKey | None, list[list[Any]]]]:
        """Yield (table, tenant, rows), parents before their children."""
        for entry in self._archive.namelist():
            if not entry.startswith("rows/"):
                continue
            match = _ROWS.match(entry)
            if match is None:
                raise NotABackupError
            name, tenant_id, project_id, mode = match.groups()
            _demand(is_so=name in (SYSTEM if tenant_id is None else CUSTOMERS))
            key = None if tenant_id is None else TenantKey(int(tenant_id), project_id, mode)
            for rows in self._rows(entry, name):
                yield name, key, rows

    def _rows(self, entry: str, name: str) -> Iterator[list[list[Any]]]:
        rows: list[list[Any]] = []
        longest, held_bytes = self._longest(entry, LONGEST_ROW_BYTES), 0
        with _as_not_a_backup(), self._archive.open(entry) as file:
            for line in read_lines(file.read, min(longest, longest_line_bytes(name))):
                rows.append(_parse_row(name, line))
                held_bytes += len(line)
                if len(rows) == _ROWS_AT_ONCE or held_bytes >= LONGEST_ROW_BYTES:
                    yield rows
                    rows, held_bytes = [], 0
        if rows:
            yield rows

    def medium(self, key: str) -> Iterator[bytes]:
        """Yield a medium's bytes."""
        return self._pieces_of(f"media/{key}")

    def _pieces_of(self, name: str) -> Iterator[bytes]:
        with _as_not_a_backup(), self._archive.open(name) as entry:
            while piece := entry.read(PIECE_BYTES):
                yield piece


def _parse_row(name: str, line: bytes) -> list[Any]:
    _demand(is_so=_FLAT[name].match(line) is not None)
    values: list[Any] = orjson.loads(line)
    for at in BYTES[name]:
        if values[at] is not None:
            _demand(is_so=isinstance(values[at], str))
            values[at] = base64.b64decode(values[at], validate=True)
    _demand(is_so=is_row(name, values))
    too_long = find_too_long(name, values)
    if too_long is not None:
        column, limit = too_long
        raise NotABackupError(f"The backup has a row of {name} whose {column} has more than {limit:,} characters.")
    return values


def read_installation(file: Path) -> str:
    """Return which installation a backup is of: its secret, which a restore keeps. The rest isn't read.

    Raises: NotABackupError; OSError if the file can't be read.
    """
    with file.open("rb") as opened, _as_not_a_backup(), zipfile.ZipFile(opened) as archive:
        for entry in archive.namelist():
            match = _ROWS.match(entry)
            if match is None or match.group(1) != "installation":
                continue
            with archive.open(entry) as lines:
                for line in read_lines(lines.read, longest_line_bytes("installation")):
                    name, value = _parse_row("installation", line)
                    if name == "cursor_secret":
                        return str(value)
    raise NotABackupError


def to_media(row: Any) -> Media:
    """Return a row of `media` as a value."""
    values = dict(zip(COLUMNS["media"], row, strict=True))
    return Media(**{name: values[name] for name in Media.__dataclass_fields__})


def media_name(key: TenantKey, media: Media) -> str:
    """Return the name of a medium's entry in the archive."""
    return f"media/{media.key(key.tenant_id)}"
