"""Open streams are counted, and shared by projects and end users."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of
from tests.http.test_going_down import SLOW
from tests.server import Place, Server, new_project, running

EVENTS = {"Accept": "text/event-stream"}
QUESTION = {"content": "When do we move the launch of the lantern to?"}
ENV = {"EARMARK_STREAMS_AT_ONCE": "8", "EARMARK_REQUESTS_AT_ONCE": "4", "EARMARK_SHUTDOWN_GRACE_S": "0"}


@dataclass
class Reader:
    """A client and the stream of a question of its own."""

    client: httpx.Client
    session: str
    end_user: str

    @contextmanager
    def sending(self, session: str | None = None) -> Iterator[httpx.Response]:
        path = f"/v1/ask/sessions/{session or self.session}/messages"
        with self.client.stream("POST", path, json=QUESTION, headers=EVENTS) as answer:
            yield answer

    @contextmanager
    def following(self) -> Iterator[httpx.Response]:
        turn = self.client.get(f"/v1/ask/sessions/{self.session}").json()["active_turn"]
        path = f"/v1/ask/sessions/{self.session}/messages/{turn['user_message_id']}/events"
        with self.client.stream("GET", path, headers=EVENTS) as answer:
            yield answer


@pytest.fixture
def slow(fresh_place: Place) -> Iterator[Server]:
    with running(fresh_place, "60", command=SLOW, **ENV) as server:
        yield server


@pytest.fixture
def new_reader(slow: Server) -> Iterator[Callable[[], Reader]]:
    """Make a reader of one end user in a project of its own, with an `eut_`."""
    with ExitStack() as open_clients:

        def make() -> Reader:
            operator = open_clients.enter_context(slow.client(new_project(slow.place).live))
            user = Library(operator).user()
            Library(operator).recording(user, TALK)
            token = operator.post(f"/v1/end-users/{user}/tokens", json={}).json()["token"]
            session = str(Library(operator).session(user)["id"])
            return Reader(open_clients.enter_context(slow.client(token)), session, user)

        yield make


def _begin(streams: ExitStack, reader: Reader, followers: int) -> None:
    assert streams.enter_context(reader.sending()).status_code == 200
    for _ in range(followers):
        assert streams.enter_context(reader.following()).status_code == 200


def test_an_end_user_beyond_its_share_of_streams_is_refused_and_others_are_not(
    new_reader: Callable[[], Reader],
) -> None:
    greedy, other = new_reader(), new_reader()
    with ExitStack() as streams:
        _begin(streams, greedy, followers=3)
        with greedy.following() as refused:
            refused.read()
            assert (refused.status_code, error_of(refused)["code"]) == (429, "rate_limit_exceeded")
            assert int(refused.headers["retry-after"]) > 0
        body = {"scope": {"type": "library"}, "end_user_id": greedy.end_user}
        session = greedy.client.post("/v1/ask/sessions", json=body).json()["id"]  # it may do everything else
        with greedy.sending(session) as refused:
            assert refused.status_code == 429
        assert greedy.client.get(f"/v1/ask/sessions/{session}/messages").json()["data"] == []
        assert streams.enter_context(other.sending()).status_code == 200


def test_503_is_for_a_server_whose_streams_are_all_in_use_and_ends_when_one_does(
    new_reader: Callable[[], Reader],
) -> None:
    first = new_reader()
    with ExitStack() as streams:
        _begin(streams, first, followers=3)
        others = [new_reader() for _ in range(3)]
        for other in others:
            _begin(streams, other, followers=0)
        last, more = new_reader(), new_reader()
        with last.sending() as one:
            assert one.status_code == 200
            with more.sending() as refused:
                refused.read()
                assert (refused.status_code, error_of(refused)["code"]) == (503, "unavailable")
                assert int(refused.headers["retry-after"]) > 0
        for _ in range(300):
            with more.sending() as again:
                if again.status_code == 200:
                    return
            time.sleep(0.02)
        raise AssertionError("the stream that ended was not given back")
