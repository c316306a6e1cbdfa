"""A question's way to a cited answer. Read it top to bottom.

1. The session is read through the caller's handle: a foreign one does not exist.
2. Who may answer is chosen, and what the session may look at now is resolved: a session about deleted things
   or a transcript too long for the model is refused before anything is stored.
3. When the session's turn is ours, the question is stored with the session's counters, in one unit of work.
   A question that waits for its answer is a lawful state; sending it again answers it.
4. From here on the turn runs by itself: whoever follows its feed may come and go.
5. The question is made self-contained, retrieval returns ranked moments, the model writes, citing numbers;
   numbers become (recording, millisecond) in `draft.py` and nowhere else (`answering.py`).
6. The answer, its parts and sources and the session's counters are stored in one unit of work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from earmark.answers.signals import SentenceEmbedder
from earmark.ask import queries
from earmark.ask.answering import Answer, Plan, Task, plan_answer, write_answer
from earmark.ask.draft import Draft
from earmark.ask.errors import (
    AnswerFailedError,
    AnswerTooLargeError,
    MessageNotFoundError,
    NotLastTurnError,
    SessionNotFoundError,
    TurnInterruptedError,
    TurnLostError,
)
from earmark.ask.messages import (
    MessagePage,
    dump_parts,
    find_answer,
    find_last_message,
    find_message,
    get_message,
    insert_message,
    insert_sources,
    join_text,
    list_messages,
    with_sources,
)
from earmark.ask.running import RunningTurn, RunningTurns
from earmark.ask.scopes import ScopeNow, load_scope, resolve_scope
from earmark.ask.sessions import get_state, set_title
from earmark.ask.titles import title_from_question
from earmark.ask.titling import improve_title
from earmark.ask.turn_feed import TurnEvent, TurnFeed
from earmark.ask.turn_keeper import Keeper
from earmark.ask.turn_log import append_events, forget_events
from earmark.ask.turn_queue import new_holder, release_turn, start_in_order, take_turn
from earmark.ask.types import AskResult, Message, Question, Scope, SessionState, TextPart, Tokens
from earmark.ask.usage import count_answer
from earmark.clock import now_us
from earmark.errors import EarmarkError, NotFoundError, ProviderError, UnavailableError
from earmark.ids import new_id
from earmark.library.recordings import find_recordings, get_recordings
from earmark.llm.errors import ContextTooLargeError
from earmark.llm.providers import Candidate, Providers
from earmark.llm.types import Finished
from earmark.llm.vendor import VendorModel
from earmark.logs import frames_of
from earmark.retrieval.search import Searcher
from earmark.retrieval.types import ChunkHit
from earmark.retrieval.wire import chunk_to_wire
from earmark.storage.errors import MissingParentError
from earmark.storage.tenant import Tenant

log = structlog.get_logger("earmark.ask")


@dataclass(frozen=True, slots=True)
class TurnEngine:
    """What every turn needs. `may_retrieve`: a transcript too long for the model is searched instead of refused."""

    searcher: Searcher
    providers: Providers
    wait_s: float = 60.0
    may_retrieve: bool = False
    improves_titles: bool = False
    embedder: SentenceEmbedder | None = None
    running: RunningTurns = field(default_factory=RunningTurns)


@dataclass(frozen=True, slots=True)
class _Started:
    """A turn whose question is stored. `replaces` is the answer that the new one takes the place of."""

    state: SessionState
    holder: str
    question: Message
    scope: ScopeNow
    plan: Plan
    replaces: Message | None = None

    @property
    def place(self) -> dict[str, Any]:
        """Where the turn's events are kept."""
        state = self.state
        return {"session_id": state.id, "message_id": self.question.id, "end_user_id": state.end_user_id}


async def send(tenant: Tenant, engine: TurnEngine, session_id: str, question: Question) -> AskResult:
    """Answer a question in a session.

    Raises: as `begin_send`; AnswerFailedError, AnswerTooLargeError: the question is stored and waits for an answer.
    """
    return await (await begin_send(tenant, engine, session_id, question)).result()


async def begin_send(tenant: Tenant, engine: TurnEngine, session_id: str, question: Question) -> RunningTurn:
    """Store a question and start to answer it.

    Raises: SessionNotFoundError, UnknownProviderError, RecordingNotFoundError (context_refs), ContextTooLargeError,
        RecordingGoneError, TranscriptionNotReadyError, TurnWaitedTooLongError: nothing is stored.
    """
    tenant, state = await _narrow(tenant, session_id)
    answered = await _find_answered(tenant, session_id, question.message_id)
    if answered is not None:
        return answered
    if question.context_recording_ids:
        await get_recordings(tenant, tuple(dict.fromkeys(question.context_recording_ids)), param="context_refs")
    plan = await _plan(tenant, engine, load_scope(state.scope_json), question.provider, question.content)
    holder = new_holder()

    async def start(work: Tenant, state: SessionState) -> _Started | RunningTurn:
        answered = await _find_answered(work, session_id, question.message_id)
        if answered is not None:
            return answered
        scope = await resolve_scope(work, load_scope(state.scope_json), question.context_recording_ids)
        message = await _store_question(work, state, question)
        await take_turn(work, session_id, holder, message.id)
        await forget_events(work, session_id, message.id)
        return _Started(state, holder, message, scope, plan)

    started = await start_in_order(tenant, session_id, holder, start, wait_s=engine.wait_s)
    return started if isinstance(started, RunningTurn) else _begin(tenant, engine, started)


async def regenerate(
    tenant: Tenant, engine: TurnEngine, session_id: str, user_message_id: str, provider: str | None
) -> AskResult:
    """Answer the last question again.

    Raises: as `begin_regenerate` and `send`.
    """
    return await (await begin_regenerate(tenant, engine, session_id, user_message_id, provider)).result()


async def begin_regenerate(
    tenant: Tenant, engine: TurnEngine, session_id: str, user_message_id: str, provider: str | None
) -> RunningTurn:
    """Start to answer the last question again; the old answer stays until the new one is stored.

    Raises: as `begin_send`; MessageNotFoundError; NotLastTurnError.
    """
    tenant, state = await _narrow(tenant, session_id)
    asked, _ = await _last_turn(tenant, session_id, user_message_id)
    plan = await _plan(tenant, engine, load_scope(state.scope_json), provider, asked.content)
    holder = new_holder()

    async def start(work: Tenant, state: SessionState) -> _Started:
        question, answer = await _last_turn(work, session_id, user_message_id)
        scope = await resolve_scope(work, load_scope(state.scope_json), ())
        await take_turn(work, session_id, holder, question.id)
        await forget_events(work, session_id, question.id)
        return _Started(state, holder, question, scope, plan, replaces=answer)

    started = await start_in_order(tenant, session_id, holder, start, wait_s=engine.wait_s)
    return _begin(tenant, engine, started)


async def _plan(tenant: Tenant, engine: TurnEngine, scope: Scope, provider: str | None, content: str) -> Plan:
    return await plan_answer(tenant, engine.providers, scope, provider, content, may_retrieve=engine.may_retrieve)


async def _narrow(tenant: Tenant, session_id: str) -> tuple[Tenant, SessionState]:
    state = await get_state(tenant, session_id)
    return tenant.acting_for(state.end_user_id, state.end_user_no), state


async def _find_answered(tenant: Tenant, session_id: str, message_id: str | None) -> RunningTurn | None:
    """Return the answer that the same send got before, if it did."""
    asked = await find_message(tenant, session_id, message_id) if message_id is not None else None
    answer = await find_answer(tenant, session_id, asked) if asked is not None else None
    if asked is None or answer is None:
        return None
    return RunningTurn.over(asked.id, await with_sources(tenant, session_id, answer))


async def _last_turn(work: Tenant, session_id: str, user_message_id: str) -> tuple[Message, Message | None]:
    asked = await get_message(work, session_id, user_message_id)
    if asked.role != "user":
        raise MessageNotFoundError
    newest = await list_messages(work, session_id, MessagePage(limit=2, is_descending=True))
    if newest[0].id == asked.id:
        return asked, None
    if newest[0].role == "assistant" and newest[1].id == asked.id:
        return asked, newest[0]
    raise NotLastTurnError


# ---- storing the question --------------------------------------------------------------------------


async def _store_question(work: Tenant, state: SessionState, question: Question) -> Message:
    """Store the question, or find it: the same text as an unanswered last message is a retry of it."""
    content = question.content
    last = await find_last_message(work, state.id)
    if last is not None and last.role == "user" and last.content == content:
        return last
    if question.message_id is not None and await find_message(work, state.id, question.message_id) is not None:
        raise NotLastTurnError
    parts = [TextPart(content)]
    now = max(now_us(), state.last_message_us)
    message = Message(
        question.message_id or new_id("msg"),
        state.message_count,
        "user",
        content,
        dump_parts(parts),
        None,
        None,
        None,
        now,
        Tokens(),
    )
    await insert_message(work, state.id, state.end_user_id, message)
    await _count(work, state, messages=1, now=now)
    if state.is_title_default and state.message_count == 0:
        await set_title(work, state.id, title_from_question(content), max(now, state.updated_us))
    return message


async def _count(work: Tenant, state: SessionState, *, messages: int, now: int, answer: Message | None = None) -> None:
    """Move the session's counters and activity, here and where recordings list their sessions."""
    changed = {
        "session_id": state.id,
        "new_message_count": state.message_count + messages,
        "new_last_message_us": now,
        "new_updated_us": max(now, state.updated_us),
        "new_last_model": answer.model if answer else None,
        "new_last_provider": answer.provider if answer else None,
    }
    await work.execute(queries.update_session_counters, changed)
    if state.scope_type in ("recording", "selected"):
        await work.execute(queries.update_session_recordings_activity, changed)


# ---- answering -------------------------------------------------------------------------------------


def _begin(tenant: Tenant, engine: TurnEngine, started: _Started) -> RunningTurn:
    """Let the turn run by itself from here on."""
    feed = TurnFeed()
    feed.publish("turn.started", {"session_id": started.state.id, "user_message_id": started.question.id})
    keeper = Keeper(tenant, started.place, started.holder, feed)
    key = (tenant.key.tenant_id, started.state.id, started.question.id)
    return engine.running.run(key, feed, keeper, _run(tenant, engine, started, feed, keeper))


async def _run(tenant: Tenant, engine: TurnEngine, started: _Started, feed: TurnFeed, keeper: Keeper) -> AskResult:
    """Find, write, store; whatever happens, the turn is let go and its feed ends."""
    session_id = started.state.id
    answer = Answer(Draft(feed, ()), started.plan.candidates[0])
    task = Task(session_id, started.question, started.scope, started.plan, engine.embedder)
    writing = write_answer(tenant, engine.searcher, feed, task, answer)
    try:
        with _told_with_session(session_id):
            async with keeper:
                await keeper.unless_stopped(writing)
            if keeper.is_cancelled:
                answer.draft.finish_early("cancelled")
            try:
                result = await _store_answer(tenant, started, answer, feed, keeper)
            except MissingParentError:  # a recording went this instant: without its sources, then
                result = await _store_answer(tenant, started, answer, feed, keeper)
    except BaseException as error:
        failure = TurnEvent("turn.failed", _told(error))
        try:
            await asyncio.shield(_let_go(tenant, started, feed, failure))
        finally:
            feed.publish(*failure)
        raise
    _improve_title(tenant, engine, started, result, answer.by)
    return result


def _told(error: BaseException) -> EarmarkError:
    """Return what readers of the stream are told; a bug is logged here, since no request may be waiting for it."""
    if isinstance(error, EarmarkError):
        return error
    log.error("turn.failed", error=type(error).__name__, trace=frames_of(error))
    return EarmarkError("Something broke.")


@contextmanager
def _told_with_session(session_id: str) -> Iterator[None]:
    """What fails after the start names the session in which to try again."""
    try:
        yield
    except ProviderError as error:
        raise AnswerFailedError(error.message, session_id) from error
    except ContextTooLargeError as error:
        raise AnswerTooLargeError(error.message, session_id) from error
    except asyncio.CancelledError as error:
        raise TurnInterruptedError(session_id) from error
    except SessionNotFoundError:
        raise
    except EarmarkError as error:
        if error.status < 500:  # it had started: not a refusal that stored nothing
            raise TurnInterruptedError(session_id) from error
        error.session_id = session_id
        raise


async def _let_go(tenant: Tenant, started: _Started, feed: TurnFeed, failure: TurnEvent) -> None:
    """Release the turn; of a failed one only its start and its failure are kept, none of its words."""
    with suppress(UnavailableError, NotFoundError):
        async with tenant.writing() as work:
            if await release_turn(work, started.state.id, started.holder):
                await forget_events(work, started.state.id, started.question.id)
                await append_events(work, started.place, 1, feed.events[:1])
                await append_events(work, started.place, len(feed.events) + 1, [failure])


async def _store_answer(tenant: Tenant, started: _Started, answer: Answer, feed: TurnFeed, keeper: Keeper) -> AskResult:
    replaces = started.replaces
    if replaces is not None and keeper.is_cancelled and answer.draft.is_blank:
        return await _keep_old_answer(tenant, started, replaces, feed, keeper)
    async with tenant.writing() as work:
        state = await get_state(work, started.state.id, for_update=True)
        if not await release_turn(work, state.id, started.holder):
            raise TurnLostError
        if replaces is not None:
            await work.execute(queries.delete_message_at, {"session_id": state.id, "ordinal": replaces.ordinal})
        message = _to_message(started, answer, max(now_us(), state.last_message_us))
        hits = await _living(work, answer.evidence.sources)
        await insert_message(work, state.id, state.end_user_id, message)
        await insert_sources(work, state.id, state.end_user_id, message.id, hits)
        await _count(work, state, messages=0 if replaces else 1, now=message.created_us, answer=message)
        await count_answer(work, state.end_user_id, message)
        result = AskResult(state.id, message, [chunk_to_wire(hit) for hit in hits])
        await keeper.write_last(work, TurnEvent("turn.completed", result))
    feed.publish("turn.completed", result)
    return result


def _improve_title(tenant: Tenant, engine: TurnEngine, started: _Started, result: AskResult, by: Candidate) -> None:
    if engine.improves_titles and started.question.ordinal == 0 and isinstance(by.model, VendorModel):
        engine.running.also(improve_title(tenant, started.state.id, by.model, started.question, result.message))


async def _keep_old_answer(
    tenant: Tenant, started: _Started, old: Message, feed: TurnFeed, keeper: Keeper
) -> AskResult:
    """A new answer cancelled before its first word leaves the old one where it is."""
    async with tenant.writing() as work:
        if not await release_turn(work, started.state.id, started.holder):
            raise TurnLostError
        result = await with_sources(work, started.state.id, old)
        await keeper.write_last(work, TurnEvent("turn.completed", result))
    feed.publish("turn.completed", result)
    return result


def _to_message(started: _Started, answer: Answer, now: int) -> Message:
    draft, by = answer.draft, answer.by
    finished = draft.finished or Finished()
    tokens = Tokens(finished.input_tokens, finished.output_tokens, finished.cached_tokens)
    return Message(
        new_id("msg"), started.question.ordinal + 1, "assistant", join_text(draft.parts), dump_parts(draft.parts),
        by.model.model, by.provider, finished.finish_reason, now, tokens, draft.answered, draft.dropped_citations,
    )  # fmt: skip


async def _living(work: Tenant, sources: Sequence[ChunkHit]) -> list[ChunkHit]:
    """Leave out sources whose recording was deleted while the model wrote."""
    ids = {hit.recording_id for hit in sources}
    living = {recording.id: recording for recording in await find_recordings(work, sorted(ids))} if ids else {}
    return [hit for hit in sources if hit.recording_id in living]
