"""`earmark restore`: a backup becomes the data of an empty installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.backup_files import BackupFile, NotABackupError, open_backup
from earmark.cli.output import JsonOption, emit, run
from earmark.identity.audit import new_event
from earmark.identity.audit_chain import Head
from earmark.identity.projects import list_projects
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore
from earmark.runtime import Runtime, open_media
from earmark.storage.dump import COLUMNS, DatabaseNotEmptyError, Piece, write_back
from earmark.storage.errors import MissingParentError, UniqueViolationError
from earmark.storage.tenant import TenantKey


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `earmark backup` wrote.", exists=True, dir_okay=False)],
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into an empty database (EARMARK_DATA_DIR or EARMARK_DATABASE_URL).

    The whole file is validated first; a damaged one changes nothing. Stop the server first: one that uses the
    same data folder is detected, one on another host (with PostgreSQL) is not.
    """
    with open_backup(file) as backup_file:
        run(lambda runtime: write_restored(runtime, backup_file), alone=True, may_create=True)
        count = len(backup_file.media_keys)
    emit({"file": str(file), "media": count}, as_json=as_json, text=f"{file} is restored.")


async def write_restored(runtime: Runtime, backup_file: BackupFile) -> None:
    """Write media first and rows last, so that a failure leaves nothing behind.

    Raises: DatabaseNotEmptyError, NotABackupError.
    """
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


def _with_events(pieces: Iterator[Piece], tenants: Iterable[TenantKey]) -> Iterator[Piece]:
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
        await store.put(staged, key)
    finally:
        await staged.discard()
