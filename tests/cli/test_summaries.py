"""`earmark summarize` and `earmark digest`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from earmark.summaries.summaries import correct_summary
from tests.cli.test_cli import check_mistake, run_import
from tests.cli.transcripts import native, written
from tests.server import Place

TALK = (
    "Shall we move the launch of the lantern to the ninth of June? We would have two more weeks.",
    "Agreed. I'll tell the printer about the lantern on Monday.",
    "Who pays for the glass of the lantern? I don't know yet, we have to ask the board.",
)


@pytest.fixture
def kept(desk: Place, project: str, tmp_path: Path) -> tuple[str, str, str]:
    """A person with a recording: the project, the person, and the recording's id."""
    user = f"noted {tmp_path.name}"
    (file,) = written(tmp_path, {"launch.json": native(*((at * 5, text) for at, text in enumerate(TALK)))})
    (line,) = run_import(desk, project, user, file)
    return project, user, str(line["recording_id"])


def test_a_summary_is_printed_as_markdown_and_stored(desk: Place, kept: tuple[str, str, str]) -> None:
    project, _, recording = kept
    printed = desk.cli("summarize", recording, "--project", project).stdout
    assert printed.startswith("# ")
    assert "## Action items\n\n- " in printed
    assert "I'll tell the printer about the lantern on Monday." in printed
    shown = json.loads(desk.cli("summarize", recording, "--project", project, "--json").stdout)
    assert (shown["status"], shown["template_id"]) == ("completed", "tmpl_general_notes")
    assert shown["citations"]["/action_items/0"][0]["recording_id"] == recording


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_digest_has_the_items_of_all_recordings(desk: Place, kept: tuple[str, str, str], is_stored: bool) -> None:
    project, user, recording = kept
    if is_stored:
        desk.cli("summarize", recording, "--project", project, "--json")
    options = ("digest", "--project", project, "--end-user", user, "--since", "2w")
    (one,) = json.loads(desk.cli(*options, "--json").stdout)["data"]
    assert one["recording_id"] == recording
    assert "action_item" in {item["kind"] for item in one["items"]}
    assert (one["items"][0]["summary_id"] is not None) is is_stored
    assert "## To do" in desk.cli(*options).stdout


def test_a_digest_quotes_nothing_of_a_recording_whose_items_a_person_removed(
    desk: Place, kept: tuple[str, str, str]
) -> None:
    project, user, recording = kept
    made = json.loads(desk.cli("summarize", recording, "--project", project, "--json").stdout)

    async def empty(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, project, "live")
        nothing: dict[str, Any] = {"decisions": [], "action_items": [], "open_questions": []}
        await correct_summary(tenant, made["id"], {**made["output"], **nothing})

    desk.run(empty)
    options = ("digest", "--project", project, "--end-user", user, "--since", "2w", "--json")
    assert json.loads(desk.cli(*options).stdout)["data"] == []


def test_a_recording_to_summarise_can_be_named(desk: Place, kept: tuple[str, str, str]) -> None:
    project, _, recording = kept
    desk.cli("recordings", "rename", recording, f"Talk {recording}", "--project", project, "--end-user", kept[1])
    made = json.loads(desk.cli("summarize", f"Talk {recording}", "--project", project, "--json").stdout)
    assert made["recording_id"] == recording


def test_a_digest_of_a_span_without_recordings_says_so_and_where_the_newest_is(
    desk: Place, fresh_project: str, tmp_path: Path
) -> None:
    person = ("--project", fresh_project, "--end-user", "ada")
    (file,) = written(tmp_path, {"launch.json": native(*((at * 5, text) for at, text in enumerate(TALK)))})
    desk.cli("import", file, *person, "--recorded-at", "2024-07-09T10:00:00Z")
    empty = desk.cli("digest", *person).stdout
    assert "no recording in the last 7d" in empty
    assert "2024-07-09" in empty
    assert "decided" not in empty
    assert json.loads(desk.cli("digest", *person, "--json").stdout) == {"data": []}
    assert "## To do" in desk.cli("digest", *person, "--since", "2024-07-09").stdout
    assert "no recording since 2024-07-10" in desk.cli("digest", *person, "--since", "2024-07-10").stdout


def test_a_digest_of_an_empty_library_says_that_there_is_no_recording(desk: Place, fresh_project: str) -> None:
    desk.cli("import", "nothing.vtt", "--project", fresh_project, "--end-user", "ada", check=False)
    said = desk.cli("digest", "--project", fresh_project, "--end-user", "ada").stdout
    assert said == "There is no recording with a transcript yet.\n"


def test_mistakes_are_one_sentence(desk: Place, kept: tuple[str, str, str]) -> None:
    project, user, recording = kept
    mistakes = {
        ("summarize", recording, "--template", "tmpl_none"): (1, "earmark: No such summary template."),
        ("summarize", "rec_none"): (
            1, "earmark: No recording has this id or name; `earmark recordings list` shows all."),
        ("summarize", recording, "--prompt", "short"): (1, "earmark: The prompt must be 10 to 10000 characters long."),
        ("digest", "--end-user", user, "--since", "soon"): (
            2, "earmark: --since is a number of hours, days or weeks, such as 36h, 7d or 2w, or a day, such as 2024-03-01."),
        ("digest", "--end-user", user, "--since", "2024-02-30"): (2, "earmark: There is no day 2024-02-30."),
    }  # fmt: skip
    for words, (code, sentence) in mistakes.items():
        assert check_mistake(desk.cli(*words, "--project", project, check=False), code) == sentence
