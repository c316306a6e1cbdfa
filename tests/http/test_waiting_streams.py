"""Open streams: comments, credentials and clients that leave, one task for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from earmark.api.pipeline import open_streams
from earmark.api.pipeline.open_streams import OpenStreams
from earmark.api.pipeline.streaming import stream_turn
from earmark.ask.answers.feed import TextAdded, TurnCompleted, TurnFailed, TurnFeed, TurnStarted
from earmark.ask.types import AskResult, Message, Tokens
from earmark.errors import UnavailableError
from earmark.storage.database import Database

_ANSWER = Message("msg_b", 1, "assistant", "", (), None, None, None, 0, Tokens())
_COMPLETED = TurnCompleted(AskResult("as_a", _ANSWER))


class FakeCall:
    """As much of a request as a stream needs."""

    def __init__(self, authorization: str, streams: OpenStreams) -> None:
        self.request_id = "req_1"
        self.authorization = authorization
        self.streams = streams
        self.runtime = self
        self.database = None

    def hold_stream(self) -> None:
        """Nobody else streams."""


def fake_call(authorization: str = "Bearer one", streams: OpenStreams | None = None) -> Any:
    return FakeCall(authorization, streams or OpenStreams())


class Client:
    """Takes what is sent, until it leaves."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.left = asyncio.Event()

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        self.sent.append(message["body"])

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}


def _sending(call: Any, feed: TurnFeed, client: Client) -> asyncio.Task[None]:
    return asyncio.create_task(stream_turn(call, feed.follow()).send_pieces(client.send, client.receive))


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.002)


def _started() -> TurnFeed:
    feed = TurnFeed()
    feed.publish(TurnStarted("as_a", "msg_a"))
    return feed


def test_silent_streams_say_that_they_are_there_and_their_task_ends_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_streams, "COMMENT_S", 0.0)
    monkeypatch.setattr(open_streams, "_TICK_S", 0.01)

    async def main() -> None:
        streams, feed, clients = OpenStreams(), _started(), [Client() for _ in range(3)]
        tasks = [_sending(fake_call(streams=streams), feed, client) for client in clients]
        await _until(lambda: all(client.sent.count(b": still here\n\n") >= 2 for client in clients))
        assert len({id(streams._task)}) == 1
        feed.publish(_COMPLETED)
        await asyncio.gather(*tasks)
        assert all(client.sent[-1] == b"" and b"turn.completed" in client.sent[-2] for client in clients)
        await _until(lambda: bool(streams._task and streams._task.done()))
        assert feed.followers == set()

    asyncio.run(main())


def test_credentials_of_all_streams_are_looked_at_together_and_a_refused_one_ends_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[set[str]] = []

    async def find_refused(_: Database, authorizations: set[str]) -> set[str]:
        looks.append(set(authorizations))
        if len(looks) == 1:
            raise UnavailableError("The database does not answer.")
        return {"Bearer two"} & authorizations

    monkeypatch.setattr(open_streams, "find_refused", find_refused)
    monkeypatch.setattr(open_streams, "_TICK_S", 0.01)
    monkeypatch.setattr(open_streams, "_RECHECK_S", 0.02)

    async def main() -> None:
        streams, feed, clients = OpenStreams(), _started(), [Client() for _ in range(3)]
        whose = ("Bearer one", "Bearer two", "Bearer two")
        tasks = [_sending(fake_call(one, streams), feed, client) for one, client in zip(whose, clients, strict=True)]
        await asyncio.gather(*tasks[1:])
        assert looks[:2] == [{"Bearer one", "Bearer two"}] * 2
        for client in clients[1:]:
            assert client.sent[-2].startswith(b"id: 2\nevent: turn.failed\n")
            assert b'"unauthorized"' in client.sent[-2]
        assert len(clients[0].sent) == 1
        feed.publish(_COMPLETED)
        await tasks[0]

    asyncio.run(main())


def test_a_stream_ends_when_its_client_leaves_even_while_it_sends() -> None:
    async def main() -> None:
        feed, clients = _started(), [Client(), Client()]
        tasks = [_sending(fake_call(), feed, client) for client in clients]
        await _until(lambda: all(client.sent for client in clients))
        clients[1].takes.clear()
        feed.publish(TextAdded("On ", 0))
        await _until(lambda: len(clients[0].sent) == 2)
        for client in clients:
            client.left.set()
        await asyncio.sleep(0.01)
        clients[1].takes.set()  # as a server does whose connection is lost
        async with asyncio.timeout(30):
            await asyncio.gather(*tasks)
        assert all(client.sent[-1] for client in clients), "nobody is there to hear of the end"
        assert feed.followers == set()

    asyncio.run(main())


def test_a_stream_cut_by_a_shutdown_sends_what_its_client_had_not_taken_and_the_turns_end() -> None:
    async def main() -> None:
        feed, client = _started(), Client()
        task = _sending(fake_call(), feed, client)
        await _until(lambda: bool(client.sent))
        client.takes.clear()
        feed.publish(TextAdded("On ", 0))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0)
        client.takes.set()
        feed.publish(TurnFailed(UnavailableError("The server is shutting down.")))
        await task
        words = b"".join(client.sent)
        assert [words.count(b"id: %d\n" % number) for number in (1, 2, 3)] == [1, 1, 1]
        assert client.sent[-1] == b""

    asyncio.run(main())
