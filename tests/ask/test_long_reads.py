"""Reads that may take long run off SQLite's event loop."""

from __future__ import annotations

from earmark.library.recordings import get_recording, list_recordings
from earmark.library.transcripts import list_segments
from earmark.library.types import Page, RecordingFilters
from earmark.storage.tenant import Tenant
from tests.ask.desk import TALK, Desk
from tests.ask.watched import WatchedDatabase


async def test_whole_transcripts_and_recordings_by_a_part_of_their_name_are_long_reads(desk: Desk) -> None:
    made = await desk.recording(name="The kick-off")
    recording = await get_recording(desk.tenant, made.id)
    watched = WatchedDatabase(desk.runtime.database)
    tenant = Tenant(watched, desk.tenant.key)
    assert len(await list_segments(tenant, recording.transcription_id or "")) == len(TALK)
    assert [one.id for one in await list_recordings(tenant, Page(limit=5), RecordingFilters(q="KICK"))] == [
        recording.id
    ]
    assert [one.id for one in await list_recordings(tenant, Page(limit=5))] == [recording.id]
    assert watched.long == {"select_segments", "select_recordings_named"}
    assert watched.statements == ["select_segments", "select_recordings_named", "select_recordings"]
