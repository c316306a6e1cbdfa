"""`earmark setup` and `earmark use`: the first project and person, and the defaults of commands."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import earmark
from earmark.cli import main
from earmark.identity.projects import get_tenant
from earmark.processing.config import resolve
from earmark.processing.sections import PROCESSING
from earmark.processing.types import Resolved
from earmark.runtime import Runtime
from tests.cli.test_cli import check_mistake
from tests.cli.transcripts import LAUNCH, json_lines
from tests.server import Place, new_project

FILE = Path("earmark.toml")
NAMES = ("--project-name", "Lanterns", "--person", "Ada")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ready(empty_place: Place) -> Place:
    """A place that is set up, with a recording."""
    empty_place.cli("setup", *NAMES)
    Path("meeting.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>{LAUNCH}\n")
    empty_place.cli("import", "meeting.vtt")
    return empty_place


# ---- setup -----------------------------------------------------------------------------------------


def test_setup_makes_a_project_a_person_and_a_key_and_the_defaults(empty_place: Place) -> None:
    made = json.loads(empty_place.cli("setup", *NAMES, "--json").stdout)
    assert set(made) == {"project_id", "end_user_id", "key", "settings_file"}
    assert tomllib.loads(FILE.read_text()) == {
        "default_project": made["project_id"], "default_end_user": made["end_user_id"]}  # fmt: skip
    (key,) = json_lines(empty_place.cli("keys", "list", "--json").stdout)
    assert (key["hint"], key["expires_at"]) == (made["key"][-4:], None)
    shown = json.loads(empty_place.cli("use", "--json").stdout)
    assert shown["project"] == {"id": made["project_id"], "name": "Lanterns"}
    assert shown["end_user"] == {"id": made["end_user_id"], "external_id": "Ada", "name": "Ada"}


def test_what_is_brought_into_a_project_that_was_just_set_up_is_transcribed_and_summarised(empty_place: Place) -> None:
    made = json.loads(empty_place.cli("setup", *NAMES, "--json").stdout)

    async def configured(runtime: Runtime) -> Resolved:
        return await resolve(await get_tenant(runtime.operator, made["project_id"], "live"), PROCESSING, None)

    found = empty_place.run(configured)
    assert found.source == "project"
    assert found.value["auto_transcription"] == {"enabled": True}
    assert found.value["auto_summary"] == {"enabled": True, "template": "tmpl_general_notes"}


def test_a_project_that_is_created_by_itself_keeps_the_defaults(empty_place: Place) -> None:
    project_id = json.loads(empty_place.cli("projects", "create", "Lanterns", "--json").stdout)["id"]

    async def configured(runtime: Runtime) -> Resolved:
        return await resolve(await get_tenant(runtime.operator, project_id, "live"), PROCESSING, None)

    assert empty_place.run(configured).source == "default"


def test_setup_is_only_for_an_installation_without_a_project(empty_place: Place) -> None:
    project = new_project(empty_place).id
    assert project in check_mistake(empty_place.cli("setup", *NAMES, check=False), 1)
    assert not FILE.exists()


@pytest.mark.parametrize("arguments", [(), NAMES[:2], NAMES[2:], (*NAMES[:3], " "), ("--project-name", "", *NAMES[2:])])
def test_setup_without_a_terminal_needs_both_names(empty_place: Place, arguments: tuple[str, ...]) -> None:
    check_mistake(empty_place.cli("setup", *arguments, check=False), 2)


def test_setup_changes_nothing_if_the_settings_file_cant_be_read(empty_place: Place) -> None:
    FILE.write_text("port = [")
    assert "not valid TOML" in check_mistake(empty_place.cli("setup", *NAMES, check=False), 1)
    FILE.unlink()
    empty_place.cli("setup", *NAMES)


def test_setup_leaves_the_rest_of_the_settings_file(empty_place: Place) -> None:
    FILE.write_text("# ours\n\nport = 9000  # high\n")
    empty_place.cli("setup", *NAMES)
    assert FILE.read_text().startswith("# ours\n\n")
    assert FILE.read_text().endswith("port = 9000  # high\n")


# ---- defaults --------------------------------------------------------------------------------------


def test_commands_need_no_flags(ready: Place) -> None:
    assert LAUNCH in ready.cli("search", "launch").stdout
    assert LAUNCH.rstrip(".") in ready.cli("ask", "When is the launch of the lantern?").stdout
    assert "meeting" in ready.cli("recordings", "list").stdout
    assert "When is the launch" in ready.cli("sessions", "list").stdout
    assert ready.cli("export", "ada.zip").stdout == "ada.zip\n"
    assert "#code=" in ready.cli("console-link").stdout
    assert "key.created" in ready.cli("audit").stdout


def test_the_only_project_and_person_need_not_be_named(empty_place: Place) -> None:
    project = new_project(empty_place, "House").id
    Path("meeting.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>{LAUNCH}\n")
    assert "--end-user" in check_mistake(empty_place.cli("recordings", "list", check=False), 2)
    imported = empty_place.cli("import", "meeting.vtt", "--end-user", "ada", "--json")
    assert f"Using the only project, House ({project})." in imported.stderr
    assert [one["status"] for one in json_lines(imported.stdout)] == ["imported"]
    listed = empty_place.cli("recordings", "list")
    assert ("meeting" in listed.stdout, listed.stderr) == (True, "")
    again = empty_place.cli("recordings", "rename", "meeting", "Kick-off")
    assert "Using the only person, ada." in again.stderr
    assert "#code=" in empty_place.cli("console-link").stdout
    assert "key.created" in empty_place.cli("audit").stdout
    empty_place.cli("import", "meeting.vtt", "--end-user", "grace")
    assert "--end-user" in check_mistake(empty_place.cli("recordings", "list", check=False), 2)
    new_project(empty_place)
    assert "--project" in check_mistake(empty_place.cli("recordings", "list", check=False), 2)


def test_a_command_without_a_project_makes_no_data(empty_place: Place) -> None:
    assert "--project" in check_mistake(empty_place.cli("search", "x", check=False), 2)
    assert not empty_place.data_dir.exists()


def test_without_a_default_the_missing_flag_is_named(desk: Place, project: str, fresh_project: str) -> None:
    assert "--project" in check_mistake(desk.cli("search", "x", check=False), 2)
    assert "--end-user" in check_mistake(desk.cli("search", "x", "--project", project, check=False), 2)
    assert "earmark use PROJECT PERSON" in check_mistake(desk.cli("import", "x.vtt", check=False), 2)


def test_the_default_person_is_not_anothers_projects(ready: Place) -> None:
    other = new_project(ready).id
    assert "default project only" in check_mistake(ready.cli("search", "x", "--project", other, check=False), 2)
    assert "live data" in check_mistake(ready.cli("search", "x", "--mode", "test", check=False), 2)


def test_an_empty_flag_is_not_the_default(ready: Place) -> None:
    check_mistake(ready.cli("import", "meeting.vtt", "--project", "", check=False), 2)
    assert "does not exist" in check_mistake(
        ready.cli("import", "meeting.vtt", "--project", "", "--end-user", "Ada", check=False), 1
    )


def test_use_takes_names_or_ids_and_refuses_unknown_ones(ready: Place) -> None:
    before = FILE.read_text()
    for wrong in (["nothing", "Ada"], ["Lanterns", "nobody"]):
        check_mistake(ready.cli("use", *wrong, check=False), 1)
    check_mistake(ready.cli("use", "Lanterns", check=False), 2)
    check_mistake(ready.cli("use", "Lanterns", "Ada", "--clear", check=False), 2)
    assert FILE.read_text() == before
    second = new_project(ready, "Second").id
    ready.cli("import", "meeting.vtt", "--project", second, "--end-user", "grace")
    chosen = json.loads(ready.cli("use", "Second", "grace", "--json").stdout)
    assert (chosen["project"]["id"], chosen["end_user"]["external_id"]) == (second, "grace")
    new_project(ready, "Second")
    assert "2 projects" in check_mistake(ready.cli("use", "Second", "grace", check=False), 1)
    assert ready.cli("use", second, chosen["end_user"]["id"]).returncode == 0


def test_use_clear_removes_the_defaults_and_nothing_else(ready: Place) -> None:
    FILE.write_text("# ours\n\nport = 9000\n" + FILE.read_text())
    assert json.loads(ready.cli("use", "--clear", "--json").stdout)["project"] is None
    assert FILE.read_text() == "# ours\n\nport = 9000\n"
    assert "There are no defaults" in ready.cli("use").stdout


@pytest.mark.parametrize("gone", ["default_project", "default_end_user"])
@pytest.mark.parametrize(
    "arguments", [["use"], ["ask", "x"], ["search", "x"], ["import", "meeting.vtt"], ["export"], ["recordings", "list"]],
    ids=" ".join,
)  # fmt: skip
def test_a_default_that_does_not_exist_is_named_in_one_sentence(ready: Place, gone: str, arguments: list[str]) -> None:
    settings = tomllib.loads(FILE.read_text())
    text = FILE.read_text().replace(settings[gone], settings[gone][:-4] + "Gone")
    FILE.write_text(text)
    says = check_mistake(ready.cli(*arguments, check=False), 1)
    assert settings[gone][:-4] + "Gone" in says
    assert "earmark use" in says


def test_the_environment_overrides_the_file_and_use_says_so(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_DEFAULT_PROJECT", "proj_other")
    done = ready.cli("use", "Lanterns", "Ada", check=False)
    assert "EARMARK_DEFAULT_PROJECT in the environment overrides" in done.stderr


# ---- version, and JSON everywhere ------------------------------------------------------------------


def test_the_version_is_a_flag_and_a_command(desk: Place) -> None:
    assert desk.cli("--version").stdout == desk.cli("version").stdout == f"{earmark.__version__}\n"
    assert json.loads(desk.cli("version", "--json").stdout) == {"version": earmark.__version__}


def test_every_command_has_json() -> None:
    app = typer.main.get_command(main.app)
    commands = dict(_commands(app, "earmark"))
    assert len(commands) > 25
    del commands["earmark mcp"]  # speaks JSON-RPC on standard output, and nothing else
    assert [name for name, options in commands.items() if "--json" not in options] == []


def _commands(command: Any, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the visible commands that do something, with their options."""
    if command.hidden:
        return
    if not hasattr(command, "commands") or command.invoke_without_command:
        yield name, {option for param in command.params for option in param.opts}
    for below, one in getattr(command, "commands", {}).items():
        yield from _commands(one, f"{name} {below}")
