"""What the media store and its sweep store and delete, and what a crash leaves."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from tests.clock import Clock, shifted_clock
from tests.server import Place

from earmark.errors import NotFoundError
from earmark.identity.projects import create_project, get_tenant
from earmark.jobs.queue import list_jobs
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording, get_recording
from earmark.media import deletion
from earmark.media.downloads import list_media
from earmark.media.erasure import sweep
from earmark.media.errors import LinkExpiredError, MediaNotFoundError, SupersededUploadError, UploadBrokenOffError
from earmark.media.grants import Grant
from earmark.media.local_store import LocalStore
from earmark.media.types import Claim
from earmark.media.uploads import attach, begin_upload, complete_upload, receive
from earmark.runtime import Runtime
from earmark.storage.errors import StorageUnavailableError
from earmark.storage.tenant import Tenant

AUDIO = b"sound" * 100_000
LIMIT = 1 << 30


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for one in given:
        yield one


async def broken(*given: bytes) -> AsyncIterator[bytes]:
    async for one in pieces(*given):
        yield one
    raise UploadBrokenOffError


async def new_recording(runtime: Runtime) -> tuple[Tenant, str]:
    project = await create_project(runtime.operator, "media")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user = await create_end_user(tenant)
    owner = tenant.acting_for(user.id, user.number)
    return tenant, (await create_recording(owner)).id


def files_of(place: Place) -> list[Path]:
    return sorted(path for path in (place.data_dir / "media").rglob("*") if path.is_file())


def age(path: Path, seconds: float) -> None:
    """Set the last write time; the time of storing (`st_ctime`) can't be set."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


@pytest.fixture
async def stored(runtime: Runtime) -> tuple[Tenant, str]:
    return await new_recording(runtime)


@pytest.fixture
def tenant(stored: tuple[Tenant, str]) -> Tenant:
    return stored[0]


@pytest.fixture
def recording(stored: tuple[Tenant, str]) -> str:
    return stored[1]


async def take(runtime: Runtime, tenant: Tenant, grant: Grant, content: bytes = AUDIO) -> None:
    await receive(tenant, runtime.media, grant, pieces(content), limit_bytes=LIMIT)


async def test_an_interrupted_upload_leaves_no_file(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    with pytest.raises(UploadBrokenOffError):
        await receive(tenant, runtime.media, grant, broken(AUDIO), limit_bytes=LIMIT)
    assert files_of(fresh_place) == []


async def test_an_upload_stops_when_its_recording_is_deleted(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.media.uploads._LOOK_BYTES", 2 * len(AUDIO))
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield AUDIO
            if sent == 3:
                await runtime.deletion.delete_recording(tenant, recording)

    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    with pytest.raises(MediaNotFoundError):
        await receive(tenant, runtime.media, grant, endless(), limit_bytes=LIMIT)
    assert sent == 4
    assert files_of(fresh_place) == []


async def test_a_crash_between_storing_the_bytes_and_the_row_leaves_no_orphan(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant, b"first")
    put = LocalStore.put

    async def put_and_die(store: LocalStore, *rest: object) -> None:
        await put(store, *rest)  # type: ignore[arg-type]
        raise StorageUnavailableError("The power went.")

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "put", put_and_die)
        with pytest.raises(StorageUnavailableError):
            await take(runtime, tenant, grant, b"second")
    assert len(files_of(fresh_place)) == 2
    assert await sweep(runtime.operator, runtime.media) == 0  # it might be an upload that is just being kept
    completed = await complete_upload(tenant, runtime.media, recording, Claim(hashlib.sha256(b"first").hexdigest()))
    assert completed.status == "uploaded"
    monkeypatch.setattr("earmark.media.erasure._IDLE_S", -1.0)
    assert await sweep(runtime.operator, runtime.media) == 1
    assert [path.read_bytes() for path in files_of(fresh_place)] == [b"first"]


async def test_bytes_left_by_a_crash_after_deleting_their_row_are_swept(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None:
        return None

    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant)
    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "delete_under", nothing)
        await runtime.deletion.delete_recording(tenant, recording)
    assert len(files_of(fresh_place)) == 1
    assert await sweep(runtime.operator, runtime.media) == 1
    assert files_of(fresh_place) == []


async def test_no_sweep_goes_by_the_times_of_files_after_the_clock_has_jumped(runtime: Runtime) -> None:
    with shifted_clock() as clock:
        staged = await runtime.media.stage()
        await staged.write(b"on its way")
        clock.shift_s = 2 * 3_600
        assert await sweep(runtime.operator, runtime.media) == 0
    await staged.discard()


async def test_bytes_stay_when_deleting_their_recording_fails(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant)
    with pytest.raises(NotFoundError):
        async with tenant.writing() as unit:
            await runtime.deletion.delete_recording(unit, recording)
            await get_recording(unit, "rec_nothing")
    assert len(files_of(fresh_place)) == 1
    assert (await complete_upload(tenant, runtime.media, recording, Claim())).status == "uploaded"


async def test_a_file_that_can_not_be_deleted_does_not_stop_the_sweep(runtime: Runtime) -> None:
    for _ in range(3):
        left = await runtime.media.stage()
        age(left.path, 3_700)  # type: ignore[attr-defined]
        stuck = left.path.with_name(f"a{left.path.name}")  # type: ignore[attr-defined]
        stuck.mkdir()
        age(stuck, 3_700)
    assert await sweep(runtime.operator, runtime.media) == 3


async def test_staged_bytes_are_swept_after_an_hour_without_writes(runtime: Runtime, fresh_place: Place) -> None:
    left, arriving = await runtime.media.stage(), await runtime.media.stage()
    await left.write(AUDIO)
    await arriving.write(AUDIO)
    age(left.path, 3_700)  # type: ignore[attr-defined]
    assert await sweep(runtime.operator, runtime.media) == 1
    assert files_of(fresh_place) == [arriving.path]  # type: ignore[attr-defined]


async def test_an_uncompleted_upload_is_deleted_after_a_day(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, clock: Clock
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant)
    assert await sweep(runtime.operator, runtime.media) == 0
    clock.pass_by(26 * 3_600)
    assert await sweep(runtime.operator, runtime.media) == 2
    assert files_of(fresh_place) == []
    with pytest.raises(MediaNotFoundError):
        await take(runtime, tenant, grant)


async def test_verified_audio_is_never_swept(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, clock: Clock
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant)
    await complete_upload(tenant, runtime.media, recording, Claim())
    clock.pass_by(10_000 * 3_600)
    assert await sweep(runtime.operator, runtime.media) == 0
    assert [path.read_bytes() for path in files_of(fresh_place)] == [AUDIO]


def test_two_databases_may_share_a_folder_and_neither_sweeps_the_others_audio(new_place: Callable[[], Place]) -> None:
    one, two = new_place(), new_place()
    shared = Place(one.data_dir, two.database_url, two.owner_url)

    async def upload(runtime: Runtime) -> None:
        tenant, recording = await new_recording(runtime)
        _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
        await take(runtime, tenant, grant)

    one.run(upload)
    if two.database_url is None:  # SQLite lives in the folder: put the database aside
        (one.data_dir / "earmark.db").rename(one.data_dir / "other.db")

    async def look(runtime: Runtime) -> None:
        await new_recording(runtime)
        assert await sweep(runtime.operator, runtime.media) == 0

    shared.run(look)
    assert len(files_of(one)) == 1


async def test_after_concurrent_uploads_the_row_names_the_stored_bytes(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    contents = [bytes([number]) * 50_000 for number in range(6)]
    sent = [take(runtime, tenant, grant, content) for content in contents]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    assert [type(one) for one in answers].count(SupersededUploadError) == len(contents) - 1
    assert answers.count(None) == len(files_of(fresh_place)) == 1
    await complete_upload(tenant, runtime.media, recording, Claim())
    media = (await list_media(tenant, [await get_recording(tenant, recording)]))[recording][0]
    file = await runtime.media.open(media.key(tenant.key.tenant_id))
    assert hashlib.sha256(await file.read(0, 50_000)).hexdigest() == media.sha256
    await file.close()
    with pytest.raises(LinkExpiredError):
        await take(runtime, tenant, grant)


async def test_bytes_that_are_sent_again_replace_the_earlier_ones(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    for content in (b"first", b"second", b"second", b"third"):
        await take(runtime, tenant, grant, content)
        assert [path.read_bytes() for path in files_of(fresh_place)] == [content]


async def _die(*_: object, **__: object) -> None:
    raise StorageUnavailableError("The power went.")


async def _replace_and_die(runtime: Runtime, tenant: Tenant, recording: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send bytes twice; the process dies before the first ones are deleted."""
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant, b"first")
    with monkeypatch.context() as patch:
        patch.setattr("earmark.media.deletion.delete_replaced", _die)
        await take(runtime, tenant, grant, b"second")


async def test_replaced_bytes_left_by_a_crash_are_deleted_by_their_job(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _replace_and_die(runtime, tenant, recording, monkeypatch)
    [job] = await list_jobs(runtime.operator, state="pending")
    assert await runtime.worker.run_job(job.tenant_id, job.id)
    assert [path.read_bytes() for path in files_of(fresh_place)] == [b"second"]


async def test_the_bytes_of_a_recording_deleted_before_a_crash_are_deleted_by_their_job(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant, b"first")
    with monkeypatch.context() as patch:
        patch.setattr(runtime.media, "delete_under", _die)
        await runtime.deletion.delete_recording(tenant, recording)
    assert len(files_of(fresh_place)) == 1
    for job in await list_jobs(runtime.operator, state="pending"):
        assert await runtime.worker.run_job(job.tenant_id, job.id)
    assert files_of(fresh_place) == []


async def test_replaced_bytes_left_by_a_crash_are_swept(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _replace_and_die(runtime, tenant, recording, monkeypatch)
    assert len(files_of(fresh_place)) == 2
    monkeypatch.setattr("earmark.media.erasure._IDLE_S", -1.0)
    assert await sweep(runtime.operator, runtime.media) == 1
    assert [path.read_bytes() for path in files_of(fresh_place)] == [b"second"]


async def test_replaced_bytes_stay_if_they_are_sent_again_before_their_deletion(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_replaced = deletion.delete_replaced

    async def late(*given: Any, **named: Any) -> None:
        monkeypatch.setattr(deletion, "delete_replaced", delete_replaced)
        await take(runtime, tenant, grant, b"first")
        await delete_replaced(*given, **named)

    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    await take(runtime, tenant, grant, b"first")
    monkeypatch.setattr(deletion, "delete_replaced", late)
    await take(runtime, tenant, grant, b"second")
    assert [path.read_bytes() for path in files_of(fresh_place)] == [b"first"]


async def test_a_file_deleted_while_it_is_read_returns_no_more_bytes(
    runtime: Runtime, tenant: Tenant, recording: str
) -> None:
    staged = await runtime.media.stage()
    await staged.write(AUDIO)
    await staged.finish()
    await attach(tenant, runtime.media, recording, "audio/ogg", staged)
    await staged.discard()
    media = (await list_media(tenant, [await get_recording(tenant, recording)]))[recording][0]
    file = await runtime.media.open(media.key(tenant.key.tenant_id))
    assert await file.read(0, 5) == b"sound"
    await runtime.deletion.delete_recording(tenant, recording)
    assert await file.read(5, 5) == b""
    await file.close()
    with pytest.raises(MediaNotFoundError):
        await runtime.media.open(media.key(tenant.key.tenant_id))


async def test_a_full_disk_is_reported_and_leaves_no_file(
    runtime: Runtime, tenant: Tenant, recording: str, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    _, grant = await begin_upload(tenant, recording, "audio/ogg", None)
    with monkeypatch.context() as patch:
        patch.setattr("earmark.media.local_store.os.write", full)
        with pytest.raises(StorageUnavailableError):
            await take(runtime, tenant, grant)
    assert files_of(fresh_place) == []
    await take(runtime, tenant, grant)


@pytest.mark.parametrize(
    "key", ["", "..", "1/../2", "/etc", "1/eu_a/rec_a/x", "1/eu_a/rec_a/../../x-" + "0" * 64, "1//a"]
)
async def test_the_store_takes_no_key_that_leaves_its_folder(runtime: Runtime, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await runtime.media.delete_under(key)


STRAYS = [
    b"notes.txt", b"my-notes.txt", b"call-2026-11-30.m4a", b".DS_Store", b"a b-c", b"caf\xe9-1.wav", b"film.part",
    b"two-lines\n.txt", b"med_x-short", b"x" * 200 + b"-1", b"other-" + b"a" * 64,
]  # fmt: skip


async def test_files_of_others_in_the_media_folder_stay_are_logged_once_and_end_no_sweep(
    runtime: Runtime, fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = [(await new_recording(runtime))[0] for _ in range(2)]
    monkeypatch.setattr("earmark.media.erasure._IDLE_S", -1.0)
    staged = await runtime.media.stage()
    folder: Path = staged.path.parents[1]  # type: ignore[attr-defined]
    await staged.discard()
    for tenant in tenants:
        for place in ("", "eu_a", "my-folder", "eu_a/rec_b/deeper/still"):
            (inside := folder / str(tenant.key.tenant_id) / place).mkdir(parents=True, exist_ok=True)
            for name in STRAYS:
                (inside / os.fsdecode(name)).write_bytes(b"mine")
    with capture_logs() as logs:
        assert await sweep(runtime.operator, runtime.media) == 0
    assert orjson.dumps(logs)
    assert len(files_of(fresh_place)) == len(logs) == 2 * 4 * len(STRAYS)
    orphan = folder / str(tenants[1].key.tenant_id) / "eu_a" / "rec_b" / f"med_c-{'a' * 64}"
    orphan.write_bytes(b"nobody's")
    copied = orphan.with_name(f"{orphan.name}.copy.part")
    copied.write_bytes(b"a copy that a crash left")
    with capture_logs() as logs:
        assert await sweep(runtime.operator, runtime.media) == 2
    assert logs == []
    assert not orphan.exists()
    assert not copied.exists()
