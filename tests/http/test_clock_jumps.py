"""Two servers on one database whose wall clock jumps both ways while turns run and others wait for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http.conftest import TALK, Library, error_of
from tests.http.test_order import Clock
from tests.server import Place, Server, new_project, running

FURTHEST_S = 10 * 3_600
"""Two such jumps are less than a day: for so long an answer is kept for its Idempotency-Key."""
PAUSE_S = 0.5
"""How long the model takes: some looks of who waits."""
NO_LIMITS = settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock") / "shift")


@pytest.fixture(scope="module")
def servers(new_place: Any, clock: Clock) -> Iterator[list[Server]]:
    place: Place = new_place()
    command = [sys.executable, "-m", "tests.shifted_server", str(clock._file), str(PAUSE_S)]
    with running(place, command=command) as one, running(place, command=command) as other:
        yield [one, other]


@pytest.fixture(scope="module")
def clients(servers: list[Server]) -> Iterator[list[httpx.Client]]:
    key = new_project(servers[0].place).live
    with servers[0].client(key) as one, servers[1].client(key) as other:
        yield [one, other]


@pytest.fixture(scope="module")
def user(clients: list[httpx.Client]) -> str:
    library = Library(clients[0])
    found = library.user()
    library.recording(found, TALK)
    return found


def _ask(client: httpx.Client, session: str, content: str, key: str) -> httpx.Response:
    path = f"/v1/ask/sessions/{session}/messages"
    return client.post(path, json={"content": content}, headers={"Idempotency-Key": key})


def _jump_until(clock: Clock, jumps_s: list[int], asked: list[Future[httpx.Response]]) -> list[httpx.Response]:
    """Let the clock jump, a fifth of a second apart, while questions are answered."""
    for shift_s in jumps_s:
        clock.set(shift_s)
        wait(asked, timeout=0.2)
    return [one.result(timeout=60) for one in asked]


@NO_LIMITS
@given(jumps_s=st.lists(st.integers(-FURTHEST_S, FURTHEST_S), min_size=1, max_size=8))
def test_every_question_to_two_servers_is_answered_once_and_in_turn_whatever_the_clock_does(
    clients: list[httpx.Client], user: str, clock: Clock, jumps_s: list[int]
) -> None:
    session = Library(clients[0]).session(user)["id"]
    questions = [f"When is launch number {number}?" for number in range(3)]
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(_ask, clients[number % 2], session, content, f"{session}-{number}")
            for number, content in enumerate(questions)
        ]
        answers = _jump_until(clock, jumps_s, asked)
    assert [answer.status_code for answer in answers] == [200] * 3, [answer.text for answer in answers]
    rows = clients[1].get(f"/v1/ask/sessions/{session}/messages", params={"limit": 100}).json()["data"]
    assert [row["role"] for row in rows] == ["user", "assistant"] * 3
    assert sorted(row["content"] for row in rows if row["role"] == "user") == questions
    assert {row["id"] for row in rows if row["role"] == "assistant"} == {
        answer.json()["message"]["id"] for answer in answers
    }


@NO_LIMITS
@given(shift_s=st.integers(-FURTHEST_S, FURTHEST_S))
def test_a_repeat_at_the_other_server_meets_the_first_try_whatever_the_clock_does(
    clients: list[httpx.Client], user: str, clock: Clock, shift_s: int
) -> None:
    clock.set(0)
    session = Library(clients[0]).session(user)["id"]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_ask, clients[0], session, "When is launch?", session)
        answers = []
        while not first.done():
            clock.set(shift_s if clock.shift_s == 0 else 0)
            answers.append(_ask(clients[1], session, "When is launch?", session))
        answers += [first.result(), _ask(clients[1], session, "When is launch?", session)]
    for answer in answers[:-1]:
        if answer.status_code == 200:
            assert answer.json() == answers[-1].json()
        else:
            assert error_of(answer)["code"] == "idempotency_in_progress", answer.text
    rows = clients[1].get(f"/v1/ask/sessions/{session}/messages").json()["data"]
    assert [row["role"] for row in rows] == ["user", "assistant"]
