"""A real database with one person's library, and a scripted fake model."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.sessions import create_session, get_state
from earmark.ask.turns.opening import NewSession, begin_new_session
from earmark.ask.turns.queue import is_running
from earmark.ask.turns.turn import TurnEngine, begin_regenerate, begin_send
from earmark.ask.types import AskResult, Message, Question, Scope, Session, SessionState
from earmark.config import Settings
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.library.types import Recording
from earmark.llm.providers import Providers
from earmark.llm.types import AnswerEvent, AnswerRequest, Finished, TextDelta
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.index.ingest import Ingester
from earmark.retrieval.index.vector_cache import VectorCache
from earmark.retrieval.search import Searcher
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment

TALK = (
    Segment(0, 4_200, "Let's talk about the launch of the lantern.", "Ada"),
    Segment(4_500, 9_000, "I propose that we move the launch to the ninth of June.", "Grace"),
    Segment(9_200, 12_000, "Agreed, the launch is on the ninth of June.", "Ada"),
)
QUESTION = "When is the launch of the lantern?"


class OneEmbedder:
    """A single embedder for everything."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder

    async def in_use(self) -> Embedder:
        return self.embedder

    async def find(self, name: str) -> Embedder | None:
        return self.embedder if name == self.embedder.name else None


class LetterEmbedder:
    """A fake encoder: texts of the same letters have similar vectors."""

    name = "letters"
    is_remote = False
    dimensions = 32

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        digest = hashlib.sha256(text.encode()).digest()
        vector = np.frombuffer(digest, np.uint8).astype(np.float32) - 127.5
        return vector / np.linalg.norm(vector)


class FakeModel:
    """Says `says`, after `meanwhile` has happened; counts how many answers are written at once.

    Args:
        says: events, an error to raise after those before it, or something to wait for.
        meanwhile: what happens while the model thinks.
    """

    provider = "fake"
    model = "fake-1"
    context_tokens: int | None = None
    quotes = False
    writer = None

    def __init__(self) -> None:
        self.says: Sequence[AnswerEvent | Exception | asyncio.Event] = (TextDelta("On the ninth of June."), Finished())
        self.meanwhile: Callable[[], Awaitable[Any]] = _nothing
        self.requests: list[AnswerRequest] = []
        self.at_once = 0
        self.most_at_once = 0

    async def fits(self, request: AnswerRequest) -> bool:
        return True

    async def answer(self, request: AnswerRequest) -> AsyncIterator[AnswerEvent]:
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.meanwhile()
            for event in self.says:
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, asyncio.Event):
                    await event.wait()
                    continue
                yield event
        finally:
            self.at_once -= 1


async def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Desk:
    """One end user's handle, and a turn engine with a fake model."""

    runtime: Runtime
    tenant: Tenant
    engine: TurnEngine
    model: FakeModel
    ingester: Ingester

    async def recording(self, name: str = "Kick-off", talk: Sequence[Segment] = TALK) -> Recording:
        """Create a recording with a transcript."""
        recording = await create_recording(self.tenant, name=name)
        await self.ingester.put_transcript(self.tenant, recording.id, ParsedTranscript(tuple(talk), language="en"))
        return recording

    async def session(self, scope: Scope | None = None) -> Session:
        """Create an empty session, by default over the whole library."""
        return await create_session(self.tenant, scope or Scope("library"))

    async def messages(self, session_id: str) -> list[Message]:
        """Return all messages of a session, oldest first."""
        return await list_messages(self.tenant, session_id, MessagePage(limit=100))

    async def state(self, session_id: str) -> SessionState:
        """Return the session's state as turns read it."""
        return await get_state(self.tenant, session_id)

    async def until_running(self, session_id: str) -> SessionState:
        """Wait until a turn of the session is running."""
        async with asyncio.timeout(30):
            while not is_running(state := await self.state(session_id)) or not self.model.at_once:
                await asyncio.sleep(0.002)
        return state

    def waiting(self, wait_s: float) -> TurnEngine:
        """Return the same engine with another wait limit."""
        return replace(self.engine, wait_s=wait_s)


async def send(tenant: Tenant, engine: TurnEngine, session_id: str, question: Question) -> AskResult:
    """Send a question and wait for its answer."""
    return await (await begin_send(tenant, engine, session_id, question)).result()


async def ask_in_new_session(desk: Desk, wanted: NewSession, question: Question) -> AskResult:
    """Ask a first question and wait for its answer."""
    return await (await begin_new_session(desk.tenant, desk.engine, wanted, question)).result()


async def regenerate(desk: Desk, session_id: str, user_message_id: str) -> AskResult:
    """Have the last question answered again and wait for the new answer."""
    return await (await begin_regenerate(desk.tenant, desk.engine, session_id, user_message_id, None)).result()


@asynccontextmanager
async def another_process(settings: Settings, model: FakeModel, tenant: Tenant | None = None) -> AsyncIterator[Desk]:
    """Yield a desk on the same database, as another process would open it."""
    async with open_runtime(settings) as runtime:
        embedder = LetterEmbedder()
        searcher, ingester = Searcher(OneEmbedder(embedder), VectorCache(1_000_000)), Ingester(OneEmbedder(embedder))
        owner = Tenant(runtime.database, tenant.key) if tenant else await _new_owner(runtime)
        hearing = asyncio.create_task(runtime.database.listen())
        try:
            engine = TurnEngine(searcher, Providers([model]))
            yield Desk(runtime, owner, engine, model, ingester)
        finally:
            hearing.cancel()
            await engine.running.finish(0)
            await ingester.close()
            searcher.close()


async def _new_owner(runtime: Runtime) -> Tenant:
    project = await create_project(runtime.operator, "tests")
    whole = await get_tenant(runtime.operator, project.id, "live")
    user = await create_end_user(whole, external_id="ada")
    return whole.acting_for(user.id, user.number)
