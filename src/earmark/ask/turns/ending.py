"""How a turn ends in the database: with its answer, the old one, or its failure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from earmark.ask import queries
from earmark.ask.answers.feed import TurnCompleted, TurnFailed
from earmark.ask.answers.generation import Answer, Plan
from earmark.ask.errors import TurnLostError
from earmark.ask.sessions.messages import insert_message, insert_sources, join_text, with_sources
from earmark.ask.sessions.scopes import ScopeNow
from earmark.ask.sessions.sessions import get_state
from earmark.ask.sessions.word_index import forget_words
from earmark.ask.turns.counters import count_messages
from earmark.ask.turns.held_turn import HeldTurn
from earmark.ask.turns.log import append_events, forget_events
from earmark.ask.turns.queue import release_turn
from earmark.ask.turns.usage import count_answer
from earmark.ask.types import AskResult, Message, SessionState, Source, Tokens, to_source
from earmark.clock import now_us
from earmark.errors import NotFoundError, UnavailableError
from earmark.ids import new_id
from earmark.jobs.outbox import emit
from earmark.library.recordings import find_recordings
from earmark.llm.types import Finished
from earmark.retrieval.types import ChunkHit
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class StartedTurn:
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


async def store_answer(tenant: Tenant, started: StartedTurn, answer: Answer, held: HeldTurn) -> AskResult:
    """Store the answer with its sources and release the turn, in one unit of work.

    Raises: TurnLostError; MissingParentError if a recording it quotes goes this instant.
    """
    replaces = started.replaces
    if replaces is not None and held.is_cancelled and answer.draft.is_blank:
        return await _leave_old_answer(tenant, started, replaces, held)
    async with tenant.writing(is_urgent=True) as work:
        state = await get_state(work, started.state.id, for_update=True)
        if not await release_turn(work, state.id, started.holder):
            raise TurnLostError
        if replaces is not None:
            await forget_words(work, state.end_user_id, state.id, replaces.ordinal)
            await work.execute(queries.delete_message_at, {"session_id": state.id, "ordinal": replaces.ordinal})
        message = _to_message(started, answer, max(now_us(), state.last_message_us))
        sources = await _living(work, answer.evidence.sources)
        await insert_message(work, state.id, state.end_user_id, message)
        await insert_sources(work, state.id, state.end_user_id, message.id, sources)
        await count_messages(work, state, messages=0 if replaces else 1, now=message.created_us, answer=message)
        await count_answer(work, state.end_user_id, message)
        result = AskResult(state.id, message, sources)
        await held.write_last(work, TurnCompleted(result))
        await _emit(work, "ask_turn.completed", started, _described(message))
    return result


def _described(answer: Message) -> dict[str, Any]:
    return {
        "message_id": answer.id, "provider": answer.provider, "model": answer.model,
        "finish_reason": answer.finish_reason, "answered": answer.answered,
    }  # fmt: skip


async def _emit(work: Tenant, type_: str, started: StartedTurn, more: dict[str, Any]) -> None:
    """Write the event of a turn's end in its unit of work."""
    state = started.state
    data = {"session_id": state.id, "user_message_id": started.question.id, **more}
    await emit(work, type_, end_user_id=state.end_user_id, subject_id=state.id, data=data)


async def _leave_old_answer(tenant: Tenant, started: StartedTurn, old: Message, held: HeldTurn) -> AskResult:
    """A new answer cancelled before its first word leaves the old one where it is."""
    async with tenant.writing() as work:
        if not await release_turn(work, started.state.id, started.holder):
            raise TurnLostError
        result = await with_sources(work, started.state.id, old)
        await held.write_last(work, TurnCompleted(result))
    return result


def _to_message(started: StartedTurn, answer: Answer, now: int) -> Message:
    draft, by = answer.draft, answer.by
    finished = draft.finished or Finished()
    tokens = Tokens(finished.input_tokens, finished.output_tokens, finished.cached_tokens)
    return Message(
        new_id("msg"), started.question.ordinal + 1, "assistant", join_text(draft.parts), tuple(draft.parts),
        by.model.model, by.provider, finished.finish_reason, now, tokens, draft.answered, draft.dropped_citations,
    )  # fmt: skip


async def _living(work: Tenant, sources: Sequence[ChunkHit]) -> tuple[Source, ...]:
    """Return the sources but those whose recording was deleted while the model wrote."""
    ids = {hit.recording_id for hit in sources}
    living = {recording.id: recording for recording in await find_recordings(work, sorted(ids))} if ids else {}
    return tuple(to_source(hit) for hit in sources if hit.recording_id in living)


async def store_failure(tenant: Tenant, started: StartedTurn, held: HeldTurn, failure: TurnFailed) -> None:
    """Release a failed turn; its start and its failure are stored, none of its words."""
    events = held.feed.events
    with suppress(UnavailableError, NotFoundError):
        async with tenant.writing() as work:
            if await release_turn(work, started.state.id, started.holder):
                await forget_events(work, started.state.id, started.question.id)
                await append_events(work, started.place, 1, events[:1])
                await append_events(work, started.place, len(events) + 1, [failure])
                await _emit(work, "ask_turn.failed", started, {"code": failure.error.code})
