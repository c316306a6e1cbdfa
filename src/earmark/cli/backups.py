"""`earmark backup`: all data in one file, independent of the database.

The file is a zip: each table's rows as lines of JSON, then the media, and `manifest.json`. It contains
people's words and the hashes of keys; only its owner can read it.
"""

from __future__ import annotations

import base64
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from typer.core import TyperGroup

import earmark
from earmark.cli import backup_series, backup_verify
from earmark.cli.archives import check_new, find_lost, has_bytes, new_archive, say_lost, write_media
from earmark.cli.backup_files import (
    FORMAT,
    LONGEST_MANIFEST_BYTES,
    LONGEST_ROW_BYTES,
    media_name,
    to_media,
)
from earmark.cli.output import JsonOption, emit, run
from earmark.clock import now_us, render_time
from earmark.data_dir import note_backup
from earmark.identity.audit import record
from earmark.identity.projects import list_tenants
from earmark.media.store import MediaStore
from earmark.media.types import Media
from earmark.runtime import Runtime
from earmark.storage.dump import BYTES, COLUMNS, walk
from earmark.storage.migrate import known_revisions
from earmark.storage.tenant import Tenant, TenantKey


class _Group(TyperGroup):
    """`earmark backup FILE` is `earmark backup write FILE`: what names no command is a file or an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_command = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if is_command else ["write", *args])


backup_cli = typer.Typer(help="Write all data into one file, and check such files.", cls=_Group)
backup_cli.command("verify")(backup_verify.verify)


@backup_cli.command("write")
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write (a zip); with `--keep`, the folder.")],
    keep: Annotated[
        int | None,
        typer.Option(
            min=1, help="Name the file by the time, and delete all but the N newest of the folder.", metavar="N"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write all data, as of one moment, into one file; a server may be running. `write` may be left out.

    If bytes of media are missing or damaged, the file has everything else, nothing older is deleted, and the exit
    code is 1. Nothing is deleted either from a folder that has a backup of another installation.
    """
    folder, file = file, file if keep is None else backup_series.next_file(file)
    check_new(file)

    async def work(runtime: Runtime) -> tuple[int, list[Media]]:
        for tenant in await list_tenants(runtime.operator):
            await record(tenant, "backup.written", None)
        began_s = time.time()
        with new_archive(file, level=1) as archive:
            written = await _write(runtime, archive)
        if not written[1]:
            note_backup(runtime.settings.data_dir, began_s)
        return written

    rows, lost = run(work)
    shown = {"file": str(file), "rows": rows, "missing_media": [media.id for media in lost]}
    text = f"{file}: {rows} rows."
    if keep is not None:
        deleted = [] if lost else backup_series.prune(folder, keep, new=file)
        shown["deleted"] = [str(path) for path in deleted]
        text += "".join(f"\ndeleted {path}" for path in deleted)
    emit(shown, as_json=as_json, text=text)
    say_lost(lost)


async def _write(runtime: Runtime, archive: zipfile.ZipFile) -> tuple[int, list[Media]]:
    """Return the number of rows, and the media whose bytes are missing."""
    media_by_tenant: dict[TenantKey, list[Media]] = {}
    count = number = 0
    async for name, key, rows in walk(runtime.database):
        tenant = "" if key is None else f"{key.tenant_id}-{key.project_id}-{key.mode}"
        for lines in _in_entries(_line(name, row) for row in rows):
            _add(archive, f"rows/{number:08}.{name}.{tenant}.ndjson", lines, LONGEST_ROW_BYTES)
            number += 1
        count += len(rows)
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
    _add(archive, "manifest.json", [orjson.dumps(manifest)], LONGEST_MANIFEST_BYTES)
    return count, lost


def _in_entries(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines of each entry: a line that is too long to be compressed is alone in its own."""
    together: list[bytes] = []
    held_bytes = 0
    for line in lines:
        if together and held_bytes + len(line) > LONGEST_ROW_BYTES:
            yield together
            together, held_bytes = [], 0
        together.append(line)
        held_bytes += len(line)
    if together:
        yield together


def _add(archive: zipfile.ZipFile, name: str, lines: list[bytes], packed_bytes: int) -> None:
    """Write an entry; a `ZipInfo` of its own is stored, a name compressed as the archive is."""
    is_long = sum(map(len, lines)) > packed_bytes
    with archive.open(zipfile.ZipInfo(name) if is_long else name, "w", force_zip64=is_long) as entry:
        for line in lines:
            entry.write(line)


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
