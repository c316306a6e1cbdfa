"""Opening a session: whose it is, what it may look at, and perhaps its first question at once."""

from __future__ import annotations

from dataclasses import dataclass

from earmark.ask.errors import TranscriptionNotReadyError
from earmark.ask.sessions import create_session, get_session
from earmark.ask.turn import TurnEngine, send
from earmark.ask.types import AskResult, Question, Scope, ScopeType, Session
from earmark.library.end_users import get_end_user, narrow_to_end_user
from earmark.library.errors import RecordingNotFoundError
from earmark.library.folders import get_folder
from earmark.library.recordings import find_recordings, get_recording, get_recordings
from earmark.library.types import Recording
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a client asks to open. `end_user_id` counts only for project-wide callers.

    Args:
        session_id: the id it gets; a session of this id that is there already is an earlier try's.
        goes_on_in: the session in which an earlier try got stuck.
    """

    scope_type: ScopeType
    recording_ids: tuple[str, ...] = ()
    folder_id: str | None = None
    end_user_id: str | None = None
    title: str | None = None
    question: Question | None = None
    session_id: str | None = None
    goes_on_in: str | None = None


async def open_session(tenant: Tenant, engine: TurnEngine, wanted: NewSession) -> Session | AskResult:
    """Make the session; with a question, answer it too.

    What can be refused before the model is asked is refused before the session is made. A retry goes on in
    the session of the earlier try.

    Raises: EndUserRequiredError, EndUserNotFoundError, RecordingNotFoundError, FolderNotFoundError; with a
        question also what `turn.send` raises.
    """
    if wanted.goes_on_in is not None and wanted.question is not None:
        return await send(tenant, engine, wanted.goes_on_in, wanted.question)
    if wanted.scope_type == "recording":
        recording = await get_recording(tenant, wanted.recording_ids[0], param="scope.recording_id")
        owner = await get_end_user(tenant, recording.end_user_id)
        tenant, named = tenant.acting_for(owner.id, owner.number), [recording]
    else:
        tenant = await narrow_to_end_user(tenant, wanted.end_user_id)
        named = await get_recordings(tenant, wanted.recording_ids, param="scope.recording_ids")
    scope = await _scope_of(tenant, wanted, named)
    if wanted.question is not None:
        await _check_question(tenant, engine, wanted.scope_type, named, wanted.question)
    session = await _make_session(tenant, scope, wanted)
    if wanted.question is None:
        return session
    return await send(tenant, engine, session.id, wanted.question)


async def _scope_of(tenant: Tenant, wanted: NewSession, named: list[Recording]) -> Scope:
    if wanted.folder_id is not None:
        folder = await get_folder(tenant, wanted.folder_id, param="scope.folder_id")
        return Scope("folder", folder_id=folder.id, folder_name=folder.name)
    return Scope(wanted.scope_type, wanted.recording_ids, named[0].name if wanted.scope_type == "recording" else None)


async def _make_session(tenant: Tenant, scope: Scope, wanted: NewSession) -> Session:
    try:
        return await create_session(tenant, scope, title=wanted.title, session_id=wanted.session_id)
    except UniqueViolationError:
        if wanted.session_id is None:
            raise
        return await get_session(tenant, wanted.session_id)


async def _check_question(
    tenant: Tenant, engine: TurnEngine, scope_type: ScopeType, named: list[Recording], question: Question
) -> None:
    engine.providers.choose(question.provider)
    if scope_type == "recording" and named[0].transcription_id is None:
        raise TranscriptionNotReadyError
    refs = set(question.context_recording_ids)
    if len(await find_recordings(tenant, sorted(refs))) < len(refs):
        raise RecordingNotFoundError(param="initial_message.context_refs")
