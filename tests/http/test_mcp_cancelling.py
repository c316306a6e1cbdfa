"""Cancelling `ask`: closing the response does it from revision 2026-07-28 on, and nothing does at earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest

from tests.assistants import ACCEPT, assistant, call_of, program
from tests.http.conftest import TALK, Library
from tests.http.test_streaming import env_of
from tests.llm.vendor_server import Says, VendorServer, vendor_server
from tests.server import Server, new_bound_key, new_project, running

QUESTION = "When is the launch of the lantern?"
ENDLESS = Says(("Grace proposed ", *(0.1, "and ") * 600))
SLOW = Says(("Grace proposed ", *(0.1, "and ") * 20, "the ninth of June [2]."))


@dataclass
class Desk:
    """A server whose model writes slowly, and a person with a recording."""

    server: Server
    vendor: VendorServer
    rest: httpx.Client
    person: str
    key: str

    def answers(self) -> list[dict[str, Any]]:
        """Return the stored answers of the person's only session."""
        sessions = self.rest.get("/v1/ask/sessions", params={"end_user_id": self.person}).json()["data"]
        if not sessions:
            return []
        rows = self.rest.get(f"/v1/ask/sessions/{sessions[0]['id']}/messages").json()["data"]
        return [one for one in rows if one["role"] == "assistant"]

    async def until(self, is_so: Callable[[], Any]) -> None:
        """Wait for something that the server does by itself."""
        with anyio.fail_after(30):
            while not await anyio.to_thread.run_sync(is_so):
                await anyio.sleep(0.05)


@pytest.fixture(scope="module")
def setting(new_place: Any) -> Iterator[tuple[Server, VendorServer]]:
    with vendor_server(SLOW) as vendor:
        env = {**env_of(vendor), "EARMARK_DEFAULT_PROVIDER": "ollama"}
        with running(new_place(), "--workers", "1", **env) as server:
            server.extra["env"] = env
            yield server, vendor


@pytest.fixture
def desk(setting: tuple[Server, VendorServer]) -> Iterator[Desk]:
    server, vendor = setting
    project = new_project(server.place)
    vendor.requests.clear()
    vendor.closed_early.clear()
    with server.client(project.live) as client:
        library = Library(client)
        person = library.user(external_id="mara")
        library.recording(person, TALK)
        yield Desk(server, vendor, client, person, new_bound_key(server.place, project.id, person))


async def test_closing_the_response_cancels_the_answer(desk: Desk) -> None:
    desk.vendor.script[:] = [ENDLESS]
    async with assistant(desk.server, desk.key) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "ask", {"question": QUESTION})
            await desk.until(lambda: desk.vendor.requests)
            tasks.cancel_scope.cancel()
        await desk.until(desk.answers)
    assert desk.answers()[0]["finish_reason"] == "cancelled"
    assert desk.vendor.closed_early.wait(60), "the model must not go on writing"


async def test_at_earlier_revisions_the_answer_is_written_to_its_end(desk: Desk) -> None:
    desk.vendor.script[:] = [SLOW]
    headers = {**ACCEPT, "Authorization": f"Bearer {desk.key}", "Mcp-Protocol-Version": "2025-11-25"}
    async with (
        httpx.AsyncClient(base_url=desk.server.base_url, headers=headers, timeout=60) as client,
        client.stream("POST", "/mcp", json=call_of("ask", question=QUESTION)),
    ):
        await desk.until(lambda: desk.vendor.requests)
        said = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        assert (await client.post("/mcp", json=said)).status_code == 202
    await desk.until(desk.answers)
    assert desk.answers()[0]["finish_reason"] == "stop"


@pytest.mark.parametrize("era", ["2025-11-25", "2026-07-28"])
async def test_on_standard_input_a_notification_cancels_the_answer(desk: Desk, era: str) -> None:
    desk.vendor.script[:] = [ENDLESS]
    env = {**desk.server.place.environment, **desk.server.extra["env"]}
    project = desk.rest.get("/v1/end-users").json()["data"][0]["project_id"]
    async with program(env, "--end-user", "mara", "--project", project, era=era) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "ask", {"question": QUESTION})
            await desk.until(lambda: desk.vendor.requests)
            tasks.cancel_scope.cancel()
        await desk.until(desk.answers)
    assert desk.answers()[0]["finish_reason"] == "cancelled"


@pytest.mark.slow
async def test_a_stream_ends_when_its_token_is_revoked(desk: Desk) -> None:
    desk.vendor.script[:] = [ENDLESS]
    with desk.server.client(desk.key) as person:
        token = person.post("/v1/access-tokens", json={"name": "Laptop"}).json()
        headers = {**ACCEPT, "Authorization": f"Bearer {token['token']}", "Mcp-Protocol-Version": "2025-11-25"}
        async with (
            httpx.AsyncClient(base_url=desk.server.base_url, headers=headers, timeout=60) as client,
            client.stream("POST", "/mcp", json=call_of("ask", question=QUESTION)) as answer,
        ):
            await desk.until(lambda: desk.vendor.requests)
            assert person.delete(f"/v1/access-tokens/{token['id']}").status_code == 204
            with anyio.fail_after(30):
                said = [line async for line in answer.aiter_lines() if line.startswith("data:")]
    assert said == []
