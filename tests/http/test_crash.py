"""A server killed at random moments loses nothing acknowledged and leaves nothing half-written.

The long run is `bench/crash.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bench.crash import crash
from bench.recount import recount
from sqlalchemy import ColumnElement, bindparam, delete, update

from earmark.identity.projects import list_tenants
from earmark.runtime import Runtime
from earmark.storage.query import Guard, Query, query
from earmark.storage.tables import ask_messages, ask_sessions, chunks, postings, recordings
from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running


@pytest.mark.slow
def test_killed_at_random_moments_nothing_acknowledged_is_lost(fresh_place: Place) -> None:
    report = crash(fresh_place, kills=4, seed=3)
    assert report.faults == []
    assert (report.kills, report.acknowledged > 20, report.recounts) == (4, True, 1)


@pytest.fixture(scope="module")
def asked_place(new_place: Callable[[], Place]) -> Place:
    """A place with one answered question."""
    place = new_place()
    with running(place) as server:
        _ask(server)
    return place


def _ask(server: Server) -> None:
    with server.client(new_project(server.place).live) as client:
        library = Library(client)
        user = library.user()
        scope = {"type": "recording", "recording_id": library.recording(user, TALK)}
        body = {"scope": scope, "initial_message": {"content": "When is the launch?"}}
        assert client.post("/v1/ask/sessions", json=body).status_code == 200


@query
def _miscount(own: Guard) -> Any:
    return update(ask_sessions).where(own(ask_sessions)).values(message_count=ask_sessions.c.message_count + 1)


@query
def _take_parts(own: Guard) -> Any:
    is_answer: ColumnElement[bool] = ask_messages.c.role == "assistant"
    return update(ask_messages).where(own(ask_messages), is_answer).values(parts_json="[]")


@query
def _take_model(own: Guard) -> Any:
    is_answer: ColumnElement[bool] = ask_messages.c.role == "assistant"
    return update(ask_messages).where(own(ask_messages), is_answer).values(model=None)


@query
def _renumber(own: Guard) -> Any:
    is_answer: ColumnElement[bool] = ask_messages.c.role == "assistant"
    return update(ask_messages).where(own(ask_messages), is_answer).values(ordinal=7)


@query
def _lose_postings(own: Guard) -> Any:
    return delete(postings).where(own(postings), postings.c.term == bindparam("term"))


@query
def _lose_chunks(own: Guard) -> Any:
    return delete(chunks).where(own(chunks))


@query
def _unlist_transcript(own: Guard) -> Any:
    return update(recordings).where(own(recordings)).values(transcription_id=None)


DAMAGES = [_miscount, _take_parts, _take_model, _renumber, _lose_postings, _lose_chunks, _unlist_transcript]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.name)
def test_a_recount_detects_damage(asked_place: Place, damage: Query) -> None:
    async def work(runtime: Runtime) -> tuple[list[str], list[str]]:
        before = await recount(runtime)
        for tenant in await list_tenants(runtime.operator):
            async with tenant.writing() as unit:
                await unit.execute(damage, {"term": "launch"})
        return before, await recount(runtime)

    before, after = asked_place.run(work)
    assert len(after) > len(before)
