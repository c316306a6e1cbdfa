"""The configuration that `earmark mcp config` prints: started in another folder, it opens the same data."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.assistants import program, use
from tests.server import Place
from tests.zygote import run_forked

NAMES = ("--project-name", "Lanterns", "--person", "Ada")
BARE = {name: value for name, value in os.environ.items() if not name.startswith("EARMARK_")}
"""The environment without any of our settings, as an assistant's program gets it."""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put_in_a_meeting(place: Place) -> None:
    Path("meeting.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>The lantern is launched in June.\n")
    place.cli("import", "meeting.vtt", "--name", "Lantern call")


def project_named(place: Place, name: str) -> str:
    return str(json.loads(place.cli("projects", "create", name, "--json").stdout)["id"])


def printed(text: str) -> dict[str, Any]:
    """Return the program in what is printed for Claude Desktop, with `--json`."""
    return dict(json.loads(json.loads(text)["config"])["mcpServers"]["earmark"])


@asynccontextmanager
async def started(shown: dict[str, Any], folder: Path) -> AsyncIterator[Client]:
    """Start the printed command in another folder with nothing but the printed environment."""
    folder.mkdir()
    environment = {**BARE, **shown.get("env", {})}
    command = StdioServerParameters(command=shown["command"], args=shown["args"], env=environment, cwd=folder)
    async with Client(stdio_client(command), mode="auto") as client:
        yield client


async def names(client: Client) -> list[str]:
    return [one["name"] for one in (await use(client, "list_my_recordings"))["data"]]


async def test_after_setup_neither_command_needs_a_flag(empty_place: Place, tmp_path: Path) -> None:
    empty_place.cli("setup", *NAMES)
    put_in_a_meeting(empty_place)
    async with program(empty_place.environment) as client:
        assert await names(client) == ["Lantern call"]
    done = empty_place.cli("mcp", "config", "--client", "claude-desktop", "--json")
    async with started(printed(done.stdout), tmp_path / "elsewhere") as client:
        assert await names(client) == ["Lantern call"]


async def test_of_several_projects_the_default_one_is_served(empty_place: Place) -> None:
    empty_place.cli("setup", *NAMES)
    put_in_a_meeting(empty_place)
    other = project_named(empty_place, "Other")
    async with program(empty_place.environment, "--end-user", "Ada") as client:
        assert await names(client) == ["Lantern call"]
    done = empty_place.cli("mcp", "--project", other, check=False)
    assert (done.returncode, "default project only" in done.stderr) == (2, True)
    done = empty_place.cli("mcp", "--mode", "test", check=False)
    assert (done.returncode, "live data" in done.stderr) == (2, True)


async def test_a_configuration_stays_with_its_project_and_person(empty_place: Place, tmp_path: Path) -> None:
    empty_place.cli("setup", *NAMES)
    put_in_a_meeting(empty_place)
    shown = printed(empty_place.cli("mcp", "config", "--client", "claude-desktop", "--json").stdout)
    second = project_named(empty_place, "Second")
    empty_place.cli("import", "meeting.vtt", "--name", "Not hers", "--project", second, "--end-user", "grace")
    empty_place.cli("use", "Second", "grace")
    async with started(shown, tmp_path / "elsewhere") as client:
        assert await names(client) == ["Lantern call"]


async def test_the_data_that_a_settings_file_names_is_found_from_another_folder(tmp_path: Path) -> None:
    Path("earmark.toml").write_text('data_dir = "recordings"\npublic_url = "https://ask.example"\n')

    def earmark(*arguments: str) -> str:
        done = run_forked(arguments, BARE, timeout=300)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    earmark("setup", *NAMES)
    Path("meeting.txt").write_text("Ada: The lantern is launched in June.\n")
    earmark("import", "meeting.txt", "--name", "Lantern call")
    shown = printed(earmark("mcp", "config", "--client", "claude-desktop", "--json"))
    async with started(shown, tmp_path / "elsewhere") as client:
        assert await names(client) == ["Lantern call"]
        found = (await use(client, "search", query="lantern"))["results"]
        assert found[0]["url"].startswith("https://ask.example/"), "the file's other settings hold as well"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("EARMARK_DATABASE_URL", "postgresql://ask:s3cret@db.example/ask"),
        ("EARMARK_DATABASE_URL", "postgresql://db.example/ask?password=s3cret"),
        ("EARMARK_EMBEDDER__BASE_URL", "https://ask:s3cret@embed.example/v1"),
    ],
)
def test_a_password_is_not_written_into_a_clients_configuration(place: Place, name: str, url: str) -> None:
    done = run_forked(
        ["mcp", "config", "--client", "cursor", "--end-user", "ada"],
        {**place.environment, name: url},
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{name} holds a password" in done.stderr
    assert "--url" in done.stderr
    assert "s3cret" not in done.stderr


def test_keys_in_the_environment_are_not_written_into_a_clients_configuration(place: Place) -> None:
    given = {
        "EARMARK_EMBEDDER__KIND": "openai", "EARMARK_EMBEDDER__BASE_URL": "http://127.0.0.1:9/v1",
        "EARMARK_EMBEDDER__MODEL": "small",
    }  # fmt: skip
    secrets = {"EARMARK_EMBEDDER__API_KEY": "s3cret", "EARMARK_OPENAI__API_KEY": "s3cret"}
    done = run_forked(
        ["mcp", "config", "--client", "claude-desktop", "--end-user", "ada", "--json"],
        {**BARE, "EARMARK_DATA_DIR": str(place.data_dir), **given, **secrets},
        timeout=60,
    )
    assert printed(done.stdout)["env"] == {**given, "EARMARK_DATA_DIR": str(place.data_dir)}
