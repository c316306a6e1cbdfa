"""`earmark backup verify`: a restore drill in a temporary folder, which is deleted at the end."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import backup_series
from earmark.cli.backup_files import BackupFile, open_backup
from earmark.cli.bounded_files import PIECE_BYTES
from earmark.cli.findings import Finding, show
from earmark.cli.output import JsonOption
from earmark.cli.restoring import write_restored
from earmark.config import Settings, load_settings
from earmark.errors import EarmarkError, UnavailableError
from earmark.identity.audit import verify as verify_audit
from earmark.identity.projects import list_tenants
from earmark.media.store import MediaStore
from earmark.runtime import Runtime, open_media, open_runtime
from earmark.storage.dump import walk

Check = Callable[[Runtime, BackupFile], Awaitable[str]]


class NotRestoredError(UnavailableError):
    """What was restored is not what the file holds."""


def verify(
    file: Annotated[
        Path, typer.Argument(help="A file that `earmark backup` wrote, or a folder: its newest.", exists=True)
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            help="Where the temporary copy is made (default: the system's folder for such).",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into a temporary place, check what is there, and delete it; exit with 1 if anything is wrong.

    Needs as much free space as the data takes. The installation's own data is neither read nor changed.
    """  # fmt: skip
    file = backup_series.newest(file) if file.is_dir() else file
    with open_backup(file) as backup, tempfile.TemporaryDirectory(prefix="earmark-verify-", dir=into) as folder:
        findings = [Finding("file", True, f"{file}: {_describe(backup)}"), *_missing(backup)]
        findings += asyncio.run(_drill(_settings(Path(folder)), backup))
    show(findings, as_json=as_json)


def _settings(folder: Path) -> Settings:
    """Return the settings with all data in a temporary folder, on SQLite."""
    elsewhere = {"data_dir": folder / "data", "database_url": None, "migration_database_url": None}
    return load_settings().model_copy(update=elsewhere)


def _describe(backup: BackupFile) -> str:
    tables = sum(1 for count in backup.counts.values() if count)
    return (
        f"{backup.counts.total()} rows of {tables} tables, {len(backup.media_keys)} media, written "
        f"{backup.made_at} by earmark {backup.version}"
    )


def _missing(backup: BackupFile) -> list[Finding]:
    if not backup.left_out:
        return []
    says = f"{len(backup.left_out)} media were missing, damaged or deleted when the backup was written"
    return [Finding("left out", True, says, is_warning=True)]


async def _drill(settings: Settings, backup: BackupFile) -> list[Finding]:
    """Restore, then look at what is there."""
    findings = []
    async with open_runtime(settings, alone=True) as runtime:
        for name, check in _CHECKS.items():
            try:
                findings.append(Finding(name, True, await check(runtime, backup)))
            except EarmarkError as error:
                findings.append(Finding(name, False, error.message))
                if name == "restore":
                    break
    return findings


async def _restore(runtime: Runtime, backup: BackupFile) -> str:
    await write_restored(runtime, backup)
    return "every row and every file of media was written into an empty database"


async def _compare_rows(runtime: Runtime, backup: BackupFile) -> str:
    """Each table has the backup's rows; the audit trails have the restore's event besides."""
    found: Counter[str] = Counter()
    async for name, _, rows in walk(runtime.database):
        found[name] += len(rows)
    wanted = backup.counts + Counter({"audit_events": len(backup.tenants)})
    wanted["audit_heads"] = len(backup.tenants)
    other = sorted(name for name in {*found, *wanted} if found[name] != wanted[name])
    if other:
        said = ", ".join(f"{name} has {found[name]} rows, not {wanted[name]}" for name in other)
        raise NotRestoredError(f"Tables differ: {said}.")
    return f"as many rows in each table; {found['recordings']} recordings, {found['ask_sessions']} chats"


async def _read_media(runtime: Runtime, backup: BackupFile) -> str:
    """Every medium can be read from the store, byte for byte."""
    store = open_media(runtime.settings, backup.secret)
    total_bytes = 0
    try:
        for key in backup.media_keys:
            digest = hashlib.sha256()
            async for piece in _pieces(store, key):
                digest.update(piece)
                total_bytes += len(piece)
            if digest.hexdigest() != key[-64:]:
                raise NotRestoredError(f"Medium {key.rpartition('/')[2][:-65]} has other bytes than its digest says.")
    finally:
        store.close()
    return f"{len(backup.media_keys)} files, {total_bytes} bytes, each with its digest"


async def _pieces(store: MediaStore, key: str) -> AsyncIterator[bytes]:
    file = await store.open(key)
    try:
        for offset in range(0, file.size_bytes, PIECE_BYTES):
            yield await file.read(offset, PIECE_BYTES)
    finally:
        await file.close()


async def _check_audit(runtime: Runtime, backup: BackupFile) -> str:
    heads = [await verify_audit(tenant) for tenant in await list_tenants(runtime.operator)]
    return f"{sum(head.seq for head in heads)} events of {len(heads)} trails, each as it was written"


async def _check_index(runtime: Runtime, backup: BackupFile) -> str:
    return await runtime.ingester.describe(runtime.operator)


_CHECKS: dict[str, Check] = {
    "restore": _restore,
    "rows": _compare_rows,
    "media": _read_media,
    "audit": _check_audit,
    "index": _check_index,
}
