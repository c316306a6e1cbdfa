"""`/v1/ask/sessions`: creating, listing, renaming and deleting sessions, and suggested questions."""

from __future__ import annotations

from typing import Any

from earmark.api.pipeline.accept import JSON, choose_form
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import NotAcceptableError
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.pipeline.turn_reply import STREAMED, replayed_turn, turn_reply
from earmark.api.wire.messages import AskResultShown
from earmark.api.wire.sessions import (
    CreateSessionBody,
    FolderScopeBody,
    RenameBody,
    SelectedScopeBody,
    SessionListQuery,
    SessionPage,
    SessionShown,
    SessionWithTurnShown,
    StartersQuery,
    StartersShown,
    SuggestionsQuery,
    SuggestionsShown,
    session_to_wire,
)
from earmark.api.wire.sessions import RecordingScopeBody as OneRecording
from earmark.ask.errors import AnswerFailedError
from earmark.ask.sessions import sessions
from earmark.ask.turns.opening import NewSession, begin_new_session, open_session
from earmark.ask.turns.queue import is_running
from earmark.ask.types import Session, SessionFilters
from earmark.errors import NotFoundError, TooLargeError
from earmark.identity.access import require_scope
from earmark.library.end_users import narrow_to_end_user
from earmark.library.errors import TranscriptionNotReadyError

routes = Routes("Ask sessions")
BY_ID = {"session_id": "as"}


async def session_exists(call: Call, session_id: str, **_: str) -> None:
    """Raise 404 unless the caller has this session."""
    await sessions.get_session(call.tenant, session_id)


@routes.add("GET", "/ask/sessions", Rules("ask:read"), answers={200: SessionPage})
async def list_sessions(call: Call, query: SessionListQuery) -> Reply:
    """List Ask sessions, newest activity first.

    A project-wide key lists the whole project unless `end_user_id` narrows it; an end-user-scoped
    credential always lists its own end user's sessions.
    """
    filters = asked_filters(query, SessionFilters)
    return await page_reply(
        call,
        "ask.sessions",
        query,
        filters,
        fetch=lambda page: sessions.list_sessions(call.tenant, page, filters),
        position_of=_position,
        to_wire=session_to_wire,
    )


def _position(session: Session) -> tuple[int, str]:
    return session.last_message_us, session.id


def may_use_scope(call: Call, body: Any) -> None:
    """Require `folders:read` for a folder scope. Raises: ScopeMissingError."""
    if body.scope.type == "folder":
        require_scope(call.caller, "folders:read")


@routes.add(
    "POST",
    "/ask/sessions",
    Rules("ask:write", retry="apart", replay=replayed_turn, authorise=may_use_scope),
    answers={201: SessionShown, 200: AskResultShown},
    errors=[NotFoundError, NotAcceptableError, TranscriptionNotReadyError, TooLargeError, AnswerFailedError],
    openapi=STREAMED,
)
async def create_session(call: Call, body: CreateSessionBody) -> Reply:
    """Create a session (201); with `initial_message`, create it and answer (200)."""
    scope = body.scope
    wanted = NewSession(
        scope_type=scope.type,
        recording_ids=_recording_ids(scope),
        folder_id=scope.folder_id if isinstance(scope, FolderScopeBody) else None,
        end_user_id=body.end_user_id,
        speaker=scope.speaker,
        title=body.title,
        session_id=call.new_id("as"),
        goes_on_in=call.retry.session_id if call.retry else None,
    )
    if body.initial_message is None:
        choose_form(call.headers.get(b"accept"), (JSON,))
        return json_reply(session_to_wire(await open_session(call.tenant, wanted)), 201)
    question = body.initial_message.to_question(call.new_id("msg"))
    return await turn_reply(call, lambda: begin_new_session(call.tenant, call.runtime.turns, wanted, question))


def _recording_ids(scope: object) -> tuple[str, ...]:
    if isinstance(scope, OneRecording):
        return (scope.recording_id,)
    return tuple(scope.recording_ids) if isinstance(scope, SelectedScopeBody) else ()


@routes.add("GET", "/ask/sessions/{session_id}", Rules("ask:read", BY_ID), answers={200: SessionWithTurnShown},
            errors=[NotFoundError])  # fmt: skip
async def get_session(call: Call, session_id: str) -> Reply:
    """Show a session and its running turn, if any."""
    async with call.tenant.reading() as snapshot:
        session = await sessions.get_session(snapshot, session_id)
        state = await sessions.get_state(snapshot, session_id)
    turn = {"user_message_id": state.turn_message_id} if is_running(state) else None
    return json_reply({**session_to_wire(session), "active_turn": turn})


@routes.add("GET", "/ask/sessions/{session_id}/suggestions", Rules("ask:read", BY_ID, session_exists),
            answers={200: SuggestionsShown}, errors=[NotFoundError, AnswerFailedError])  # fmt: skip
async def suggest_questions(call: Call, session_id: str, query: SuggestionsQuery) -> Reply:
    """Suggest up to three answerable next questions; `provider` names a model to write them."""
    session = await sessions.get_session(call.tenant, session_id)
    by = call.runtime.turns.providers.choose(query.provider)[0] if query.provider else None
    suggested = await call.runtime.suggester.follow_ups(call.tenant, session, by)
    return json_reply({"session_id": session_id, "suggestions": suggested})


@routes.add("GET", "/ask/suggestions", Rules("ask:read"), answers={200: StartersShown}, errors=[NotFoundError])
async def suggest_starters(call: Call, query: StartersQuery) -> Reply:
    """Suggest up to three first questions that a person's recordings answer."""
    tenant = await narrow_to_end_user(call.tenant, query.end_user_id)
    return json_reply({"suggestions": await call.runtime.suggester.starters(tenant)})


@routes.add("PATCH", "/ask/sessions/{session_id}", Rules("ask:write", BY_ID, session_exists),
            answers={200: SessionShown}, errors=[NotFoundError])  # fmt: skip
async def rename_session(call: Call, session_id: str, body: RenameBody) -> Reply:
    """Rename a session; its position in the list does not change."""
    return json_reply(session_to_wire(await sessions.rename_session(call.tenant, session_id, body.title)))


@routes.add("DELETE", "/ask/sessions/{session_id}", Rules("ask:write", BY_ID), answers={204: None},
            errors=[NotFoundError])  # fmt: skip
async def delete_session(call: Call, session_id: str) -> Reply:
    """Delete a session and its messages permanently; repeating it is 404."""
    await sessions.delete_session(call.tenant, call.runtime.deletion, session_id)
    return no_content()
