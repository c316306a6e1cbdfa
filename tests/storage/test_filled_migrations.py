"""Migrations of databases that have rows, on both databases: what an older version left becomes what this one means."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from earmark.ask.sessions import word_index, word_queries
from earmark.ask.sessions.message_search import search_messages
from earmark.identity.audit import record, verify, walk_events
from earmark.identity.projects import get_tenant
from earmark.imports.receiving import begin_import, list_imports
from earmark.jobs import outbox
from earmark.library.recordings import get_recording
from earmark.library.speakers import list_speakers
from earmark.library.transcripts import get_transcription, list_transcriptions
from earmark.library.types import Page, Speaker, TranscriptionFilters
from earmark.media.downloads import list_media
from earmark.runtime import Runtime
from earmark.storage import migrate
from earmark.storage.migrate_postgres import migrate_postgres
from earmark.storage.query import Guard, query
from earmark.storage.tables import idempotency_answers
from earmark.storage.tenant import Tenant
from tests.jobs.running import run_waiting
from tests.server import Place


@query
def _kept(own: Guard) -> Any:
    return select(idempotency_answers.c.key).where(own(idempotency_answers))


Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def old_place(empty_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Place]:
    """A function that makes a place with an older schema."""

    def make(revision: str) -> Place:
        scripts = tmp_path / "migrations"
        shutil.copytree(migrate._SCRIPTS, scripts)
        for path in (scripts / "versions").glob("[0-9]*.py"):
            if path.stem > revision:
                path.unlink()
        with monkeypatch.context() as patched:
            patched.setattr(migrate, "_SCRIPTS", scripts)
            if empty_place.database_url is None:
                migrate.migrate_sqlite(empty_place.data_dir / "earmark.db")
            else:
                asyncio.run(migrate_postgres(empty_place.database_url, empty_place.owner_url))
        return empty_place

    return make


def fill(place: Place, rows: Rows) -> None:
    """Insert rows as an older version would have; all of tenant 1 but what names another."""
    statements = [
        (f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", row)
        for table, those in rows.items()
        for row in those
    ]
    if place.database_url is None:
        with closing(sqlite3.connect(place.data_dir / "earmark.db")) as connection, connection:
            for words, row in statements:
                connection.execute(words, list(row.values()))
        return
    asyncio.run(_fill_postgres(place, statements))


async def _fill_postgres(place: Place, statements: list[tuple[str, dict[str, Any]]]) -> None:
    connection = await asyncpg.connect(place.database_url)
    try:
        for words, row in statements:
            for number in range(1, len(row) + 1):
                words = words.replace("?", f"${number}", 1)
            tenant_id = str(row.get("tenant_id", 1))
            async with connection.transaction():
                await connection.execute("SELECT set_config('earmark.tenant_id', $1, true)", tenant_id)
                await connection.execute(words, *row.values())
    finally:
        await connection.close()


def times(created_us: int, updated_us: int | None = None) -> dict[str, int]:
    return {"created_us": created_us, "updated_us": updated_us or created_us}


def medium(medium_id: str, sha256: str, created_us: int, updated_us: int) -> dict[str, Any]:
    return {
        "tenant_id": 1, "id": medium_id, "recording_id": "rec_1", "end_user_id": "eu_1", "status": "verified",
        "content_type": "audio/ogg", "size_bytes": 3, "sha256": sha256, "expires_us": 9, **times(created_us, updated_us),
    }  # fmt: skip


def transcription(transcription_id: str, status: str, created_us: int) -> dict[str, Any]:
    return {
        "tenant_id": 1, "id": transcription_id, "recording_id": "rec_1", "end_user_id": "eu_1", "status": status,
        "engine": "import", **times(created_us),
    }  # fmt: skip


END_USER = {"tenant_id": 1, "id": "eu_1", "number": 1, **times(1)}
PROJECT: Rows = {
    "projects": [{"id": "proj_1", "name": "old", "created_us": 1}],
    "tenants": [{"id": 1, "project_id": "proj_1", "mode": "live"}, {"id": 2, "project_id": "proj_1", "mode": "test"}],
}


def recording(recording_id: str, number: int, **fields: Any) -> dict[str, Any]:
    return {
        "tenant_id": 1, "id": recording_id, "number": number, "end_user_id": "eu_1", "source": "api_upload",
        "status": "pending", **times(1), **fields,
    }  # fmt: skip


def test_recordings_with_audio_and_a_transcript_are_completed(old_place: Callable[[str], Place]) -> None:
    """Before, audio made any recording `uploaded`."""
    place = old_place("0006_vector_counts")
    both = recording("rec_1", 1, status="uploaded", transcription_id="txn_1", content_sha256="a" * 64)
    rows = [both, recording("rec_2", 2, status="uploaded", content_sha256="a" * 64)]
    fill(place, {**PROJECT, "end_users": [END_USER], "recordings": rows})

    async def look(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, "proj_1", "live")
        assert [(await get_recording(tenant, one)).status for one in ("rec_1", "rec_2")] == ["completed", "uploaded"]

    place.run(look)


def test_speakers_of_older_transcripts_are_counted(old_place: Callable[[str], Place]) -> None:
    place = old_place("0014_speech")
    said = [("Ada", 0, 1_000), ("Grace", 1_000, 1_500), ("Ada", 1_500, 4_000), (None, 4_000, 5_000)]
    segments = [
        {"tenant_id": 1, "transcription_id": "txn_1", "ordinal": at, "end_user_id": "eu_1", "start_ms": start,
         "end_ms": end, "speaker": speaker, "text": "Words."}
        for at, (speaker, start, end) in enumerate(said)
    ]  # fmt: skip
    rows = [recording("rec_1", 1, status="completed", transcription_id="txn_1")]
    transcribed = [transcription("txn_1", "completed", 1)]
    fill(place, {**PROJECT, "end_users": [END_USER], "recordings": rows, "transcriptions": transcribed,
                 "segments": segments})  # fmt: skip

    async def look(runtime: Runtime) -> None:
        owner = (await get_tenant(runtime.operator, "proj_1", "live")).acting_for("eu_1", 1)
        assert (await get_transcription(owner, "txn_1")).revision == 1
        assert await list_speakers(owner, Page()) == [
            Speaker("Ada", 1, 2, 3_500, None),
            Speaker("Grace", 1, 1, 500, None),
        ]

    place.run(look)


def test_the_current_transcript_and_audio_of_an_older_version_stay_current_whatever_their_times(
    old_place: Callable[[str], Place],
) -> None:
    """The clock had stepped back: the current ones have the earlier times, and a replaced transcript is still there."""
    one = recording("rec_1", 1, status="completed", transcription_id="txn_current", content_sha256="b" * 64)
    place = old_place("0008_jobs")
    fill(
        place,
        {
            **PROJECT,
            "end_users": [END_USER],
            "recordings": [one, recording("rec_2", 2)],
            "transcriptions": [
                transcription("txn_replaced", "completed", 500), transcription("txn_current", "completed", 100),
                transcription("txn_failed", "failed", 50), transcription("txn_waits", "processing", 300),
            ],
            "segments": [{"tenant_id": 1, "transcription_id": "txn_replaced", "ordinal": 0, "end_user_id": "eu_1",
                          "start_ms": 0, "end_ms": 1, "text": "old words"}],
            "media": [medium("med_old", "a" * 64, 900, 910), medium("med_now", "b" * 64, 400, 410)],
        },
    )  # fmt: skip

    async def look(runtime: Runtime) -> None:
        tenant: Tenant = await get_tenant(runtime.operator, "proj_1", "live")
        shown = await list_transcriptions(tenant, Page(), TranscriptionFilters("rec_1"))
        assert [(one.id, one.seq) for one in shown] == [("txn_waits", 3), ("txn_current", 2), ("txn_failed", 1)]
        one = await get_recording(tenant, "rec_1")
        assert [each.id for each in (await list_media(tenant, [one]))["rec_1"]] == ["med_now", "med_old"]
        other = await get_recording(tenant, "rec_2")
        assert (one.media_id, other.media_id) == ("med_now", None)

    place.run(look)


def test_the_audit_events_of_an_older_version_are_chained_in_the_order_of_their_times(
    old_place: Callable[[str], Place],
) -> None:
    place = old_place("0008_jobs")
    event = {"tenant_id": 1, "actor": "operator", "action": "key.created", "object_id": None}
    times_us = {"aud_c": 10, "aud_b": 20, "aud_a": 20}
    rows = [{**event, "id": one, "at_us": at_us} for one, at_us in times_us.items()]
    fill(place, {**PROJECT, "audit_events": [*rows, {**event, "tenant_id": 2, "id": "aud_a", "at_us": 5}]})

    async def look(runtime: Runtime) -> None:
        live, test = [await get_tenant(runtime.operator, "proj_1", mode) for mode in ("live", "test")]
        assert [one.id async for one in walk_events(live)] == ["aud_c", "aud_a", "aud_b"]
        assert ((await verify(live)).seq, (await verify(test)).seq) == (3, 1)
        await record(live, "key.created", "key_1")
        assert (await verify(live)).seq == 4

    place.run(look)


def test_the_kept_answers_of_an_older_version_go_with_the_recordings_that_they_quote(
    old_place: Callable[[str], Place],
) -> None:
    place = old_place("0010_audit")
    session = {
        "tenant_id": 1, "id": "as_1", "end_user_id": "eu_1", "scope_type": "library", "scope_json": "{}", "title": "t",
        "title_folded": "t", "title_seq": 1, "is_title_default": 1, "message_count": 0, "last_message_us": 1, **times(1),
    }  # fmt: skip
    where = {"tenant_id": 1, "caller_end_user": "", "method": "POST", "path": "/v1/ask/sessions"}
    sources = {"one": ["rec_1"], "both": ["rec_1", "rec_2", "rec_1"], "none": []}
    bodies = {
        key: json.dumps({"sources": [{"recording_id": one} for one in those]}).encode()
        for key, those in sources.items()
    }
    records = [{**where, "key": key, "request_sha256": b"", "made": "m", "created_us": 1} for key in bodies]
    answers = [{**where, "key": key, "body": body, "about_session_id": "as_1"} for key, body in bodies.items()]
    both = [recording("rec_1", 1), recording("rec_2", 2)]
    fill(
        place,
        {**PROJECT, "end_users": [END_USER], "recordings": both, "ask_sessions": [session],
         "idempotency_records": records, "idempotency_answers": answers},
    )  # fmt: skip

    async def look(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, "proj_1", "live")
        for recording_id, kept in (("rec_2", ["none", "one"]), ("rec_1", ["none"])):
            await runtime.deletion.delete_recording(tenant, recording_id)
            assert sorted(key for (key,) in await tenant.fetch_all(_kept)) == kept

    place.run(look)


def test_people_of_an_older_version_can_import_and_be_erased_with_it(old_place: Callable[[str], Place]) -> None:
    place = old_place("0012_idempotency_sources")
    fill(place, {**PROJECT, "end_users": [END_USER], "recordings": [recording("rec_1", 1)]})

    async def look(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, "proj_1", "live")
        owner = tenant.acting_for("eu_1", 1)
        one, _ = await begin_import(owner, "a.zip", size_bytes=None, folder_id=None, makes_folders=True)
        other = await get_tenant(runtime.operator, "proj_1", "test")
        assert ([found.id for found in await list_imports(tenant)], await list_imports(other)) == ([one.id], [])
        await runtime.deletion.erase_end_user(tenant, "eu_1")
        assert await list_imports(tenant) == []

    place.run(look)


def test_the_events_of_an_older_version_are_read_in_their_order_and_before_new_ones(
    old_place: Callable[[str], Place],
) -> None:
    place = old_place("0008_jobs")
    event = {"tenant_id": 1, "type": "recording.created", "data_json": "{}"}
    rows = [{**event, "id": one, "created_us": at_us} for one, at_us in (("evt_b", 10), ("evt_a", 20), ("evt_c", 20))]
    fill(place, {**PROJECT, "events": rows})

    async def look(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, "proj_1", "live")
        async with tenant.writing() as work:
            await outbox.emit(work, "recording.deleted", end_user_id=None, data={})
        found = await outbox.read_after(runtime.operator, 0)
        assert [one.id for one in found[:3]] == ["evt_b", "evt_a", "evt_c"]
        assert [one.type for one in found[3:]] == ["recording.deleted"]

    place.run(look)


def test_messages_of_an_older_version_are_found_at_once_and_a_job_indexes_them(
    old_place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_index, "BLOCK", 4)
    place = old_place("0022_shares")
    session = {
        "tenant_id": 1, "id": "as_1", "end_user_id": "eu_1", "scope_type": "library",
        "scope_json": '{"v":1,"type":"library"}', "title": "Old", "title_folded": "old", "title_seq": 0,
        "is_title_default": 0, "message_count": 5, "last_message_us": 5, **times(1),
    }  # fmt: skip
    messages = [
        {"tenant_id": 1, "session_id": "as_1", "ordinal": at, "id": f"msg_{at}", "end_user_id": "eu_1", "role": "user",
         "content": f"lantern {at}", "parts_json": "[]", "created_us": at}
        for at in range(5)
    ]  # fmt: skip
    fill(place, {**PROJECT, "end_users": [END_USER], "ask_sessions": [session], "ask_messages": messages})

    async def look(runtime: Runtime) -> None:
        tenant = (await get_tenant(runtime.operator, "proj_1", "live")).acting_for("eu_1", 1)
        found = ["msg_4", "msg_3", "msg_2", "msg_1", "msg_0"]
        assert [one.message_id for one in await search_messages(tenant, Page(), "lantern")] == found
        await run_waiting(runtime, tenant, word_index.INDEX_MESSAGES)
        row = await tenant.fetch_one(word_queries.select_word_blocks, for_update=False)
        assert row is not None
        assert row[0] == 1
        assert [one.message_id for one in await search_messages(tenant, Page(), "lantern")] == found

    place.run(look)
