"""`earmark export`: writes all of one person's data in open formats."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer

from earmark.api.wire.summaries import summary_to_wire
from earmark.ask.exchange.export import export_json, export_markdown
from earmark.ask.sessions.sessions import list_sessions
from earmark.ask.turns.usage import walk_usage
from earmark.cli.archives import check_new, find_lost, has_bytes, new_archive, say_lost, write_media
from earmark.cli.output import EndUserOption, JsonOption, ModeOption, ProjectOption, check_mode, emit, run
from earmark.cli.owners import named_owner
from earmark.clock import now_us, render_time, render_time_or_none
from earmark.corrections.correcting import restore_original
from earmark.corrections.history import list_all_revisions
from earmark.identity.audit import record
from earmark.imports.receiving import list_files, list_imports
from earmark.imports.types import Import
from earmark.library.end_users import get_end_user
from earmark.library.folders import list_folders
from earmark.library.recordings import list_recordings
from earmark.library.transcripts import get_transcription, list_segments
from earmark.library.types import Page, Recording, RecordingFilters, Transcription
from earmark.media.queries import select_media_of_recording
from earmark.media.types import EXTENSIONS, Media
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.summaries.summaries import list_summaries
from earmark.transcripts.types import Segment
from earmark.transcripts.writing import Heading, render_transcript, render_webvtt

T = TypeVar("T")
_BATCH = 100
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_ABOUT = """All data that earmark has about one person, as of {at}.

person.json          the person
recordings.json      the recordings, with the names of their files here
transcripts/*.vtt    the transcripts as subtitles; *.json with all details
corrections/*.json   what was corrected in a transcript, by which key, and its words as they came
folders.json         the folders and their recordings
chats/*.md           Ask sessions to read; *.json for `POST /v1/ask/sessions/import`
summaries.json       the summaries of the recordings, with the moments of their items
usage.json           the number of answers per model
imports.json         what was sent to be imported in the last month, and what became of each file
media/               audio as uploaded, including uploads that were not completed
"""
_LOST = """
The bytes of these are missing or damaged on the server; their files here are incomplete:
{names}
"""


def export(
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    file: Annotated[Path | None, typer.Argument(help="The zip to write (default: END_USER.zip).")] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Write all of one person's data into a zip of JSON, WebVTT, Markdown and media.

    If bytes of media are missing or damaged, the file has everything else, names them, and the exit code is 1.
    """
    check_mode(mode)

    async def work(runtime: Runtime) -> tuple[Path, list[Media]]:
        owner = await named_owner(runtime, project, mode, end_user)
        target = file or Path(f"{owner.end_user_id}.zip")
        check_new(target)
        await record(owner, "end_user.exported", owner.end_user_id)
        with new_archive(target) as archive:
            lost = await _write(runtime, owner, archive)
        return target, lost

    written, lost = run(work)
    shown = {"file": str(written), "missing_media": [media.id for media in lost]}
    emit(shown, as_json=as_json, text=str(written))
    say_lost(lost)


async def _write(runtime: Runtime, owner: Tenant, archive: zipfile.ZipFile) -> list[Media]:
    """Write the archive; return the media whose bytes are missing."""
    assert owner.end_user_id is not None
    all_media: list[Media] = []
    async with owner.reading() as snapshot:
        user = await get_end_user(snapshot, owner.end_user_id)
        about = _ABOUT.format(at=render_time(now_us()))
        person = {name: getattr(user, name) for name in ("id", "external_id", "email", "name")}
        metadata = orjson.loads(user.metadata_json) if user.metadata_json else None
        _add(archive, "person.json", {**person, "metadata": metadata, "created_at": render_time(user.created_us),
                                       "updated_at": render_time(user.updated_us)})  # fmt: skip
        recordings = []
        async for one in _all(lambda page: list_recordings(snapshot, page)):
            rows = await snapshot.fetch_all(select_media_of_recording, {"recording_id": one.id})
            media = [each for each in (Media(*row) for row in rows) if has_bytes(each)]
            all_media += media
            recordings.append(await _write_recording(snapshot, one, media, archive))
        _add(archive, "recordings.json", recordings)
        _add(archive, "folders.json", [one async for one in _folders(snapshot)])
        _add(archive, "summaries.json", [
            summary_to_wire(one, owner.key.project_id)
            async for one in _all(lambda page: list_summaries(snapshot, page))
        ])  # fmt: skip
        _add(archive, "usage.json", [day._asdict() async for day in walk_usage(snapshot)])
        _add(archive, "imports.json", [await _import(snapshot, one) for one in await list_imports(snapshot)])
        async for session in _all(lambda page: list_sessions(snapshot, page), by="last_message_us"):
            archive.writestr(f"chats/{session.id}.md", await export_markdown(snapshot, session.id))
            _add(archive, f"chats/{session.id}.json", orjson.loads(await export_json(snapshot, session.id)))
    missing = [
        media for media in all_media
        if not await write_media(runtime.media, archive, media.key(owner.key.tenant_id), _media_name(media),
                                 media.sha256)
    ]  # fmt: skip
    lost = await find_lost(owner, missing)
    archive.writestr("README.txt", about + (_LOST.format(names="\n".join(map(_media_name, lost))) if lost else ""))
    return lost


async def _import(snapshot: Tenant, one: Import) -> dict[str, Any]:
    files, _ = await list_files(snapshot, one.id)
    shown = {"id": one.id, "file_name": one.file_name, "status": one.status, "error": one.error_message}
    return {**shown, "files": [asdict(file) for file in files], "created_at": render_time(one.created_us)}


def _add(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, orjson.dumps(value, option=_INDENTED))


async def _all(fetch: Callable[[Page], Awaitable[list[T]]], by: str = "created_us") -> AsyncIterator[T]:
    after: tuple[int, str] | None = None
    while True:
        rows = await fetch(Page(_BATCH, after))
        for row in rows:
            yield row
        if len(rows) < _BATCH:
            return
        after = (getattr(rows[-1], by), getattr(rows[-1], "id"))  # noqa: B009 (T has no bound)


async def _write_recording(
    snapshot: Tenant, recording: Recording, media: list[Media], archive: zipfile.ZipFile
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": recording.id, "name": recording.name, "device_id": recording.device_id, "source": recording.source,
        "status": recording.status, "duration_ms": recording.duration_ms,
        "recorded_at": render_time_or_none(recording.recorded_us), "ended_at": render_time_or_none(recording.ended_us),
        "content_sha256": recording.content_sha256,
        "content_sha256_verified_at": render_time_or_none(recording.content_sha256_verified_us),
        "file_size_bytes": recording.file_size_bytes,
        "metadata": orjson.loads(recording.metadata_json) if recording.metadata_json else None,
        "created_at": render_time(recording.created_us), "updated_at": render_time(recording.updated_us),
        "media": [_media_name(one) for one in media if one.status == "verified"],
        "uploads_not_completed": [_media_name(one) for one in media if one.status != "verified"],
        "transcript": None,
    }  # fmt: skip
    if recording.transcription_id is not None:
        transcription = await get_transcription(snapshot, recording.transcription_id)
        segments = await list_segments(snapshot, recording.transcription_id)
        shown["transcript"] = f"transcripts/{recording.id}.vtt"
        archive.writestr(shown["transcript"], render_webvtt(segments))
        heading = Heading(recording.name, None, transcription.language)
        archive.writestr(f"transcripts/{recording.id}.json", render_transcript("json", heading, segments))
        if transcription.revision > 1:
            _add(archive, f"corrections/{recording.id}.json", await _corrections(snapshot, transcription, segments))
    return shown


async def _corrections(snapshot: Tenant, one: Transcription, segments: list[Segment]) -> dict[str, Any]:
    _, original = await restore_original(snapshot, one, segments)
    history = [
        {**asdict(revision), "created_at": render_time(revision.created_us)}
        for revision in await list_all_revisions(snapshot, one.id)
    ]
    return {
        "revision": one.revision,
        "history": history,
        "original_segments": [asdict(segment) for segment in original],
    }


def _media_name(media: Media) -> str:
    return f"media/{media.recording_id}/{media.id}.{EXTENSIONS[media.content_type]}"


async def _folders(snapshot: Tenant) -> AsyncIterator[dict[str, Any]]:
    async for folder in _all(lambda page: list_folders(snapshot, page)):
        filter_ = RecordingFilters(folder_id=folder.id)
        inside = [one.id async for one in _all(lambda page, only=filter_: list_recordings(snapshot, page, only))]  # type: ignore[misc]
        yield {"id": folder.id, "name": folder.name, "created_at": render_time(folder.created_us), "recordings": inside}
