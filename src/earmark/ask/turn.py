"""A question's way to a cited answer. Read it top to bottom.

1. The session is read through the caller's handle: a foreign one does not exist.
2. What it may look at now is resolved; a session about deleted things is refused before anything is stored.
3. When the session's turn is ours, the question is stored with the session's counters, in one unit of work.
   A question that waits for its answer is a lawful state; sending it again answers it.
4. The question is made self-contained from recent turns.
5. Retrieval returns ranked moments; their segments are numbered.
6. The model writes, citing numbers; numbers become (recording, millisecond) here and nowhere else.
7. The answer, its parts and sources and the session's counters are stored in one unit of work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from earmark.ask import queries
from earmark.ask.errors import AnswerFailedError, MessageNotFoundError, NotLastTurnError, TurnLostError
from earmark.ask.evidence import Evidence, PartsBuilder, gather_evidence
from earmark.ask.followups import make_standalone
from earmark.ask.messages import (
    MessagePage,
    dump_parts,
    find_last_message,
    get_message,
    insert_message,
    insert_sources,
    join_text,
    list_messages,
)
from earmark.ask.scopes import ScopeNow, load_scope, resolve_scope
from earmark.ask.sessions import get_state, set_title
from earmark.ask.titles import title_from_question
from earmark.ask.turn_queue import new_holder, release_turn, renewing, start_in_order, take_turn
from earmark.ask.types import AskResult, Message, Question, SessionState, TextPart, Tokens
from earmark.clock import now_us
from earmark.errors import ProviderError
from earmark.ids import new_id
from earmark.library.recordings import find_recordings, get_recordings
from earmark.llm.providers import Providers
from earmark.llm.types import AnswerModel, AnswerRequest, PastTurn
from earmark.retrieval.search import Searcher
from earmark.retrieval.types import ChunkHit
from earmark.storage.tenant import Tenant

_HISTORY_MESSAGES = 12


@dataclass(frozen=True, slots=True)
class TurnEngine:
    """What every turn needs."""

    searcher: Searcher
    providers: Providers
    wait_s: float = 60.0


@dataclass(frozen=True, slots=True)
class _Started:
    """A turn whose question is stored."""

    state: SessionState
    holder: str
    question: Message
    model: AnswerModel


async def send(tenant: Tenant, engine: TurnEngine, session_id: str, question: Question) -> AskResult:
    """Answer a question in a session.

    Raises: SessionNotFoundError, UnknownProviderError, RecordingNotFoundError (context_refs),
        RecordingGoneError, TranscriptionNotReadyError, TurnWaitedTooLongError: nothing is stored;
        AnswerFailedError: the question is stored and waits for an answer.
    """
    tenant = await _narrow(tenant, session_id)
    model = engine.providers.choose(question.provider)
    if question.context_recording_ids:
        await get_recordings(tenant, tuple(dict.fromkeys(question.context_recording_ids)), param="context_refs")
    holder = new_holder()

    async def start(work: Tenant, state: SessionState) -> tuple[_Started, ScopeNow]:
        scope = await resolve_scope(work, load_scope(state.scope_json), question.context_recording_ids)
        message = await _store_question(work, state, question.content)
        await take_turn(work, session_id, holder, message.id)
        return _Started(state, holder, message, model), scope

    started, scope = await start_in_order(tenant, session_id, holder, start, wait_s=engine.wait_s)
    return await _run(tenant, engine, started, scope, replaces=None)


async def regenerate(
    tenant: Tenant, engine: TurnEngine, session_id: str, user_message_id: str, provider: str | None
) -> AskResult:
    """Answer the last question again; the old answer stays until the new one is stored.

    Raises: as `send`; MessageNotFoundError; NotLastTurnError.
    """
    tenant = await _narrow(tenant, session_id)
    model = engine.providers.choose(provider)
    holder = new_holder()

    async def start(work: Tenant, state: SessionState) -> tuple[_Started, ScopeNow, Message | None]:
        question, answer = await _last_turn(work, session_id, user_message_id)
        scope = await resolve_scope(work, load_scope(state.scope_json), ())
        await take_turn(work, session_id, holder, question.id)
        return _Started(state, holder, question, model), scope, answer

    started, scope, answer = await start_in_order(tenant, session_id, holder, start, wait_s=engine.wait_s)
    return await _run(tenant, engine, started, scope, replaces=answer)


async def _narrow(tenant: Tenant, session_id: str) -> Tenant:
    state = await get_state(tenant, session_id)
    return tenant.acting_for(state.end_user_id, state.end_user_no)


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


async def _store_question(work: Tenant, state: SessionState, content: str) -> Message:
    """Store the question, or find it: the same text as an unanswered last message is a retry of it."""
    last = await find_last_message(work, state.id)
    if last is not None and last.role == "user" and last.content == content:
        return last
    parts = [TextPart(content)]
    now = max(now_us(), state.last_message_us)
    message = Message(
        new_id("msg"),
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


async def _count(
    work: Tenant, state: SessionState, *, messages: int, now: int, model: AnswerModel | None = None
) -> None:
    """Move the session's counters and activity, here and where recordings list their sessions."""
    changed = {
        "session_id": state.id,
        "new_message_count": state.message_count + messages,
        "new_last_message_us": now,
        "new_updated_us": max(now, state.updated_us),
        "new_last_model": model.model if model else None,
        "new_last_provider": model.provider if model else None,
    }
    await work.execute(queries.update_session_counters, changed)
    if state.scope_type in ("recording", "selected"):
        await work.execute(queries.update_session_recordings_activity, changed)


# ---- answering -------------------------------------------------------------------------------------


async def _run(
    tenant: Tenant, engine: TurnEngine, started: _Started, scope: ScopeNow, *, replaces: Message | None
) -> AskResult:
    """Find, write, store; whatever happens, the turn is let go."""
    session_id = started.state.id
    try:
        async with renewing(tenant, session_id, started.holder):
            evidence, builder = await _answer(tenant, engine, started, scope)
        return await _store_answer(tenant, started, evidence, builder, replaces)
    except ProviderError as error:
        await asyncio.shield(_let_go(tenant, started))
        raise AnswerFailedError(error.message, session_id) from error
    except BaseException:
        await asyncio.shield(_let_go(tenant, started))
        raise


async def _let_go(tenant: Tenant, started: _Started) -> None:
    async with tenant.writing() as work:
        await release_turn(work, started.state.id, started.holder)


async def _answer(
    tenant: Tenant, engine: TurnEngine, started: _Started, scope: ScopeNow
) -> tuple[Evidence, PartsBuilder]:
    history = await _history(tenant, started)
    standalone = make_standalone(started.question.content, history)
    evidence = await gather_evidence(tenant, engine.searcher, scope, standalone)
    request = AnswerRequest(
        started.question.content, standalone, None, history, evidence.hits, evidence.passages,
        evidence.is_whole_transcript,
    )  # fmt: skip
    builder = PartsBuilder(evidence.passages, keeps_deltas=started.model.provider == "earmark")
    async for event in started.model.answer(request):
        builder.add(event)
    return evidence, builder


async def _history(tenant: Tenant, started: _Started) -> list[PastTurn]:
    page = MessagePage(limit=_HISTORY_MESSAGES, is_descending=True)
    newest = await list_messages(tenant, started.state.id, page)
    earlier = [message for message in reversed(newest) if message.ordinal < started.question.ordinal]
    return [PastTurn(message.role, message.content) for message in earlier]


async def _store_answer(
    tenant: Tenant, started: _Started, evidence: Evidence, builder: PartsBuilder, replaces: Message | None
) -> AskResult:
    async with tenant.writing() as work:
        state = await get_state(work, started.state.id, for_update=True)
        if not await release_turn(work, state.id, started.holder):
            raise TurnLostError
        if replaces is not None:
            params = {"session_id": state.id, "ordinal": replaces.ordinal}
            await work.execute(queries.delete_message_at, params)
        answer = _to_message(started, builder, max(now_us(), state.last_message_us))
        await insert_message(work, state.id, state.end_user_id, answer)
        await insert_sources(work, state.id, state.end_user_id, answer.id, await _living(work, evidence.sources))
        added = 0 if replaces is not None else 1
        await _count(work, state, messages=added, now=answer.created_us, model=started.model)
    return AskResult(state.id, answer, evidence.sources)


def _to_message(started: _Started, builder: PartsBuilder, now: int) -> Message:
    finished = builder.finished
    assert finished is not None
    tokens = Tokens(finished.input_tokens, finished.output_tokens, finished.cached_tokens)
    return Message(
        new_id("msg"), started.question.ordinal + 1, "assistant", join_text(builder.parts),
        dump_parts(builder.parts), started.model.model, started.model.provider, finished.finish_reason, now, tokens,
    )  # fmt: skip


async def _living(work: Tenant, sources: Sequence[ChunkHit]) -> list[ChunkHit]:
    """Leave out sources whose recording was deleted while the model wrote."""
    ids = {hit.recording_id for hit in sources}
    living = {recording.id for recording in await find_recordings(work, sorted(ids))} if ids else set()
    return [hit for hit in sources if hit.recording_id in living]
