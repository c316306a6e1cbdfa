"""What a session may look at: chosen when it is made, resolved to living recordings at each turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from earmark.ask.errors import RecordingGoneError, TranscriptionNotReadyError
from earmark.ask.types import Scope
from earmark.library.recordings import find_recordings
from earmark.library.types import Recording
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class ScopeNow:
    """A scope at one moment. `recordings` None is the whole library of the end user."""

    type: str
    recordings: tuple[Recording, ...] | None

    @property
    def recording_ids(self) -> tuple[str, ...] | None:
        """The ids that a search is narrowed to."""
        return None if self.recordings is None else tuple(recording.id for recording in self.recordings)


def dump_scope(scope: Scope) -> str:
    """Return the scope as it is stored: exactly as the wire shows it, so that lists need not parse it."""
    fields = {
        "type": scope.type,
        "recording_ids": scope.recording_ids,
        "recording_title": scope.recording_title,
    }
    return orjson.dumps(fields).decode()


def load_scope(scope_json: str) -> Scope:
    """Return the scope that was stored."""
    fields: dict[str, Any] = orjson.loads(scope_json)
    return Scope(fields["type"], tuple(fields["recording_ids"]), fields["recording_title"])


async def resolve_scope(tenant: Tenant, scope: Scope, narrowed_to: tuple[str, ...]) -> ScopeNow:
    """Return what a turn may look at now; `narrowed_to` are the ids its context_refs name.

    Raises: RecordingGoneError if nothing that the session is about is left;
        TranscriptionNotReadyError if its one recording has no transcript.
    """
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
