"""`earmark backup` and `earmark restore`: everything in one file, of the same form for both databases.

A zip: `manifest.json`, then each table's rows as lines of JSON, then the media. It holds people's words and
the hashes of keys; it is written for its owner's eyes only.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer

import earmark
from earmark.cli.archives import check_new, new_archive, write_media
from earmark.cli.output import JsonOption, emit, run
from earmark.clock import now_us, render_time
from earmark.errors import InvalidError
from earmark.media.store import MediaStore
from earmark.media.types import Media
from earmark.runtime import Runtime
from earmark.storage.dump import BYTES, COLUMNS, Piece, walk, write_back
from earmark.storage.migrate import known_revisions
from earmark.storage.tenant import TenantKey

FORMAT = "earmark.backup/1"
_PIECE_BYTES = 1 << 20
_ROWS_AT_ONCE = 2_000


class NotABackupError(InvalidError):
    """The file was not written by `earmark backup`, or not by this version's schema."""


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write (a zip).")], as_json: JsonOption = False
) -> None:
    """Write everything into one file, as of one moment, while a server may run."""
    check_new(file)

    async def work(runtime: Runtime) -> int:
        with new_archive(file, level=1) as archive:
            return await _write(runtime, archive)

    rows = run(work)
    emit({"file": str(file), "rows": rows}, as_json=as_json, text=f"{file}: {rows} rows.")


async def _write(runtime: Runtime, archive: zipfile.ZipFile) -> int:
    manifest = {
        "format": FORMAT, "version": earmark.__version__, "schema": known_revisions()[-1],
        "made_at": render_time(now_us()), "columns": COLUMNS,
    }  # fmt: skip
    archive.writestr("manifest.json", orjson.dumps(manifest))
    kept: list[tuple[TenantKey, Media]] = []
    count = number = 0
    async for name, key, rows in walk(runtime.database):
        whose = "" if key is None else f"{key.tenant_id}-{key.project_id}-{key.mode}"
        with archive.open(f"rows/{number:08}.{name}.{whose}.ndjson", "w") as entry:
            entry.write(b"".join(_line(name, row) for row in rows))
        number, count = number + 1, count + len(rows)
        if key is not None and name == "media":
            kept += [(key, Media(**{field: dict(zip(COLUMNS[name], row, strict=True))[field]
                                    for field in Media.__dataclass_fields__})) for row in rows]  # fmt: skip
    for key, media in kept:
        if media.sha256 is not None:
            stored = media.key(key.tenant_id)
            await write_media(runtime.media, archive, stored, f"media/{stored}")
    return count


def _line(name: str, row: Any) -> bytes:
    values = list(row)
    for at in BYTES[name]:
        values[at] = None if values[at] is None else base64.b64encode(values[at]).decode()
    return orjson.dumps(values) + b"\n"


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `earmark backup` wrote.", exists=True, dir_okay=False)],
    as_json: JsonOption = False,
) -> None:
    """Put a backup into an empty database: the one that EARMARK_DATA_DIR or EARMARK_DATABASE_URL names."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive)
            run(lambda runtime: write_back(runtime.database, _pieces(archive)))
            # Opened anew: where media lies depends on a secret that has just been restored.
            count = run(lambda runtime: _read_media(runtime.media, archive))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise NotABackupError(f"{file} is not a backup of earmark, or it is damaged.") from error
    emit({"file": str(file), "media": count}, as_json=as_json, text=f"{file} is restored.")


def _check(archive: zipfile.ZipFile) -> None:
    manifest = orjson.loads(archive.read("manifest.json"))
    if manifest.get("format") != FORMAT:
        raise NotABackupError("The file is not a backup of earmark.")
    if manifest["schema"] != known_revisions()[-1]:
        raise NotABackupError(
            f"The backup is of schema {manifest['schema']}, this version has {known_revisions()[-1]}: restore it with "
            f"earmark {manifest['version']}, then start this version, which migrates it."
        )


def _pieces(archive: zipfile.ZipFile) -> Iterator[Piece]:
    for info in archive.infolist():
        if info.filename.startswith("rows/"):
            _, name, whose, _ = info.filename.rsplit("/")[-1].split(".")
            tenant_id, _, rest = whose.partition("-")
            project_id, _, mode = rest.partition("-")
            key = TenantKey(int(tenant_id), project_id, mode) if whose else None
            with archive.open(info) as entry:
                yield from ((name, key, rows) for rows in _rows(name, entry))


def _rows(name: str, entry: IO[bytes]) -> Iterator[list[list[Any]]]:
    rows: list[list[Any]] = []
    for line in entry:
        values = orjson.loads(line)
        for at in BYTES[name]:
            values[at] = None if values[at] is None else base64.b64decode(values[at])
        rows.append(values)
        if len(rows) == _ROWS_AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


async def _read_media(store: MediaStore, archive: zipfile.ZipFile) -> int:
    names = [one for one in archive.namelist() if one.startswith("media/")]
    for name in names:
        staged = await store.stage()
        with archive.open(name) as entry:
            while piece := entry.read(_PIECE_BYTES):
                await staged.write(piece)
        await staged.finish()
        await store.keep(staged, name.removeprefix("media/"))
    return len(names)
