"""Scopes: what of a session's scope exists now, resolved at each turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from earmark.ask.errors import FolderGoneError, RecordingGoneError
from earmark.ask.types import Scope, Session
from earmark.library.errors import TranscriptionNotReadyError
from earmark.library.folders import find_folder_names
from earmark.library.recordings import find_recordings, list_recordings_in_folder
from earmark.library.types import Recording
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class ScopeNow:
    """A scope at one moment. `recordings` None means the end user's whole library; `speaker`: only what they say."""

    type: str
    recordings: tuple[Recording, ...] | None
    speaker: str | None = None

    @property
    def recording_ids(self) -> tuple[str, ...] | None:
        """The recording ids that a search is limited to; None for all."""
        return None if self.recordings is None else tuple(recording.id for recording in self.recordings)


async def with_folder_names(tenant: Tenant, sessions: Sequence[Session]) -> list[Session]:
    """Return the sessions with their folders' current names; a deleted folder keeps its first name.

    Costs one more read, and only if a session's scope is a folder.
    """
    folder_ids = [session.scope.folder_id for session in sessions if session.scope.folder_id is not None]
    if not folder_ids:
        return list(sessions)
    names = await find_folder_names(tenant, folder_ids)
    return [_renamed(session, names) for session in sessions]


def _renamed(session: Session, names: dict[str, str]) -> Session:
    scope = session.scope
    if scope.folder_id not in names:
        return session
    return session._replace(scope=scope._replace(folder_name=names[scope.folder_id]))


async def resolve_scope(tenant: Tenant, scope: Scope, narrowed_to: tuple[str, ...]) -> ScopeNow:
    """Return what a turn may read now; `narrowed_to` are the ids that its context_refs name.

    Raises: RecordingGoneError if all recordings of the session were deleted; FolderGoneError;
        TranscriptionNotReadyError if its one recording has no transcript.
    """
    return replace(await _resolve(tenant, scope, narrowed_to), speaker=scope.speaker)


async def _resolve(tenant: Tenant, scope: Scope, narrowed_to: tuple[str, ...]) -> ScopeNow:
    if scope.type == "folder":
        return await _resolve_folder(tenant, scope, narrowed_to)
    if scope.type == "library":
        narrowed = await find_recordings(tenant, narrowed_to) if narrowed_to else []
        return ScopeNow(scope.type, tuple(narrowed) or None)
    living = {recording.id: recording for recording in await find_recordings(tenant, scope.recording_ids)}
    recordings = tuple(living[recording_id] for recording_id in scope.recording_ids if recording_id in living)
    if not recordings:
        raise RecordingGoneError
    if scope.type == "recording" and recordings[0].transcription_id is None:
        raise TranscriptionNotReadyError
    narrowed = [recording for recording in recordings if recording.id in narrowed_to]
    return ScopeNow(scope.type, tuple(narrowed) or recordings)


async def _resolve_folder(tenant: Tenant, scope: Scope, narrowed_to: tuple[str, ...]) -> ScopeNow:
    """Return the folder's recordings; an empty folder is valid and yields no evidence."""
    folder_id = str(scope.folder_id)
    if not await find_folder_names(tenant, [folder_id]):
        raise FolderGoneError
    recordings = await list_recordings_in_folder(tenant, folder_id)
    narrowed = [recording for recording in recordings if recording.id in narrowed_to]
    return ScopeNow(scope.type, tuple(narrowed or recordings))
