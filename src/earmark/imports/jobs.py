"""Jobs of imports: the import itself, in slices between which others get their turn, and the end of old ones.

An outcome is stored as soon as it is there. A run that was interrupted is continued at the recording at which it was:
what it had stored already is found by its bytes' digest and added no second time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from earmark.clock import now_us
from earmark.errors import UnavailableError
from earmark.identity.projects import list_tenants
from earmark.imports import queries
from earmark.imports.archives import ArchiveError
from earmark.imports.errors import ImportNotFoundError
from earmark.imports.importing import Importer
from earmark.imports.receiving import RUN, get_import, save_import
from earmark.imports.types import Choices, Group, Import, ImportStatus, Outcome
from earmark.imports.unpacking import unpacked
from earmark.jobs.kinds import JobKind, sweeping
from earmark.jobs.running import RunningJob
from earmark.jobs.types import Job
from earmark.library.end_users import get_end_user
from earmark.library.errors import EndUserNotFoundError
from earmark.media.deletion import enqueue_folder_deletion
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore
from earmark.retrieval.index.ingest import Ingester
from earmark.storage.tenant import Operator, Tenant
from earmark.text import cut_utf16

_SLICE_S: Final = 20.0
_EVERY_S: Final = 3_600.0
_HOUR_US: Final = 3_600 * 1_000_000
_KEPT_US: Final = 30 * 24 * _HOUR_US
_STUCK_US: Final[dict[ImportStatus, tuple[int, str]]] = {
    "waiting": (25 * _HOUR_US, "The bytes did not arrive."),
    "running": (7 * 24 * _HOUR_US, "The import was stopped."),
}
"""After how long without a change an import of each status has failed."""
_LONGEST_PATH, _LONGEST_MESSAGE = 1_024, 1_024
_LOST_TOO_OFTEN = 5


def kinds(ingester: Ingester, store: MediaStore) -> list[JobKind]:
    """Return this room's kinds of job."""

    async def run(running: RunningJob) -> None:
        await _Run(running, ingester, store).run()

    async def note_failure(work: Tenant, job: Job) -> None:
        with suppress(ImportNotFoundError):
            one = await get_import(work, job.payload["import_id"])
            await _end(work, store, one, "The import could not be finished; send the file again.")

    return [
        JobKind(RUN, run, is_heavy=True, max_losses=_LOST_TOO_OFTEN, on_failure=note_failure),
        sweeping("imports.sweep", sweep, _EVERY_S),
    ]


async def kept_uploads(tenant: Tenant, import_ids: Sequence[str]) -> dict[str, str | None]:
    """Return the digests of those of these imports whose bytes are still needed."""
    return dict(await tenant.fetch_all(queries.select_kept, {"import_ids": list(import_ids)}))


async def sweep(operator: Operator) -> None:
    """Delete what ended a month ago, and end what was given up; the media room's sweep takes the bytes."""
    now = now_us()
    for tenant in await list_tenants(operator):
        for status, (idle_us, reason) in _STUCK_US.items():
            params = {"of_status": status, "before_us": now - idle_us}
            for (import_id,) in await tenant.fetch_all(queries.select_stuck, params):
                await _give_up(tenant, import_id, status, reason)
        async with tenant.writing() as work:
            await work.execute(queries.delete_ended_before, {"before_us": now - _KEPT_US})


async def _give_up(tenant: Tenant, import_id: str, status: ImportStatus, reason: str) -> None:
    """End an import unless it has just got another status."""
    async with tenant.writing() as work:
        one = await get_import(work, import_id, for_update=True)
        if one.status == status:
            await save_import(work, replace(one, status="failed", error_message=reason, completed_us=now_us()))


async def _end(work: Tenant, store: MediaStore, one: Import, problem: str | None) -> None:
    """Store that an import has ended, and delete its bytes."""
    ended = replace(one, completed_us=now_us(), error_message=problem)
    is_failed = problem is not None
    await save_import(
        work, replace(ended, status="failed" if is_failed else "completed", progress=one.progress if is_failed else 1.0)
    )
    await enqueue_folder_deletion(work, store, one.folder(work.key.tenant_id))


class _Run:
    """One slice of an import."""

    def __init__(self, running: RunningJob, ingester: Ingester, store: MediaStore) -> None:
        self._running = running
        self._ingester = ingester
        self._store = store

    async def run(self) -> None:
        """Import for a while; then end, or leave the rest to a later run."""
        tenant, job = self._running.tenant, self._running.job
        try:
            self._import = one = await get_import(tenant, job.payload["import_id"])
            user = await get_end_user(tenant, one.end_user_id)
        except (ImportNotFoundError, EndUserNotFoundError):  # erased meanwhile
            return
        if one.status != "running":
            return
        owner = tenant.acting_for(user.id, user.number)
        try:
            async with unpacked(self._store, one.key(job.tenant_id), one.file_name) as groups:
                await self._import_some(Importer(self._ingester, self._store, owner), groups)
                is_done = self._import.groups_done >= len(groups)
        except (ArchiveError, MediaNotFoundError) as error:
            lost = "The bytes of this import are gone; send the file again."
            await self._finish(error.message if isinstance(error, ArchiveError) else lost)
        else:
            await (self._finish(None) if is_done else self._running.put_back(0.0, None, is_counted=False))

    async def _finish(self, problem: str | None) -> None:
        async with self._running.finishing() as work:
            await _end(work, self._store, self._import, problem)

    async def _import_some(self, importer: Importer, groups: Sequence[Group]) -> None:
        until = time.monotonic() + _SLICE_S
        done = self._import.groups_done
        for number, group in enumerate(groups[done:], start=done + 1):
            await self._import_group(importer, group, number)
            self._import = replace(self._import, groups_done=number, progress=number / len(groups))
            async with self._running.writing() as work:
                await save_import(work, self._import)
                await self._running.report_in(work, self._import.progress)
            if time.monotonic() > until:
                return

    async def _import_group(self, importer: Importer, group: Group, group_no: int) -> None:
        one = self._import
        chosen = Choices(folder_id=one.folder_id)
        if not one.makes_folders:
            group = replace(group, folder=None)
        number = 0
        async for outcome in importer.run(group, chosen):
            if outcome.is_passing:  # not the file's fault: tried again later
                raise UnavailableError(outcome.error or "Something is not available.")
            number += 1
            async with self._running.writing() as work:
                await work.execute(queries.insert_file, self._row(outcome, group_no, number))

    def _row(self, outcome: Outcome, group_no: int, number: int) -> dict[str, Any]:
        inner = outcome.file.removeprefix(f"{self._import.file_name}/")
        error = outcome.error
        return {
            "import_id": self._import.id, "group_no": group_no, "number": number,
            "end_user_id": self._import.end_user_id, "path": cut_utf16(inner, _LONGEST_PATH),
            "status": outcome.status, "recording_id": outcome.recording_id, "warnings_total": outcome.warnings_total,
            "error_message": None if error is None else cut_utf16(error, _LONGEST_MESSAGE),
        }  # fmt: skip
