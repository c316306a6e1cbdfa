"""A question's way to a cited answer. Read it top to bottom.

1. The session is read through the caller's handle: a foreign one does not exist.
2. The turn is planned, once: who may answer, and from which transcript where the session is about one recording.
   A session about deleted things or a transcript too long for the model is refused before anything is stored.
3. When the session's turn is ours (`turn_queue.py`), what it may look at is resolved as it is then, and the question
   is stored with the session's counters (`turn_question.py`), in one unit of work. A question that waits for its
   answer is a lawful state; sending it again answers it.
4. From here on the turn runs by itself: whoever follows its feed may come and go. The process's heartbeat
   (`heartbeat.py`) renews its lease, hears of cancels and persists what it says.
5. The question is made self-contained, retrieval returns ranked moments, the model writes, citing numbers;
   numbers become (recording, millisecond) in `draft.py` and nowhere else (`answering.py`).
6. The answer, its parts and sources and the session's counters are stored in one unit of work (`turn_answer.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from earmark.answers.features import SentenceEmbedder
from earmark.ask.answers.draft import Draft
from earmark.ask.answers.feed import TurnCompleted, TurnFailed, TurnFeed, TurnStarted
from earmark.ask.answers.generation import Answer, Plan, Task, plan_answer, write_answer
from earmark.ask.errors import (
    AnswerFailedError,
    AnswerTooLargeError,
    SessionNotFoundError,
    TurnInterruptedError,
    TurnLostError,
)
from earmark.ask.sessions.generated_titles import improve_title
from earmark.ask.sessions.scopes import resolve_scope
from earmark.ask.sessions.sessions import get_state
from earmark.ask.turns.ending import StartedTurn, store_answer, store_failure
from earmark.ask.turns.held_turn import HeldTurn
from earmark.ask.turns.log import forget_events
from earmark.ask.turns.question import find_answered, get_last_turn, refuse_if_superseded, store_question
from earmark.ask.turns.queue import StartTurn, T, new_holder, refuse_if_full, start_in_order, take_turn
from earmark.ask.turns.running import RunningTurn, RunningTurns
from earmark.ask.types import AskResult, Question, SessionState
from earmark.errors import EarmarkError, ProviderError, UnavailableError
from earmark.library.recordings import get_recordings
from earmark.llm.errors import ContextTooLargeError
from earmark.llm.providers import Candidate, Providers
from earmark.logs import frames_of
from earmark.retrieval.search import Searcher
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


# ---- question --------------------------------------------------------------------------------------


async def begin_send(tenant: Tenant, engine: TurnEngine, session_id: str, question: Question) -> RunningTurn:
    """Store a question and start to answer it.

    Its result raises AnswerFailedError or AnswerTooLargeError: the question is stored and waits for an answer.

    Raises: SessionNotFoundError, UnknownProviderError, RecordingNotFoundError (context_refs), ContextTooLargeError,
        RecordingGoneError, TranscriptionNotReadyError, TurnWaitedTooLongError: nothing is stored.
    """
    tenant, state = await _narrow(tenant, session_id)
    answered = await find_answered(tenant, session_id, question.message_id)
    if answered is not None:
        return answered
    refuse_if_full(engine.running.signals, session_id)
    if question.context_recording_ids:
        await get_recordings(tenant, question.context_recording_ids, param="context_refs")
    return await begin_planned(tenant, engine, session_id, question, await _plan(tenant, engine, state, question))


async def begin_planned(
    tenant: Tenant, engine: TurnEngine, session_id: str, question: Question, plan: Plan
) -> RunningTurn:
    """Store a question whose answer is planned already, and start to answer it.

    Raises: SessionNotFoundError, RecordingGoneError, TranscriptionNotReadyError, TurnWaitedTooLongError: nothing is
        stored.
    """
    holder = new_holder()

    async def start(work: Tenant, state: SessionState) -> StartedTurn | RunningTurn:
        answered = await find_answered(work, session_id, question.message_id)
        if answered is not None:
            return answered
        scope = await resolve_scope(work, state.scope, question.context_recording_ids)
        message = await store_question(work, state, question)
        await take_turn(work, session_id, holder, message.id)
        await forget_events(work, session_id, message.id)
        return StartedTurn(state, holder, message, scope, plan)

    started = await _in_order(tenant, engine, session_id, holder, start)
    return started if isinstance(started, RunningTurn) else _begin(tenant, engine, started)


async def begin_regenerate(
    tenant: Tenant, engine: TurnEngine, session_id: str, user_message_id: str, provider: str | None
) -> RunningTurn:
    """Start to answer the last question again; the old answer stays until the new one is stored.

    Raises: as `begin_send`; MessageNotFoundError; NotLastTurnError.
    """
    tenant, state = await _narrow(tenant, session_id)
    asked, _ = await get_last_turn(tenant, session_id, user_message_id)
    plan = await _plan(tenant, engine, state, Question(asked.content, provider))
    holder = new_holder()

    async def start(work: Tenant, state: SessionState) -> StartedTurn:
        question, answer = await get_last_turn(work, session_id, user_message_id)
        scope = await resolve_scope(work, state.scope, ())
        await take_turn(work, session_id, holder, question.id)
        await forget_events(work, session_id, question.id)
        return StartedTurn(state, holder, question, scope, plan, replaces=answer)

    return _begin(tenant, engine, await _in_order(tenant, engine, session_id, holder, start))


async def _narrow(tenant: Tenant, session_id: str) -> tuple[Tenant, SessionState]:
    state = await get_state(tenant, session_id)
    return tenant.acting_for(state.end_user_id, state.end_user_no), state


async def _plan(tenant: Tenant, engine: TurnEngine, state: SessionState, question: Question) -> Plan:
    return await plan_answer(tenant, engine.providers, state.scope, question, may_retrieve=engine.may_retrieve)


async def _in_order(tenant: Tenant, engine: TurnEngine, session_id: str, holder: str, start: StartTurn[T]) -> T:
    signals = engine.running.signals
    return await start_in_order(tenant, session_id, holder, start, signals=signals, wait_s=engine.wait_s)


# ---- evidence, answer, commit ----------------------------------------------------------------------


def _begin(tenant: Tenant, engine: TurnEngine, started: StartedTurn) -> RunningTurn:
    """Let the turn run by itself from here on."""
    feed = TurnFeed()
    feed.publish(TurnStarted(started.state.id, started.question.id))
    held = HeldTurn(tenant, started.place, started.holder, feed)
    return engine.running.run(held, started.question.id, _run(tenant, engine, started, held))


async def _run(tenant: Tenant, engine: TurnEngine, started: StartedTurn, held: HeldTurn) -> AskResult:
    """Find, write, store; whatever happens, the turn is released and its feed ends."""
    feed, running = held.feed, engine.running
    answer = Answer(Draft(feed, ()), started.plan.candidates[0])
    with running.signals.announcing(held.session_id, held.holder):
        try:
            result = await _answer_or_tell(tenant, engine, started, answer, held)
        except BaseException as error:
            failure = TurnFailed(_told(error))
            try:
                await running.end(store_failure(tenant, started, held, failure))
            finally:
                feed.publish(failure)
            raise
        feed.publish(TurnCompleted(result))
    _improve_title(tenant, engine, started, result, answer.by)
    return result


async def _answer_or_tell(
    tenant: Tenant, engine: TurnEngine, started: StartedTurn, answer: Answer, held: HeldTurn
) -> AskResult:
    """Answer; a turn that was lost to a later question says so, as its retry will."""
    try:
        with _told_with_session(held.session_id):
            return await _answer_and_store(tenant, engine, started, answer, held)
    except TurnLostError:
        with suppress(UnavailableError):
            await refuse_if_superseded(tenant, started.state.id, started.question)
        raise


async def _answer_and_store(
    tenant: Tenant, engine: TurnEngine, started: StartedTurn, answer: Answer, held: HeldTurn
) -> AskResult:
    task = Task(held.session_id, started.question, started.scope, started.plan, engine.embedder)
    async with engine.running.heartbeat.holding(held):
        await held.unless_stopped(write_answer(tenant, engine.searcher, held.feed, task, answer))
    if held.is_cancelled:
        answer.draft.finish_early("cancelled")
    try:
        return await store_answer(tenant, started, answer, held)
    except MissingParentError:  # a recording went this instant: without its sources, then
        return await store_answer(tenant, started, answer, held)


def _improve_title(tenant: Tenant, engine: TurnEngine, started: StartedTurn, result: AskResult, by: Candidate) -> None:
    writer = by.model.writer
    if engine.improves_titles and started.question.ordinal == 0 and writer is not None:
        engine.running.also(improve_title(tenant, started.state.id, writer, started.question, result.message))


# ---- failure ---------------------------------------------------------------------------------------


def _told(error: BaseException) -> EarmarkError:
    """Return what readers of the stream are told; a bug is logged here, since no request may be waiting for it."""
    if isinstance(error, EarmarkError):
        return error
    log.error("turn.failed", error=type(error).__name__, trace=frames_of(error))
    return EarmarkError("Internal error.")


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
