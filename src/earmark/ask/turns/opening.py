"""Opening a session: whose it is, what it may look at, and perhaps its first question at once."""

from __future__ import annotations

from dataclasses import dataclass

from earmark.ask.answers.generation import Plan, plan_answer
from earmark.ask.sessions.sessions import create_session, get_session
from earmark.ask.turns.running import RunningTurn
from earmark.ask.turns.turn import TurnEngine, begin_planned, begin_send
from earmark.ask.types import Question, Scope, ScopeType, Session
from earmark.library.end_users import get_end_user, narrow_to_end_user
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotReadyError
from earmark.library.folders import get_folder
from earmark.library.recordings import find_recordings, get_recording, get_recordings
from earmark.library.types import Recording
from earmark.llm.providers import UnknownProviderError
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a client asks to open. `end_user_id` counts only for project-wide callers, who may leave it to a recording.

    Args:
        speaker: only what this person says.
        session_id: the id it gets; a session of this id that is there already is an earlier try's.
        goes_on_in: the session in which an earlier try got stuck.
    """

    scope_type: ScopeType
    recording_ids: tuple[str, ...] = ()
    folder_id: str | None = None
    end_user_id: str | None = None
    speaker: str | None = None
    title: str | None = None
    session_id: str | None = None
    goes_on_in: str | None = None


async def open_session(tenant: Tenant, wanted: NewSession) -> Session:
    """Make an empty session.

    Raises: EndUserRequiredError, EndUserNotFoundError, RecordingNotFoundError, FolderNotFoundError.
    """
    owner, named = await _resolve(tenant, wanted)
    return await _make_session(owner, await _scope_of(owner, wanted, named), wanted)


async def begin_new_session(tenant: Tenant, engine: TurnEngine, wanted: NewSession, question: Question) -> RunningTurn:
    """Make a session and start to answer its first question.

    What can be refused before the model is asked is refused before the session is made. A retry goes on in
    the session of the earlier try.

    Raises: as `open_session` and `turn.begin_send`.
    """
    if wanted.goes_on_in is not None:
        return await begin_send(tenant, engine, wanted.goes_on_in, question)
    owner, named = await _resolve(tenant, wanted)
    scope = await _scope_of(owner, wanted, named)
    plan = await _plan(owner, engine, scope, named, question)
    session = await _make_session(owner, scope, wanted)
    if session.message_count:  # an earlier try's, which may have been answered
        return await begin_send(owner, engine, session.id, question)
    return await begin_planned(owner, engine, session.id, question, plan)


async def _resolve(tenant: Tenant, wanted: NewSession) -> tuple[Tenant, list[Recording]]:
    """Return the handle of the end user whose session it becomes, and the recordings that the scope names."""
    if wanted.scope_type == "recording":
        if wanted.end_user_id is not None:  # another's recording is then as unknown as one that never was
            tenant = await narrow_to_end_user(tenant, wanted.end_user_id)
        recording = await get_recording(tenant, wanted.recording_ids[0], param="scope.recording_id")
        owner = await get_end_user(tenant, recording.end_user_id)
        return tenant.acting_for(owner.id, owner.number), [recording]
    tenant = await narrow_to_end_user(tenant, wanted.end_user_id)
    return tenant, await get_recordings(tenant, wanted.recording_ids, param="scope.recording_ids")


async def _scope_of(tenant: Tenant, wanted: NewSession, named: list[Recording]) -> Scope:
    if wanted.folder_id is not None:
        folder = await get_folder(tenant, wanted.folder_id, param="scope.folder_id")
        return Scope("folder", folder_id=folder.id, folder_name=folder.name, speaker=wanted.speaker)
    title = named[0].name if wanted.scope_type == "recording" else None
    return Scope(wanted.scope_type, wanted.recording_ids, title, speaker=wanted.speaker)


async def _make_session(tenant: Tenant, scope: Scope, wanted: NewSession) -> Session:
    try:
        return await create_session(tenant, scope, title=wanted.title, session_id=wanted.session_id)
    except UniqueViolationError:
        if wanted.session_id is None:
            raise
        return await get_session(tenant, wanted.session_id)


async def _plan(tenant: Tenant, engine: TurnEngine, scope: Scope, named: list[Recording], question: Question) -> Plan:
    """Plan the first answer, and refuse what can't be asked."""
    is_one = scope.type == "recording"
    if is_one and named[0].transcription_id is None:
        raise TranscriptionNotReadyError
    may_retrieve, recording = engine.may_retrieve, named[0] if is_one else None
    try:
        plan = await plan_answer(
            tenant, engine.providers, scope, question, may_retrieve=may_retrieve, recording=recording
        )
    except UnknownProviderError as error:
        error.param = "initial_message.provider"
        raise
    refs = set(question.context_recording_ids)
    if refs and len(await find_recordings(tenant, sorted(refs))) < len(refs):
        raise RecordingNotFoundError(param="initial_message.context_refs")
    return plan
