"""`earmark import`: creates recordings from transcript files; identical files are imported once."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from earmark.cli import audio_files
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.cli.progress import progress
from earmark.clock import parse_time
from earmark.errors import EarmarkError
from earmark.library.end_users import create_end_user, find_end_user, find_end_user_named
from earmark.library.errors import ExternalIdTakenError, FileImportedError
from earmark.library.folders import add_to_folder, create_folder, find_folder_named
from earmark.library.recordings import create_recording, find_imported
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.text import cut_utf16, trim, utf16_length
from earmark.transcripts import media_type_of, parse_transcript


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one file."""

    file: str
    status: str
    recording_id: str | None = None
    error: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the file's JSON line; `error` only if the import failed."""
        shown: dict[str, Any] = {"file": self.file, "status": self.status, "recording_id": self.recording_id}
        return shown if self.error is None else {**shown, "error": self.error}

    def to_text(self) -> str:
        """Return the file's line for people."""
        return f"{self.status:8}  {self.file}" + (f": {self.error}" if self.error else "")


def import_files(
    files: Annotated[list[Path], typer.Argument(help="Transcripts: .json, .vtt, .srt, .txt.", metavar="FILE…")],
    project: ProjectOption,
    end_user: Annotated[str, typer.Option(help="The end user's external id (created if new), or eu_….")],
    name: Annotated[str | None, typer.Option(help="The recording's name (default: from the file).")] = None,
    recorded_at: Annotated[str | None, typer.Option(help="When it was recorded (RFC 3339).")] = None,
    audio: Annotated[
        list[Path] | None, typer.Option(help="The audio of FILE; once per FILE, in the same order.", metavar="AUDIO")
    ] = None,
    folder: Annotated[str | None, typer.Option(help="Add them to this folder (created if new).")] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Import transcripts, one recording per file; an invalid file is reported and skipped."""
    check_mode(mode)
    if name is not None and not 1 <= utf16_length(name) <= 255:
        raise typer.BadParameter("--name must be 1 to 255 characters long.")
    if not 1 <= utf16_length(end_user) <= 255:
        raise typer.BadParameter("--end-user must be 1 to 255 characters long.")
    if folder is not None and not 1 <= utf16_length(folder := trim(folder)) <= 255:
        raise typer.BadParameter("--folder must be 1 to 255 characters long.")
    if audio and len(audio) != len(files):
        raise typer.BadParameter("--audio must be given once per file, in the same order.")
    recorded_us = _parse_recorded_at(recorded_at)
    sounds: list[Path] | list[None] = audio or [None] * len(files)
    failed = 0

    async def work(runtime: Runtime) -> None:
        nonlocal failed
        tenant = await find_tenant(runtime, project, mode)
        owner = await _ensure_end_user(tenant, end_user)
        folder_id = None if folder is None else await _ensure_folder(owner, folder)
        with progress("importing", len(files), is_shown=not as_json) as advance:
            for path, sound in zip(files, sounds, strict=True):
                outcome = await import_file(
                    runtime, owner, path, name=name, recorded_us=recorded_us, folder_id=folder_id, audio=sound
                )
                failed += outcome.status == "failed"
                emit(outcome.to_wire(), as_json=as_json, text=outcome.to_text())
                sys.stdout.flush()
                advance()

    run(work)
    if failed:
        raise typer.Exit(1)


def _parse_recorded_at(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise typer.BadParameter("--recorded-at must be a time such as 2026-05-20T10:00:00Z.") from error


async def _ensure_end_user(tenant: Tenant, end_user: str) -> Tenant:
    """Return the end user's handle by id or external id, created if new."""
    user = await find_end_user_named(tenant, end_user)
    if user is None:
        try:
            user = await create_end_user(tenant, external_id=end_user)
        except ExternalIdTakenError:  # another import created it meanwhile
            user = await find_end_user(tenant, end_user)
    assert user is not None
    return tenant.acting_for(user.id, user.number)


async def _ensure_folder(owner: Tenant, name: str) -> str:
    """Return the id of the end user's folder with this name, created if new."""
    async with owner.writing() as work:
        folder = await find_folder_named(work, name) or await create_folder(work, name)
    return folder.id


async def import_file(
    runtime: Runtime,
    owner: Tenant,
    path: Path,
    *,
    name: str | None = None,
    recorded_us: int | None = None,
    folder_id: str | None = None,
    audio: Path | None = None,
) -> Outcome:
    """Import one file atomically: recording, transcript, index and folder membership.

    Its audio is attached afterwards. A file imported before is skipped, but added to the folder and given its
    audio if missing, so that repeating an interrupted import completes it.
    """
    try:
        if audio is not None:
            audio_files.check(audio)
        status, recording_id = await _import_transcript(
            runtime, owner, path, name=name, recorded_us=recorded_us, folder_id=folder_id
        )
        if audio is not None:
            await audio_files.attach_missing(runtime, owner, recording_id, audio)
    except EarmarkError as error:
        return Outcome(str(path), "failed", error=error.message)
    except OSError as error:
        failed = error.filename or path
        reason = (error.strerror or "unknown").lower()
        what = "The file" if str(failed) == str(path) else "The audio"
        return Outcome(str(path), "failed", error=f"{what} can't be read: {reason}.")
    return Outcome(str(path), status, recording_id)


async def _import_transcript(
    runtime: Runtime, owner: Tenant, path: Path, *, name: str | None, recorded_us: int | None, folder_id: str | None
) -> tuple[str, str]:
    """Import the transcript; return the outcome's status and the recording's id."""
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    known = await find_imported(owner, digest)
    if known is None:
        parsed = parse_transcript(body, media_type=media_type_of(path.name, body), filename=path.name)
        prepared = await runtime.ingester.prepare(owner, parsed)
        try:
            async with owner.writing() as work:
                recording = await create_recording(
                    work,
                    name=name or parsed.name or cut_utf16(path.stem, 255),
                    source="app_import",
                    recorded_us=recorded_us if recorded_us is not None else _to_us(parsed.recorded_at),
                    metadata=parsed.metadata,
                    import_sha256=digest,
                )
                await runtime.ingester.store(work, recording, prepared)
                if folder_id is not None:
                    await add_to_folder(work, folder_id, recording.id)
        except FileImportedError:  # by another import, meanwhile
            known = await find_imported(owner, digest)
            assert known is not None
        else:
            return "imported", recording.id
    if folder_id is not None:
        await add_to_folder(owner, folder_id, known.id)
    return "skipped", known.id


def _to_us(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1_000_000)
