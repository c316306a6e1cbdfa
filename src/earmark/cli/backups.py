"""`earmark backup` and `earmark restore`: all data in one file, independent of the database.

The file is a zip: each table's rows as lines of JSON, then the media, and `manifest.json`. It contains
people's words and the hashes of keys; only its owner can read it.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

import earmark
from earmark.cli.archives import check_new, find_lost, has_bytes, new_archive, say_lost, write_media
from earmark.cli.backup_files import FORMAT, BackupFile, NotABackupError, media_name, open_backup, to_media
from earmark.cli.output import JsonOption, emit, run
from earmark.clock import now_us, render_time
from earmark.identity.audit import new_event, record
from earmark.identity.audit_chain import Head
from earmark.identity.projects import list_projects, list_tenants
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore
from earmark.media.types import Media
from earmark.runtime import Runtime, open_media
from earmark.storage.dump import BYTES, COLUMNS, DatabaseNotEmptyError, Piece, walk, write_back
from earmark.storage.errors import MissingParentError, UniqueViolationError
from earmark.storage.migrate import known_revisions
from earmark.storage.tenant import Tenant, TenantKey


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write (a zip).")], as_json: JsonOption = False
) -> None:
    """Write all data, as of one moment, into one file; a server may be running.

    If bytes of media are missing or damaged, the file has everything else, and the exit code is 1.
    """
    check_new(file)

    async def work(runtime: Runtime) -> tuple[int, list[Media]]:
        for tenant in await list_tenants(runtime.operator):
            await record(tenant, "backup.written", None)
        with new_archive(file, level=1) as archive:
            return await _write(runtime, archive)

    rows, lost = run(work)
    shown = {"file": str(file), "rows": rows, "missing_media": [media.id for media in lost]}
    emit(shown, as_json=as_json, text=f"{file}: {rows} rows.")
    say_lost(lost)


async def _write(runtime: Runtime, archive: zipfile.ZipFile) -> tuple[int, list[Media]]:
    """Return the number of rows, and the media whose bytes are missing."""
    media_by_tenant: dict[TenantKey, list[Media]] = {}
    count = number = 0
    async for name, key, rows in walk(runtime.database):
        tenant = "" if key is None else f"{key.tenant_id}-{key.project_id}-{key.mode}"
        with archive.open(f"rows/{number:08}.{name}.{tenant}.ndjson", "w") as entry:
            entry.write(b"".join(_line(name, row) for row in rows))
        number, count = number + 1, count + len(rows)
        if key is not None and name == "media":
            media_by_tenant.setdefault(key, []).extend(filter(has_bytes, map(to_media, rows)))
    left_out: list[str] = []
    lost: list[Media] = []
    for key, media in media_by_tenant.items():
        missing = await _write_media(runtime.media, archive, key, media)
        left_out += [media_name(key, one) for one in missing]
        lost += await find_lost(Tenant(runtime.database, key), missing)
    manifest = {
        "format": FORMAT, "version": earmark.__version__, "schema": known_revisions()[-1],
        "made_at": render_time(now_us()), "columns": COLUMNS, "rows": count, "left_out": left_out,
    }  # fmt: skip
    archive.writestr("manifest.json", orjson.dumps(manifest))
    return count, lost


def _line(name: str, row: Any) -> bytes:
    values = list(row)
    for at in BYTES[name]:
        values[at] = None if values[at] is None else base64.b64encode(values[at]).decode()
    return orjson.dumps(values) + b"\n"


async def _write_media(store: MediaStore, archive: zipfile.ZipFile, key: TenantKey, media: list[Media]) -> list[Media]:
    """Write media; return those that are missing or damaged."""
    return [
        one for one in media
        if not await write_media(store, archive, one.key(key.tenant_id), media_name(key, one), one.sha256)
    ]  # fmt: skip


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `earmark backup` wrote.", exists=True, dir_okay=False)],
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into an empty database (EARMARK_DATA_DIR or EARMARK_DATABASE_URL).

    The whole file is validated first; a damaged one changes nothing. Stop the server first: one that uses the
    same data folder is detected, one on another host (with PostgreSQL) is not.
    """
    with open_backup(file) as backup_file:
        run(lambda runtime: _restore(runtime, backup_file), alone=True)
        count = len(backup_file.media_keys)
    emit({"file": str(file), "media": count}, as_json=as_json, text=f"{file} is restored.")


async def _restore(runtime: Runtime, backup_file: BackupFile) -> None:
    """Write media first and rows last, so that a failure leaves nothing behind."""
    if await list_projects(runtime.operator):
        raise DatabaseNotEmptyError
    store = open_media(runtime.settings, backup_file.secret)  # the store's folder depends on the restored secret
    added: list[str] = []
    try:
        for key in backup_file.media_keys:
            if not await _exists(store, key):
                added.append(key)
            await _put(store, key, backup_file)
        await write_back(runtime.database, _with_events(backup_file.pieces(), backup_file.tenants))
    except BaseException as error:
        for key in added:
            await store.delete(key)
        if isinstance(error, MissingParentError | UniqueViolationError):
            raise NotABackupError from error
        raise
    finally:
        store.close()


def _with_events(pieces: Iterator[Piece], tenants: list[TenantKey]) -> Iterator[Piece]:
    """Yield the backup's pieces, and at the end of each tenant's audit trail that it was restored."""
    unchained = {key.tenant_id: key for key in tenants}
    for name, key, rows in pieces:
        if name == "audit_heads" and key is not None:
            del unchained[key.tenant_id]
            for row in rows:
                yield from _restored(key, Head(*row))
        else:
            yield name, key, rows
    for key in unchained.values():
        yield from _restored(key, Head(key.tenant_id))


def _restored(key: TenantKey, head: Head) -> Iterator[Piece]:
    row = {"tenant_id": key.tenant_id, **head.follow(new_event("backup.restored", None))}
    for name in ("audit_events", "audit_heads"):
        yield name, key, [[row[column] for column in COLUMNS[name]]]


async def _exists(store: MediaStore, key: str) -> bool:
    try:
        await (await store.open(key)).close()
    except MediaNotFoundError:
        return False
    return True


async def _put(store: MediaStore, key: str, backup_file: BackupFile) -> None:
    staged = await store.stage()
    try:
        for piece in backup_file.medium(key):
            await staged.write(piece)
        await staged.finish()
        await store.keep(staged, key)
    finally:
        await staged.discard()
