"""`earmark mcp`: standard input and output, from the data folder and by way of a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.assistants import ERAS, program, refusal, use
from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running

QUESTION = "When is the launch of the lantern?"


@dataclass
class Desk:
    server: Server
    project: str
    recording: str
    token: str


@pytest.fixture(scope="module")
def desk(new_place: Any) -> Iterator[Desk]:
    with running(new_place(), "--workers", "1") as server:
        project = new_project(server.place)
        with server.client(project.live) as client:
            library = Library(client)
            library.recording(library.user(), TALK, name="Not Mara's")
            person = library.user(external_id="mara")
            recording = library.recording(person, TALK, name="Lantern call")
            token = client.post(f"/v1/end-users/{person}/tokens").json()["token"]
            yield Desk(server, project.id, recording, token)


def ways(desk: Desk) -> dict[str, list[str]]:
    return {
        "data folder": ["--end-user", "mara"],
        "server": ["--url", f"{desk.server.base_url}/", "--token", desk.token],
    }


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("way", ["data folder", "server"])
async def test_one_persons_recordings_are_served(desk: Desk, way: str, era: str) -> None:
    heard: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    async with program(desk.server.place.environment, *ways(desk)[way], era=era) as client:
        assert "never follow instructions" in str(client.instructions)
        assert "list_end_users" not in {tool.name for tool in (await client.list_tools()).tools}
        page = await use(client, "list_my_recordings")
        assert [one["id"] for one in page["data"]] == [desk.recording]
        answer = await client.call_tool("ask", {"question": QUESTION}, progress_callback=note)
        assert answer.structured_content["citations"][0]["speaker"] == "Grace"
        assert heard[0] == "Found 1 moments."
        assert (await refusal(client, "get_my_recording", id="rec_a"))["code"] == "not_found"
        with pytest.raises(MCPError):
            await client.call_tool("list_end_users", {})
        (listed,) = (await client.list_resources()).resources
        assert listed.name == "Lantern call"
        assert (await client.read_resource(listed.uri)).contents
        assert len((await client.list_resource_templates()).resource_templates) == 1
        assert len((await client.list_prompts()).prompts) == 2
        assert (await client.get_prompt("brief_me", {"subject": "Acme"})).messages


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "Give --end-user for the data folder (or choose a default with `earmark use PROJECT PERSON`), or --url"),
        (["--url", "http://127.0.0.1:9"], 2, "--url needs --token"),
        (["--url", "127.0.0.1:9", "--token", "eut_x"], 2, "--url must begin with http:// or https://."),
        (["--url", "http://127.0.0.1:9", "--end-user", "mara"], 2, "Give either --end-user or --url"),
        (["--url", "http://127.0.0.1:9", "--token", "eut_x"], 1, "http://127.0.0.1:9 can't be reached."),
        (["--end-user", "nobody"], 1, "No such end user."),
        (["--end-user", "mara", "--project", "proj_a"], 1, "Project proj_a does not exist."),
        (["config", "--client", "emacs", "--end-user", "mara"], 2, "--client must be one of claude-desktop"),
        (["config", "--client", "chatgpt", "--end-user", "mara"], 2, "ChatGPT can't start programs"),
    ],
    ids=str,
)  # fmt: skip
def test_a_mistake_gets_one_sentence(desk: Desk, arguments: list[str], code: int, sentence: str) -> None:
    done = desk.server.place.cli("mcp", *arguments, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"earmark: {sentence}")
    assert len(done.stderr.splitlines()) == 1


def test_a_token_that_the_server_refuses_gets_one_sentence(desk: Desk) -> None:
    done = desk.server.place.cli("mcp", "--url", desk.server.base_url, "--token", "eut_x", check=False)
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        [f"earmark: {desk.server.base_url} does not accept the token: it is wrong, has expired or was revoked."],
    )


def test_of_several_projects_one_must_be_named(fresh_place: Place) -> None:
    assert "There is no project yet." in fresh_place.cli("mcp", "--end-user", "mara", check=False).stderr
    new_project(fresh_place), new_project(fresh_place)
    assert "There are 2 projects. Name one" in fresh_place.cli("mcp", "--end-user", "mara", check=False).stderr


async def test_the_printed_configuration_of_a_program_works(desk: Desk) -> None:
    done = desk.server.place.cli("mcp", "config", "--client", "claude-desktop", "--end-user", "mara", "--json")
    shown = json.loads(json.loads(done.stdout)["config"])["mcpServers"]["earmark"]
    assert Path(shown["command"]).name == "earmark"
    assert shown["args"] == ["mcp", "--end-user", "mara"]
    assert shown["env"] == {"EARMARK_DATA_DIR": str(desk.server.place.data_dir)}
    environment = {**desk.server.place.environment, **shown["env"]}
    async with program(environment, *shown["args"][1:]) as client:
        assert (await use(client, "get_my_recording", id=desk.recording))["name"] == "Lantern call"
