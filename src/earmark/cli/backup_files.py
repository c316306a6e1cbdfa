"""Validates and reads a backup; its contents are untrusted.

`check` reads the whole file before anything is changed: the manifest, every name, each row's types, checksums
and the digests of media.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from earmark.cli.archives import has_bytes
from earmark.errors import InvalidError
from earmark.media.types import Media
from earmark.storage.dump import BYTES, COLUMNS, CUSTOMERS, SYSTEM, is_row
from earmark.storage.migrate import known_revisions
from earmark.storage.tenant import TenantKey

FORMAT = "earmark.backup/1"
_PIECE_BYTES = 1 << 20
_ROWS_AT_ONCE = 2_000
_ROWS = re.compile(r"rows/[0-9]{8,}\.([a-z_]+)\.(?:([0-9]{1,18})-(proj_[A-Za-z0-9]+)-(live|test))?\.ndjson\Z")
_MEDIA = re.compile(r"media/([0-9]{1,18}/eu_[A-Za-z0-9]+/rec_[A-Za-z0-9]+/med_[A-Za-z0-9]+-([0-9a-f]{64}))\Z")
_VERSION = re.compile(r"[A-Za-z0-9_.+-]{1,64}\Z")
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, KeyError, ValueError, OverflowError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
"""What `zipfile` raises for unreadable data; RuntimeError for entries with a password."""


class NotABackupError(InvalidError):
    """The file is no backup, has another schema version, or is damaged."""

    def __init__(self, message: str = "The file is not a backup of earmark, or it is damaged.") -> None:
        super().__init__(message)


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
    except _UNREADABLE as error:
        raise NotABackupError from error


def _demand(*, is_so: bool) -> None:
    if not is_so:
        raise NotABackupError


class BackupFile:
    """A backup's contents; `check` sets `secret`, `tenants` and `media_keys`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.secret = ""
        self.tenants: list[TenantKey] = []
        self.media_keys: list[str] = []

    def check(self) -> None:
        """Read and validate the whole file.

        Raises: NotABackupError.
        """
        with _as_not_a_backup():
            manifest = self._read_manifest()
            names = [info.filename for info in self._archive.infolist()]
            _demand(is_so=len(names) == len(set(names)))
            count, named = self._check_rows()
            left_out = manifest.get("left_out", [])
            is_whole = manifest.get("rows", count) == count and isinstance(left_out, list)
            _demand(is_so=is_whole)
            found = {name for name in names if name != "manifest.json" and not _ROWS.match(name)}
            _demand(is_so=found <= named and ("left_out" not in manifest or named - found <= set(map(str, left_out))))
            for name in sorted(found - set(map(str, left_out))):
                self._check_medium(name)

    def _read_manifest(self) -> dict[str, Any]:
        manifest = orjson.loads(self._archive.read("manifest.json"))
        _demand(is_so=isinstance(manifest, dict) and manifest.get("format") == FORMAT)
        schema, version = (str(manifest.get(name)) for name in ("schema", "version"))
        _demand(is_so=bool(_VERSION.match(schema) and _VERSION.match(version)))
        if schema != known_revisions()[-1]:
            raise NotABackupError(
                f"The backup has schema {schema}, this version {known_revisions()[-1]}: restore it with "
                f"earmark {version}, then start this version, which migrates it."
            )
        return dict(manifest)

    def _check_rows(self) -> tuple[int, set[str]]:
        """Return the number of rows, and the names of the media that they refer to."""
        count, media_names = 0, set()
        for name, key, rows in self.pieces():
            count += len(rows)
            named = [dict(zip(COLUMNS[name], row, strict=True)) for row in rows]
            if name == "installation":
                self.secret = next((row["value"] for row in named if row["name"] == "cursor_secret"), self.secret)
            elif name == "tenants":
                self.tenants += [TenantKey(row["id"], row["project_id"], row["mode"]) for row in named]
            elif key is not None:
                _demand(is_so=key in self.tenants and all(row["tenant_id"] == key.tenant_id for row in named))
            if name == "media" and key is not None:
                media_names |= {media_name(key, media) for media in map(to_media, rows) if has_bytes(media)}
        _demand(is_so=bool(self.secret))
        return count, media_names

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
        with _as_not_a_backup(), self._archive.open(entry) as lines:
            for line in lines:
                rows.append(_parse_row(name, line))
                if len(rows) == _ROWS_AT_ONCE:
                    yield rows
                    rows = []
        if rows:
            yield rows

    def medium(self, key: str) -> Iterator[bytes]:
        """Yield a medium's bytes."""
        return self._pieces_of(f"media/{key}")

    def _pieces_of(self, name: str) -> Iterator[bytes]:
        with _as_not_a_backup(), self._archive.open(name) as entry:
            while piece := entry.read(_PIECE_BYTES):
                yield piece


def _parse_row(name: str, line: bytes) -> list[Any]:
    values = orjson.loads(line)
    _demand(is_so=isinstance(values, list) and len(values) == len(COLUMNS[name]))
    for at in BYTES[name]:
        if values[at] is not None:
            _demand(is_so=isinstance(values[at], str))
            values[at] = base64.b64decode(values[at], validate=True)
    _demand(is_so=is_row(name, values))
    return list(values)


def to_media(row: Any) -> Media:
    """Return a row of `media` as a value."""
    values = dict(zip(COLUMNS["media"], row, strict=True))
    return Media(**{name: values[name] for name in Media.__dataclass_fields__})


def media_name(key: TenantKey, media: Media) -> str:
    """Return the name of a medium's entry in the archive."""
    return f"media/{media.key(key.tenant_id)}"
