"""Answer generation: chooses providers, gathers evidence, collects a model's output."""

from __future__ import annotations

from dataclasses import dataclass, field

from earmark.answers.features import SentenceEmbedder
from earmark.answers.subjects import subject_of
from earmark.ask.answers.draft import Draft
from earmark.ask.answers.evidence import Evidence, Transcript, gather_evidence, read_transcript
from earmark.ask.answers.feed import SourcesFound, TurnFeed
from earmark.ask.answers.followups import make_standalone
from earmark.ask.answers.supported import supported
from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.scopes import ScopeNow, resolve_scope
from earmark.ask.types import Message, Question, Scope, to_source
from earmark.errors import NotFoundError, ProviderError
from earmark.library.end_users import get_end_user
from earmark.library.types import Recording
from earmark.llm.errors import ContextTooLargeError, ModelFailedError
from earmark.llm.providers import Candidate, Providers
from earmark.llm.types import AnswerRequest, PastTurn
from earmark.retrieval.index.analysis import terms_of_name
from earmark.retrieval.search import Searcher
from earmark.storage.tenant import Tenant

_HISTORY_MESSAGES = 40
_TRIES_FOR_WORDS = 2
_EVIDENCE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """The models that may answer, in order, and whether a `recording` scope is passed whole.

    `transcript` is what had to be read of it to know that, so that it is not read again.
    """

    candidates: tuple[Candidate, ...]
    is_whole: bool = True
    transcript: Transcript | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A question to answer, and its scope. `embedder` helps to check an outside model's citations."""

    session_id: str
    question: Message
    scope: ScopeNow
    plan: Plan
    embedder: SentenceEmbedder | None = None


@dataclass(slots=True)
class Answer:
    """The result so far: the text, its model and its evidence."""

    draft: Draft
    by: Candidate
    evidence: Evidence = field(default_factory=lambda: Evidence((), (), is_whole_transcript=False))


async def plan_answer(
    tenant: Tenant,
    providers: Providers,
    scope: Scope,
    question: Question,
    *,
    may_retrieve: bool,
    recording: Recording | None = None,
) -> Plan:
    """Choose the models that may answer; in `recording` scope, those that fit the transcript.

    `recording` is the one of that scope, where it has just been read.

    Raises: UnknownProviderError; ContextTooLargeError if none fits and the setting forbids retrieval;
        what `resolve_scope` raises.
    """
    candidates = providers.choose(question.provider, tenant.key.project_id)
    if scope.type != "recording" or all(one.model.context_tokens is None for one in candidates):
        return Plan(candidates)
    recording = recording or await _only_recording(tenant, scope)
    transcript = await read_transcript(tenant, recording, scope.speaker)
    request = AnswerRequest(
        question.content, question.content, None, (), (), transcript.passages, is_whole_transcript=True
    )
    fitting = [one for one in candidates if await one.model.fits(request)]
    if fitting:
        return Plan(tuple(fitting), transcript=transcript)
    if may_retrieve:
        return Plan(candidates, is_whole=False)
    raise ContextTooLargeError(candidates[0].provider)


async def _only_recording(tenant: Tenant, scope: Scope) -> Recording:
    recordings = (await resolve_scope(tenant, scope, ())).recordings
    assert recordings is not None
    return recordings[0]


async def write_answer(tenant: Tenant, searcher: Searcher, feed: TurnFeed, task: Task, answer: Answer) -> None:
    """Gather the evidence and let the model write into `answer`, publishing every event.

    Raises: ProviderError or ContextTooLargeError when no model could answer.
    """
    asked = task.question
    history = await _history(tenant, task.session_id, asked)
    standalone = make_standalone(asked.content, history)
    answer.evidence = evidence = await gather_evidence(
        tenant, searcher, task.scope, standalone, is_whole=task.plan.is_whole, most_tokens=_room(task.plan),
        transcript=task.plan.transcript,
    )  # fmt: skip
    feed.publish(SourcesFound(tuple(map(to_source, evidence.sources))))
    needs_asker = evidence.whole or subject_of(asked.content) is not None
    request = AnswerRequest(
        asked.content, standalone, None, history, evidence.hits, evidence.passages, evidence.is_whole_transcript,
        evidence.whole, await _asker(tenant) if needs_asker else frozenset(),
    )  # fmt: skip
    answer.draft = Draft(feed, evidence.passages)
    await _ask_in_order(task, request, answer)


async def _asker(tenant: Tenant) -> frozenset[str]:
    """Return the terms of the end user's name, to resolve "I" in a question."""
    try:
        user = await get_end_user(tenant, tenant.end_user_id or "")
    except NotFoundError:  # erased meanwhile; the turn fails when it stores its answer
        return frozenset()
    return terms_of_name(user.name or user.external_id or "", None)


def _room(plan: Plan) -> int | None:
    """Return the largest evidence that fits every candidate, in tokens; None without a limit."""
    limits = [one.model.context_tokens for one in plan.candidates if one.model.context_tokens is not None]
    return int(min(limits) * _EVIDENCE_SHARE) if limits else None


async def _ask_in_order(task: Task, request: AnswerRequest, answer: Answer) -> None:
    """Try the candidates in order; fall back only while no text has been published."""
    candidates = task.plan.candidates
    for candidate in candidates:
        answer.by, answer.draft.quotes = candidate, candidate.model.quotes
        try:
            await _ask(candidate, request, answer.draft, task.embedder)
            return
        except (ProviderError, ContextTooLargeError):
            if candidate is candidates[-1] or answer.draft.parts:
                raise


async def _ask(candidate: Candidate, request: AnswerRequest, draft: Draft, embedder: SentenceEmbedder | None) -> None:
    """Ask one candidate; retry once if the answer is empty."""
    for _ in range(_TRIES_FOR_WORDS):
        events = candidate.model.answer(request)
        async for event in events if draft.quotes else supported(events, request.passages, draft, embedder):
            draft.add(event)
            if draft.is_full:
                draft.finish_early("length")
                break
        if not draft.is_blank or (draft.finished and draft.finished.finish_reason == "content_filter"):
            return
    raise ModelFailedError(candidate.provider, "gave an empty answer")


async def _history(tenant: Tenant, session_id: str, asked: Message) -> list[PastTurn]:
    page = MessagePage(limit=_HISTORY_MESSAGES, is_descending=True)
    newest = await list_messages(tenant, session_id, page)
    earlier = [message for message in reversed(newest) if message.ordinal < asked.ordinal]
    return [PastTurn(message.role, message.content) for message in earlier]
