"""What an end user's caller is answered costs the same whatever other end users have: neither work nor time tells."""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from earmark.api.edge.app import create_app
from earmark.ask.sessions import title_index, word_index
from earmark.ask.sessions.messages import insert_message
from earmark.ask.sessions.sessions import create_session
from earmark.ask.types import Message, Scope, Session, TextPart, Tokens
from earmark.clock import now_us
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.ids import new_id
from earmark.library import folders, transcripts
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.library.types import Recording, Transcription
from earmark.runtime import Runtime
from earmark.sharing.links import create_share
from earmark.sharing.types import Wanted as ToShare
from earmark.storage.query import Compiled
from earmark.storage.sqlite_connections import bind
from earmark.storage.tenant import Tenant
from earmark.summaries.built_in_templates import GENERAL_NOTES
from earmark.summaries.summaries import store_summary
from earmark.summaries.types import Citation, Wanted, Written
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.jobs.running import run_waiting
from tests.server import Place, running

WORD = "lantern"
ONE_ROW = 8
"""The steps of SQLite's machine for one row that is found by its id and is somebody else's."""
OWN_ROWS = 30
"""The caller's rows, which PostgreSQL may find by another index or in another order; the neighbour has twice as many."""


@dataclass
class Neighbour:
    """The ids of another end user's objects; of nobody's, where there is no other."""

    recording: str = "rec_absent"
    folder: str = "fld_absent"
    session: str = "as_absent"
    transcription: str = "txn_absent"
    summary: str = "sum_absent"
    share: str = "shr_absent"


@dataclass
class World:
    """A caller of one end user, beside another who has much or beside none."""

    key: str
    neighbour: Neighbour = field(default_factory=Neighbour)


@dataclass(frozen=True)
class Ask:
    """One request, whose answer has nothing of another end user."""

    name: str
    path: str
    params: Callable[[Neighbour], dict[str, Any]] = lambda _: {}
    body: Callable[[Neighbour], dict[str, Any]] | None = None

    def request(self, world: World) -> dict[str, Any]:
        there = world.neighbour
        path = self.path.format(**vars(there))
        if self.body is not None:
            return {"method": "POST", "url": path, "json": self.body(there)}
        return {"method": "GET", "url": path, "params": self.params(there)}


ASKS = [
    Ask("sessions", "/v1/ask/sessions"),
    Ask("title search", "/v1/ask/sessions", lambda _: {"q": WORD}),
    Ask("title search for part of a word", "/v1/ask/sessions", lambda _: {"q": WORD[1:5]}),
    Ask("title search for one letter", "/v1/ask/sessions", lambda _: {"q": WORD[0]}),
    Ask("title search of a kind", "/v1/ask/sessions", lambda _: {"q": WORD, "scope_type": "library"}),
    Ask("sessions of a recording", "/v1/ask/sessions", lambda there: {"recording_id": there.recording}),
    Ask("recordings", "/v1/recordings"),
    Ask("recordings by name", "/v1/recordings", lambda _: {"q": WORD}),
    Ask("recordings in a folder", "/v1/recordings", lambda there: {"folder_id": there.folder}),
    Ask("transcriptions", "/v1/transcriptions"),
    Ask("transcriptions of a recording", "/v1/transcriptions", lambda there: {"recording_id": there.recording}),
    Ask("folders", "/v1/folders"),
    Ask("end users", "/v1/end-users"),
    Ask("search", "/v1/recordings/search", body=lambda _: {"query": WORD}),
    Ask("search in recordings that are not theirs", "/v1/recordings/search",
        body=lambda there: {"query": WORD, "recording_ids": [there.recording]}),
    Ask("search in a folder that is not theirs", "/v1/recordings/search",
        body=lambda there: {"query": WORD, "folder_id": there.folder}),
    Ask("a chat about a recording that is not theirs", "/v1/ask/sessions",
        body=lambda there: {"scope": {"type": "recording", "recording_id": there.recording}}),
    Ask("a session that is not theirs", "/v1/ask/sessions/{session}"),
    Ask("messages of a session that is not theirs", "/v1/ask/sessions/{session}/messages"),
    Ask("a recording that is not theirs", "/v1/recordings/{recording}"),
    Ask("a folder that is not theirs", "/v1/folders/{folder}/recordings"),
    Ask("a transcription that is not theirs", "/v1/transcriptions/{transcription}"),
    Ask("a transcript's export that is not theirs", "/v1/transcriptions/{transcription}/export"),
    Ask("a transcript's history that is not theirs", "/v1/transcriptions/{transcription}/history"),
    Ask("a chat's export that is not theirs", "/v1/ask/sessions/{session}/export"),
    Ask("a summary that is not theirs", "/v1/summaries/{summary}"),
    Ask("a share that is not theirs", "/v1/shares/{share}"),
    Ask("recordings where somebody speaks", "/v1/recordings", lambda _: {"speaker": WORD}),
    Ask("search for what somebody says", "/v1/recordings/search", body=lambda _: {"query": WORD, "speaker": WORD}),
    Ask("speakers", "/v1/speakers"),
    Ask("speakers of a name", "/v1/speakers", lambda _: {"name": WORD}),
    Ask("chats in which a word occurs", "/v1/ask/search", lambda _: {"q": WORD}),
    Ask("starters", "/v1/ask/suggestions"),
    Ask("summaries", "/v1/summaries"),
    Ask("summaries of a recording", "/v1/summaries", lambda there: {"recording_id": there.recording}),
    Ask("decisions", "/v1/summary-items", lambda _: {"kind": "decision"}),
    Ask("decisions of somebody", "/v1/summary-items", lambda _: {"kind": "decision", "speaker": WORD}),
    Ask("shares", "/v1/shares"),
    Ask("shares of a recording", "/v1/shares", lambda there: {"recording_id": there.recording}),
]  # fmt: skip


# ---- two worlds ------------------------------------------------------------------------------------


def _parsed(word: str) -> ParsedTranscript:
    return ParsedTranscript((Segment(0, 1_000, f"The {word} was lit.", word),), "en")


async def _say(work: Tenant, session: Session, text: str) -> None:
    """Put a message into a chat."""
    said = Message(new_id("msg"), 1, "assistant", text, (TextPart(text),), None, None, "stop", now_us(), Tokens())
    await insert_message(work, session.id, session.end_user_id, said)


async def _summarise(owner: Tenant, one: Transcription, word: str) -> str:
    moment = Citation(one.recording_id, 0, 1_000, f"The {word} was lit.")
    written = Written({"decisions": [moment.quote]}, {"/decisions/0": [moment]}, None, "extractive")
    return (await store_summary(owner, one.id, Wanted(GENERAL_NOTES), written)).id


async def _owner(tenant: Tenant) -> Tenant:
    user = await create_end_user(tenant)
    return tenant.acting_for(user.id, user.number)


async def _have(runtime: Runtime, owner: Tenant, title: str, sessions: int, others: int) -> Neighbour:
    """Give an end user sessions, recordings in a folder, and a recording with many transcriptions."""
    folder = await folders.create_folder(owner, f"{title} folder")
    first: Recording | None = None
    for number in range(others):
        recording = await create_recording(owner, name=f"{title} {number}")
        await folders.add_to_folder(owner, folder.id, recording.id)
        transcription, _ = await runtime.ingester.put_transcript(owner, recording.id, _parsed(title))
        summary = await _summarise(owner, transcription, title)
        first = first or recording
    assert first is not None
    async with owner.writing() as work:
        for _ in range(others):
            waiting = await transcripts.insert_transcript(work, first, _parsed(title), status="processing")
        made = [await create_session(work, Scope("library"), title=f"{title} {number}") for number in range(sessions)]
        named = Scope("recording", (first.id,))
        made += [await create_session(work, named, title=f"{title} {number}") for number in range(sessions)]
        for session in made:
            await _say(work, session, f"The {title} was lit.")
    share, _ = await create_share(owner, ToShare(recording_id=first.id), maker="key_of_nobody")
    return Neighbour(first.id, folder.id, made[0].id, waiting.id, summary, share.id)


async def make_world(runtime: Runtime, *, is_shared: bool, own: int, theirs: int) -> World:
    """Make a project with one end user and, if shared, another whose titles, names and words are what is asked for."""
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "one of two")).id, "live")
    owner = await _owner(tenant)
    assert owner.key.end_user_no is not None
    key = await create_key(tenant, end_user=(str(owner.end_user_id), owner.key.end_user_no))
    await _have(runtime, owner, "ordinary", own, 3)
    world = World(key.secret)
    if is_shared:
        world.neighbour = await _have(runtime, await _owner(tenant), WORD, theirs, 60)
    await run_waiting(runtime, tenant, title_index.INDEX_TITLES)
    await run_waiting(runtime, tenant, f"{word_index.INDEX_MESSAGES}:{owner.end_user_id}")
    return world


# ---- work ------------------------------------------------------------------------------------------

_run: ContextVar[list[tuple[Compiled, list[Any]]] | None] = ContextVar("_run", default=None)


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements and their arguments go to the list of the request that runs them."""
    arguments = Compiled.arguments

    def note(compiled: Compiled, *params: Any) -> list[Any]:
        args = arguments(compiled, *params)
        run = _run.get()
        if run is not None:
            run.append((compiled, args))
        return args

    monkeypatch.setattr(Compiled, "arguments", note)


def steps_of(file: sqlite3.Connection, compiled: Compiled, args: Sequence[Any]) -> int:
    """Return how many steps SQLite's machine takes for a statement."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    file.execute(compiled.sql, bind(compiled, args)).fetchall()  # the first one reads the schema
    file.set_progress_handler(count, 1)
    file.execute(compiled.sql, bind(compiled, args)).fetchall()
    file.set_progress_handler(None, 1)
    return steps


async def rows_of(connection: asyncpg.Connection, compiled: Compiled, args: Sequence[Any]) -> int:
    """Return how many rows PostgreSQL looks at for a statement, those that it then leaves out included."""
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")  # which it prefers in tables of a page
        tenant_id = str(args[compiled.names.index("tenant_id")]) if "tenant_id" in compiled.names else ""
        await connection.execute("SELECT set_config('earmark.tenant_id', $1, true)", tenant_id)
        told = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {compiled.sql}", *args)

    def count(node: dict[str, Any]) -> float:
        removed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck", "Join Filter"))
        below = sum(map(count, node.get("Plans", ())))
        return (node["Actual Rows"] + removed) * node["Actual Loops"] + below

    return round(count(json.loads(told)[0]["Plan"]))


async def _statements(client: httpx.AsyncClient, world: World, ask: Ask) -> list[tuple[Compiled, list[Any]]]:
    run: list[tuple[Compiled, list[Any]]] = []
    headers = {"Authorization": f"Bearer {world.key}"}
    for is_counted in (False, True):  # the first one may fill caches
        _run.set(run if is_counted else None)
        answer = await client.request(**ask.request(world), headers=headers)
        assert answer.status_code in (200, 404), answer.text
        assert WORD not in answer.text
    _run.set(None)
    return run


@pytest.mark.usefixtures("noted")
def test_a_callers_statements_and_their_steps_are_the_same_beside_a_neighbour_and_beside_none(
    fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(title_index, "BLOCK", 16)
    monkeypatch.setattr(title_index, "_REACH", 5)
    monkeypatch.setattr(word_index, "BLOCK", 16)

    async def build(runtime: Runtime) -> list[World]:
        return [await make_world(runtime, is_shared=is_shared, own=10, theirs=60) for is_shared in (True, False)]

    worlds = fresh_place.run(build)

    async def ask_all() -> dict[str, list[list[tuple[Compiled, list[Any]]]]]:
        limits = {"rate_limit_overall": 0}  # counting requests sometimes queries the database
        app = create_app(fresh_place.settings.model_copy(update=limits))
        async with (
            app.opened(),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
        ):
            return {ask.name: [await _statements(client, world, ask) for world in worlds] for ask in ASKS}

    pairs = []
    for name, (beside, alone) in asyncio.run(ask_all()).items():
        assert [one.sql for one, _ in beside] == [one.sql for one, _ in alone], name
        pairs += [(name, compiled, args, others) for (compiled, args), (_, others) in zip(beside, alone, strict=True)]
    assert len(pairs) >= len(ASKS)
    for name, compiled, work in asyncio.run(_work_of(fresh_place, pairs)):
        beside_steps, alone_steps = work
        if fresh_place.database_url is None:
            assert abs(beside_steps - alone_steps) <= ONE_ROW, (name, work, compiled.sql)
        else:
            assert beside_steps <= 2 * alone_steps + OWN_ROWS, (name, work, compiled.sql)


Pair = tuple[str, Compiled, list[Any], list[Any]]


async def _work_of(place: Place, pairs: list[Pair]) -> list[tuple[str, Compiled, tuple[int, int]]]:
    """Return, for each statement, the work that it takes beside a neighbour and beside none."""
    if place.database_url is None:
        with closing(sqlite3.connect(place.data_dir / "earmark.db")) as file:
            return [
                (name, compiled, (steps_of(file, compiled, args), steps_of(file, compiled, others)))
                for name, compiled, args, others in pairs
            ]
    owner = await asyncpg.connect(place.owner_url)
    await owner.execute("ANALYZE")  # as autovacuum does sooner or later
    await owner.close()
    connection = await asyncpg.connect(place.database_url)
    try:
        return [
            (name, compiled, (await rows_of(connection, compiled, args), await rows_of(connection, compiled, others)))
            for name, compiled, args, others in pairs
        ]
    finally:
        await connection.close()


# ---- time ------------------------------------------------------------------------------------------

SAMPLES = 400
SHARE, LEAST_MS = 0.1, 0.15
"""How far apart two times may be: a tenth, or .15 ms. Title search was apart by four times."""
CONFIDENCE_Z = 2.58
"""Standard deviations of the binomial distribution that hold 99 % of it."""


def _time_ms(client: httpx.Client, world: World, ask: Ask) -> float:
    request = ask.request(world)
    began_s = time.perf_counter()
    client.request(**request, headers={"Authorization": f"Bearer {world.key}"})
    return (time.perf_counter() - began_s) * 1_000


@pytest.fixture(scope="module")
def timed(new_place: Callable[[], Place]) -> Iterator[tuple[httpx.Client, list[World]]]:
    """A server with two full blocks of a neighbour's titles, and a caller beside it and one beside nobody."""
    place = new_place()

    async def build(runtime: Runtime) -> list[World]:
        return [await make_world(runtime, is_shared=is_shared, own=50, theirs=4_200) for is_shared in (True, False)]

    worlds = place.run(build)
    with running(place) as server, server.client() as client:
        yield client, worlds


def interval_of_median(values: Sequence[float]) -> tuple[float, float]:
    """Return the 99 % confidence interval of the median, by order statistics (no distribution is assumed)."""
    ordered, half = sorted(values), CONFIDENCE_Z * math.sqrt(len(values)) / 2
    middle = len(values) / 2
    return ordered[math.floor(middle - half)], ordered[min(math.ceil(middle + half), len(values) - 1)]


def test_an_interval_of_the_median_is_where_the_binomial_distribution_says() -> None:
    assert interval_of_median(range(400)) == (174, 226)


@pytest.mark.slow
@pytest.mark.parametrize("ask", ASKS, ids=lambda one: one.name)
def test_a_callers_answers_take_as_long_beside_a_neighbour_as_beside_none(
    timed: tuple[httpx.Client, list[World]], ask: Ask
) -> None:
    """Samples alternate, so that whatever else the machine does meets both of a pair alike.

    The bound holds for the whole confidence interval of the median difference of a pair: too few or too noisy samples
    fail it too.
    """
    client, worlds = timed
    for _ in range(20):
        for world in worlds:
            _time_ms(client, world, ask)
    pairs: list[tuple[float, float]] = []
    for number in range(SAMPLES):
        order = worlds if number % 2 else worlds[::-1]
        pair = [_time_ms(client, world, ask) for world in order]
        pairs.append((pair[0], pair[1]) if number % 2 else (pair[1], pair[0]))
    low, high = interval_of_median([beside - alone for beside, alone in pairs])
    most_ms = max(SHARE * statistics.median(alone for _, alone in pairs), LEAST_MS)
    assert max(-low, high) <= most_ms, f"beside a neighbour {low:.2f} to {high:.2f} ms longer; at most {most_ms:.2f}"
