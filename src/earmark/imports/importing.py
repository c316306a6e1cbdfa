"""Imports one recording: transcript, index, audio and folder; what was imported before is completed, not doubled."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from earmark.clock import to_us
from earmark.computing.threads import compute
from earmark.errors import EarmarkError, InvalidError, UnavailableError
from earmark.imports import audio
from earmark.imports.archives import MAX_AUDIO_BYTES, MAX_TRANSCRIPT_BYTES
from earmark.imports.grouping import display_name, find_file_date
from earmark.imports.types import Choices, File, Group, Outcome, Status
from earmark.library.errors import FileImportedError
from earmark.library.folders import add_to_folder, create_folder, find_folder_named
from earmark.library.recordings import create_recording, find_imported
from earmark.library.types import Recording
from earmark.media.store import MediaStore
from earmark.retrieval.index.ingest import Ingester, PreparedTranscript
from earmark.storage.tenant import Tenant
from earmark.text import cut_utf16
from earmark.transcripts import parse_transcripts
from earmark.transcripts.text.plain import ESTIMATED
from earmark.transcripts.types import ParsedTranscript


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports into one end user's library."""

    ingester: Ingester
    media: MediaStore
    owner: Tenant

    async def run(self, group: Group, choices: Choices) -> AsyncIterator[Outcome]:
        """Import a recording's files; a transcript file with several recordings gives an outcome for each."""
        try:
            if group.audio is not None:
                await asyncio.to_thread(_check_audio, group.audio)
            if choices.folder_id is None and group.folder is not None:
                choices = replace(choices, folder_id=await ensure_folder(self.owner, group.folder))
            if group.transcript is None:
                assert group.audio is not None
                yield await self._import_audio(group.audio, choices)
                return
            body = await asyncio.to_thread(_read, group.transcript)
            found = await compute(parse_transcripts, body, filename=group.transcript.base, charset=choices.charset)
        except EarmarkError as error:
            yield _failed(group.name, error)
            return
        except OSError as error:
            yield Outcome(group.name, "failed", error=_explain(error, group))
            return
        for number, (digest, parsed) in enumerate(found, start=1):
            shown = group.name if len(found) == 1 else f"{group.name}#{number}"
            sound = group.audio if len(found) == 1 else None
            yield await self._import_one(shown, group.transcript, parsed, digest, sound, choices)

    async def _import_one(
        self, shown: str, file: File, parsed: ParsedTranscript, digest: str, sound: File | None, choices: Choices
    ) -> Outcome:
        try:
            known = None if sound is None else await find_imported(self.owner, digest)
            missing = None if known is not None and known.media_id is not None else sound
            async with audio.staged(self.media, missing) as found:
                status, recording_id = await self._store(file, parsed, digest, choices)
                if found is not None:
                    await audio.attach_missing(self.media, self.owner, recording_id, found)
        except EarmarkError as error:
            return _failed(shown, error)
        except OSError as error:
            return Outcome(shown, "failed", error=_explain(error, Group(file, sound)))
        if status == "skipped":
            return Outcome(shown, status, recording_id)
        return Outcome(
            shown, status, recording_id, None, parsed.warnings, parsed.warnings_total, parsed.engine == ESTIMATED
        )

    async def _store(self, file: File, parsed: ParsedTranscript, digest: str, choices: Choices) -> tuple[Status, str]:
        """Store recording, transcript, index and folder in one unit of work, unless these bytes are there already."""
        status: Status = "skipped"
        known = await find_imported(self.owner, digest)
        if known is None:
            prepared = await self.ingester.prepare(self.owner, parsed)
            status, recording_id = await self._create_once(file, parsed, digest, choices, prepared)
        else:
            recording_id = known.id
        if status == "skipped" and choices.folder_id is not None:
            await add_to_folder(self.owner, choices.folder_id, recording_id)
        return status, recording_id

    async def _create_once(
        self, file: File, parsed: ParsedTranscript, digest: str, choices: Choices, prepared: PreparedTranscript | None
    ) -> tuple[Status, str]:
        """Create a recording, indexed if `prepared`, in its folder; return it, or that of another import meanwhile."""
        try:
            async with self.owner.writing() as work:
                recording = await _create(work, file, parsed, digest, choices)
                if prepared is not None:
                    await self.ingester.store(work, recording, prepared)
                if choices.folder_id is not None:
                    await add_to_folder(work, choices.folder_id, recording.id)
            return "imported", recording.id
        except FileImportedError:
            known = await find_imported(self.owner, digest)
            assert known is not None
            return "skipped", known.id

    async def _import_audio(self, sound: File, choices: Choices) -> Outcome:
        """Import audio without a transcript."""
        digest = await asyncio.to_thread(_digest, sound)
        known = await find_imported(self.owner, digest)
        if known is not None and known.media_id is not None:
            return Outcome(sound.name, "skipped", known.id, is_audio=True)
        async with audio.staged(self.media, sound) as found:
            assert found is not None
            status, recording_id = await self._audio_recording(sound, digest, choices)
            await audio.attach_missing(self.media, self.owner, recording_id, found)
        return Outcome(sound.name, status, recording_id, is_audio=True)

    async def _audio_recording(self, sound: File, digest: str, choices: Choices) -> tuple[Status, str]:
        """Return the recording that audio is to be attached to; it is new unless one was begun for these bytes."""
        nothing = ParsedTranscript((), recorded=find_file_date(sound))
        known = await find_imported(self.owner, digest)
        if known is not None:
            return "skipped", known.id
        return await self._create_once(sound, nothing, digest, choices, None)


def _failed(shown: str, error: EarmarkError) -> Outcome:
    return Outcome(shown, "failed", error=error.message, is_passing=isinstance(error, UnavailableError))


async def ensure_folder(owner: Tenant, name: str) -> str:
    """Return the id of the end user's folder with this name, created if new."""
    async with owner.writing() as work:
        folder = await find_folder_named(work, name) or await create_folder(work, name)
    return folder.id


async def _create(work: Tenant, file: File, parsed: ParsedTranscript, digest: str, choices: Choices) -> Recording:
    said = parsed.recorded or find_file_date(file)
    is_chosen = choices.recorded_us is not None
    return await create_recording(
        work,
        name=choices.name or parsed.name or cut_utf16(display_name(file), 255),
        source="app_import",
        recorded_us=choices.recorded_us if is_chosen or said is None else to_us(said.moment),
        recorded_offset_min=choices.recorded_offset_min if is_chosen or said is None else said.offset_minutes,
        recorded_precision="day" if said is not None and not is_chosen and said.is_day else None,
        metadata=parsed.metadata,
        import_sha256=digest,
    )


def _check_audio(sound: File) -> None:
    if sound.size_bytes > MAX_AUDIO_BYTES:
        raise InvalidError(f"The audio is larger than {MAX_AUDIO_BYTES >> 30} GiB.")
    audio.check(sound)


def _read(file: File) -> bytes:
    with file.open() as opened:
        body = opened.read(MAX_TRANSCRIPT_BYTES + 1)
    if len(body) > MAX_TRANSCRIPT_BYTES:
        raise InvalidError(f"The file is larger than {MAX_TRANSCRIPT_BYTES >> 20} MiB.")
    return body


def _digest(file: File) -> str:
    with file.open() as opened:
        digest = hashlib.sha256()
        while piece := opened.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _explain(error: OSError, group: Group) -> str:
    reason = (error.strerror or "unknown").lower()
    is_audio = group.audio is not None and str(error.filename) == group.audio.name
    return f"{'The audio' if is_audio and group.transcript else 'The file'} can't be read: {reason}."
