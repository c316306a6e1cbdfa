"""The job of an import: what a killed process, an unavailable disk, others' turns and erasure make of it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from earmark.errors import NotFoundError
from earmark.identity.projects import create_project, get_tenant
from earmark.imports import jobs as import_jobs
from earmark.imports.errors import ImportNotFoundError, ImportReceivedError
from earmark.imports.receiving import begin_import, get_import, list_files, receive_import
from earmark.imports.types import Import
from earmark.jobs.kinds import ensure_periodic
from earmark.jobs.queue import list_jobs, retry
from earmark.library.end_users import create_end_user
from earmark.library.recordings import list_recordings
from earmark.library.types import Page
from earmark.media import erasure
from earmark.media.grants import Grant
from earmark.runtime import Runtime
from earmark.storage.errors import StorageUnavailableError
from earmark.storage.tenant import Tenant
from tests.http.conftest import Library
from tests.http.test_imports import VTT, begin, ended, packed, recordings, statuses
from tests.server import Place, new_project, running, wait_until

TALKS = {f"talk {at}.vtt": VTT.replace("hive", f"hive {at}") for at in range(5)}
LIMIT = 1 << 30


def uploaded_files(place: Place) -> list[Path]:
    return [path for path in (place.data_dir / "media").rglob("imp_*") if path.is_file()]


def test_a_killed_server_goes_on_where_it_was(fresh_place: Place) -> None:
    key, lease = new_project(fresh_place).live, {"EARMARK_JOB_LEASE_S": "1"}
    dying = [sys.executable, "-m", "tests.dying_server"]
    with running(fresh_place, "in_import", command=dying, **lease) as server, server.client(key) as client:
        user = Library(client).user()
        begun = begin(client, user)
        with suppress(httpx.TransportError):  # it may die before its answer
            httpx.put(begun["upload_url"], content=packed(TALKS))
        wait_until(lambda: server.process.poll() is not None)
    with running(fresh_place, **lease) as server, server.client(key) as client:
        shown = ended(client, begun["id"])
        assert (shown["status"], len(recordings(client, user))) == ("completed", 5)
        expected = dict.fromkeys(TALKS, "imported") | {"talk 2.vtt": "skipped"}  # stored, but not yet noted
        assert statuses(shown) == expected
        wait_until(lambda: uploaded_files(fresh_place) == [])


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


class Desk:
    """An import that is made without a server; no worker runs its job but the test."""

    def __init__(self, runtime: Runtime, tenant: Tenant, owner: Tenant) -> None:
        self.runtime = runtime
        self.tenant = tenant
        self.owner = owner

    async def begin(self) -> tuple[Import, Grant]:
        return await begin_import(self.owner, "a.zip", size_bytes=None, folder_id=None, makes_folders=True)

    async def receive(self, grant: Grant, content: bytes | None = None) -> Import:
        body = pieces(packed(TALKS) if content is None else content)
        return await receive_import(self.tenant, self.runtime.media, grant, body, limit_bytes=LIMIT)

    async def run_job(self) -> str:
        """Run the job of the import once; return its state."""
        job = await self.job()
        assert await self.runtime.worker.run_job(job[0], job[1])
        return (await self.job())[2]

    async def job(self) -> tuple[int, str, str]:
        (job,) = [one for one in await list_jobs(self.runtime.operator, limit=1_000) if one.kind == "imports.run"]
        return job.tenant_id, job.id, job.state

    async def files(self, one: Import) -> list[str]:
        return [file.status for file in (await list_files(self.tenant, one.id))[0]]


def at_desk(place: Place, work: Callable[[Desk], Awaitable[None]]) -> None:
    async def main(runtime: Runtime) -> None:
        project = await create_project(runtime.operator, "imports")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        user = await create_end_user(tenant)
        await work(Desk(runtime, tenant, tenant.acting_for(user.id, user.number)))

    place.run(main)


def test_a_long_import_gives_way_after_each_slice(fresh_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_jobs, "_SLICE_S", -1.0)

    async def work(desk: Desk) -> None:
        _, grant = await desk.begin()
        one = await desk.receive(grant)
        for done in range(1, 5):
            assert await desk.run_job() == "pending"
            now = await get_import(desk.owner, one.id)
            assert (now.status, now.groups_done, now.progress) == ("running", done, done / 5)
        assert await desk.run_job() == "succeeded"
        assert (await get_import(desk.owner, one.id)).status == "completed"
        assert await desk.files(one) == ["imported"] * 5
        assert uploaded_files(fresh_place) == []

    at_desk(fresh_place, work)


def test_what_passes_is_tried_again_and_is_no_failure_of_a_file(
    fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(desk: Desk) -> None:
        _, grant = await desk.begin()
        one = await desk.receive(grant, packed({"talk.vtt": VTT, "talk.mp3": b"ID3"}))

        async def fail() -> None:
            raise StorageUnavailableError("The server can't write to its disk.")

        with monkeypatch.context() as patched:
            patched.setattr(desk.runtime.media, "stage", fail)
            assert await desk.run_job() == "pending"
        assert (await desk.files(one), (await get_import(desk.owner, one.id)).status) == ([], "running")
        assert await desk.run_job() == "succeeded"
        (recording,) = await list_recordings(desk.owner, Page())
        assert (recording.media_id is not None, len(await desk.files(one))) == (True, 1)

    at_desk(fresh_place, work)


def test_a_bug_fails_the_import_and_deletes_its_bytes(fresh_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(desk: Desk) -> None:
        _, grant = await desk.begin()
        one = await desk.receive(grant)

        def fail(*_: object) -> None:
            raise LookupError

        monkeypatch.setattr(import_jobs._Run, "_row", fail)
        for _ in range(4):
            assert await desk.run_job() == "pending"
        assert await desk.run_job() == "failed"
        ended_so = await get_import(desk.owner, one.id)
        assert (ended_so.status, ended_so.completed_us is not None) == ("failed", True)
        assert "send the file again" in str(ended_so.error_message)
        assert uploaded_files(fresh_place) == []
        _, job_id, _ = await desk.job()
        await retry(desk.runtime.operator, job_id)  # by the operator: there is nothing left to do
        assert await desk.run_job() == "succeeded"

    at_desk(fresh_place, work)


def test_erasure_takes_bytes_that_wait_for_their_job(fresh_place: Place) -> None:
    async def work(desk: Desk) -> None:
        _, grant = await desk.begin()
        one = await desk.receive(grant)
        assert len(uploaded_files(fresh_place)) == 1
        await desk.runtime.deletion.erase_end_user(desk.tenant, one.end_user_id)
        assert uploaded_files(fresh_place) == []
        assert [job for job in await list_jobs(desk.runtime.operator) if job.kind == "imports.run"] == []
        with pytest.raises(NotFoundError):
            await get_import(desk.tenant, one.id)

    at_desk(fresh_place, work)


def test_an_upload_ends_when_its_import_is_erased_or_has_its_bytes(fresh_place: Place) -> None:
    async def work(desk: Desk) -> None:
        one, grant = await desk.begin()

        async def overtaken(content: bytes) -> AsyncIterator[bytes]:
            yield content
            await desk.receive(grant)

        async def receive_late() -> None:
            body = overtaken(packed(TALKS))
            await receive_import(desk.tenant, desk.runtime.media, grant, body, limit_bytes=LIMIT)

        with pytest.raises(ImportReceivedError):
            await receive_late()
        assert len(uploaded_files(fresh_place)) == 1
        await desk.runtime.deletion.erase_end_user(desk.tenant, one.end_user_id)
        with pytest.raises(ImportNotFoundError):
            await desk.receive(grant)
        assert [path for path in (fresh_place.data_dir / "media").rglob("*") if path.is_file()] == []

    at_desk(fresh_place, work)


async def sweep_media(runtime: Runtime) -> None:
    """Run the job as the worker does."""
    await ensure_periodic(runtime.operator, [runtime.worker.kinds["media.sweep"]])
    waiting = await list_jobs(runtime.operator, state="pending", limit=1_000)
    (job,) = [one for one in waiting if one.kind == "media.sweep"]
    assert await runtime.worker.run_job(job.tenant_id, job.id)


def test_sweeps_take_the_bytes_of_ended_imports_only(fresh_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_IDLE_S", -1.0)

    async def work(desk: Desk) -> None:
        runtime = desk.runtime
        _, grant = await desk.begin()
        one = await desk.receive(grant)
        await sweep_media(runtime)
        assert len(uploaded_files(fresh_place)) == 1
        monkeypatch.setitem(import_jobs._STUCK_US, "running", (-1_000_000, "The import was stopped."))
        await import_jobs.sweep(runtime.operator)
        assert (await get_import(desk.owner, one.id)).error_message == "The import was stopped."
        await sweep_media(runtime)
        assert uploaded_files(fresh_place) == []

    at_desk(fresh_place, work)


def test_imports_are_given_up_without_bytes_and_forgotten_after_a_month(
    fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(desk: Desk) -> None:
        one, grant = await desk.begin()
        await import_jobs.sweep(desk.runtime.operator)
        assert (await get_import(desk.owner, one.id)).status == "waiting"
        monkeypatch.setitem(import_jobs._STUCK_US, "waiting", (-1_000_000, "The bytes did not arrive."))
        await import_jobs.sweep(desk.runtime.operator)
        assert (await get_import(desk.owner, one.id)).status == "failed"
        with pytest.raises(ImportReceivedError):
            await desk.receive(grant)
        monkeypatch.setattr(import_jobs, "_KEPT_US", -1_000_000)
        await import_jobs.sweep(desk.runtime.operator)
        with pytest.raises(ImportNotFoundError):
            await get_import(desk.owner, one.id)

    at_desk(fresh_place, work)
