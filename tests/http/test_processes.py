"""Several processes on one database: two servers, several workers, migrations started at once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.assistants import ERAS, use
from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running


@dataclass
class TwoServers:
    """Two servers on the same data, the second with two workers, and a client of each."""

    servers: tuple[Server, Server]
    clients: tuple[httpx.Client, httpx.Client]
    key: str


@pytest.fixture
def new_servers(fresh_place: Place) -> Iterator[TwoServers]:
    key = new_project(fresh_place).live
    with (
        running(fresh_place) as one,
        running(fresh_place, "--workers", "2") as two,
        one.client(key) as first,
        two.client(key) as second,
    ):
        yield TwoServers((one, two), (first, second), key)


def test_a_cursor_of_one_server_is_valid_on_another(fresh_place: Place) -> None:
    with running(fresh_place) as one, running(fresh_place, "--workers", "2") as two:
        key = new_project(fresh_place).live
        with one.client(key) as first, two.client(key) as second:
            library = Library(first)
            user = library.user()
            made = [library.session(user)["id"] for _ in range(6)][::-1]
            page = first.get("/v1/ask/sessions?limit=2").json()
            seen = [row["id"] for row in page["data"]]
            for client in (second, first):
                page = client.get("/v1/ask/sessions", params={"limit": 2, "cursor": page["next_cursor"]}).json()
                seen += [row["id"] for row in page["data"]]
            assert seen == made


@pytest.mark.parametrize("era", ERAS)
async def test_a_session_of_an_assistant_is_answered_by_whichever_server_it_reaches(
    new_servers: TwoServers, era: str
) -> None:
    """Each request of the SDK's client goes to the other server than the one before: neither holds a session."""
    first, second = new_servers.clients
    library = Library(first)
    user = library.user()
    recording = library.recording(user, TALK, name="Lantern call")
    turns = itertools.cycle(httpx2.URL(one.base_url) for one in new_servers.servers)
    reached: list[int] = []

    async def send_to_the_next(request: httpx2.Request) -> None:
        there = next(turns)
        reached.append(there.port or 0)
        request.url = request.url.copy_with(host=there.host, port=there.port)
        request.headers["Host"] = there.netloc.decode()

    async def check(response: httpx2.Response) -> None:
        assert "mcp-session-id" not in response.headers

    hooks = {"request": [send_to_the_next], "response": [check]}
    key = {"Authorization": f"Bearer {new_servers.key}"}
    url = f"{new_servers.servers[0].base_url}/mcp"
    async with (
        httpx2.AsyncClient(headers=key, timeout=60, event_hooks=hooks) as http,
        Client(streamable_http_client(url, http_client=http), mode=ERAS[era]) as client,
    ):
        assert client.protocol_version == era
        for _ in range(2):
            (found,) = (await use(client, "list_my_recordings", end_user_id=user))["data"]
            assert found["id"] == recording
        chat: dict[str, Any] = {}
        for _ in range(2):
            asked = {"end_user_id": user, "question": "When is the launch of the lantern?", **chat}
            answer = await use(client, "ask", **asked)
            assert answer["citations"][0]["recording_id"] == recording
            chat = {"session_id": answer["session_id"]}
    assert len(set(reached)) == 2
    messages = second.get(f"/v1/ask/sessions/{chat['session_id']}/messages").json()["data"]
    assert [one["role"] for one in messages] == ["user", "assistant"] * 2


def test_sends_to_two_servers_answer_one_after_the_other(fresh_place: Place) -> None:
    with running(fresh_place) as one, running(fresh_place) as two:
        key = new_project(fresh_place).live
        with one.client(key) as first, two.client(key) as second:
            library = Library(first)
            user = library.user()
            library.recording(user, TALK)
            path = f"/v1/ask/sessions/{library.session(user)['id']}/messages"

            def send(number: int) -> httpx.Response:
                return (first, second)[number % 2].post(path, json={"content": f"What about the price, {number}?"})

            with ThreadPoolExecutor(8) as pool:
                assert {answer.status_code for answer in pool.map(send, range(8))} == {200}
            rows = second.get(path, params={"limit": 100}).json()["data"]
            assert [row["role"] for row in rows] == ["user", "assistant"] * 8


def test_servers_started_at_once_migrate_once(empty_place: Place) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: empty_place.cli("projects", "create", "One", check=False), range(4)))
        assert [one.returncode for one in made] == [0] * 4, [one.stderr for one in made]
        answers = list(pool.map(lambda _: empty_place.cli("doctor", "--json", check=False), range(4)))
    assert [one.returncode for one in answers] == [0] * 4, [one.stderr for one in answers]
    for answer in answers:
        assert all(json.loads(line)["ok"] for line in answer.stdout.splitlines())
    assert len(empty_place.cli("projects", "list").stdout.splitlines()) == 4


@pytest.mark.slow
def test_a_session_of_ten_thousand_messages_pages_in_constant_time_and_accepts_new_turns(fresh_place: Place) -> None:
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        user = library.user()
        messages = [
            {
                "role": role,
                "parts": [{"type": "text", "text": f"{role} {number}"}],
                "created_at": "2026-05-20T10:00:00Z",
            }
            for number in range(5_000)
            for role in ("user", "assistant")
        ]
        document = {
            "format": "earmark.ask-session/1", "title": "Long", "scope": {"type": "library", "recording_ids": []},
            "created_at": "2026-05-20T10:00:00Z", "messages": messages, "end_user_id": user,
        }  # fmt: skip
        made = client.post("/v1/ask/sessions/import", json=document)
        assert (made.status_code, made.json()["message_count"]) == (201, 10_000)
        path = f"/v1/ask/sessions/{made.json()['id']}/messages"
        contents, cursor = [], None
        while True:
            page = client.get(path, params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
            contents += [row["content"] for row in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert contents == [one["parts"][0]["text"] for one in messages]  # type: ignore[index]
        assert client.post(path, json={"content": "One more?"}).status_code == 200
        assert client.get(path, params={"order": "desc", "limit": 2}).json()["data"][1]["content"] == "One more?"
