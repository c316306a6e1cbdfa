"""Folders on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_cli import check_mistake, run_import
from tests.cli.transcripts import LAUNCH, PRICE, native, written
from tests.server import Place

QUESTION = "When is the launch of the lantern?"


@pytest.fixture
def filed(desk: Place, project: str, tmp_path: Path) -> tuple[str, ...]:
    """A person with one recording in a folder and one outside; returns the options that name them."""
    user = f"filed {tmp_path.name}"
    inside, outside = written(tmp_path, {"launch.json": native((0, LAUNCH)), "price.json": native((0, PRICE))})
    run_import(desk, project, user, inside, "--folder", " Board calls ")
    run_import(desk, project, user, outside)
    return ("--project", project, "--end-user", user)


def test_an_import_creates_the_folder_once_and_a_search_is_limited_to_it(desk: Place, filed: tuple[str, ...]) -> None:
    def found(*options: str) -> set[str]:
        done = desk.cli("search", "launch price", *filed, *options, "--json")
        return {row["recording_id"] for row in json.loads(done.stdout)["results"]}

    assert len(found()) == 2
    assert len(found("--folder", "Board calls")) == 1


def test_a_repeated_import_with_a_folder_is_skipped_but_added_to_the_folder(
    desk: Place, project: str, filed: tuple[str, ...], tmp_path: Path
) -> None:
    user = filed[3]
    lines = run_import(desk, project, user, str(tmp_path / "price.json"), "--folder", "Board calls")
    assert [line["status"] for line in lines] == ["skipped"]
    done = desk.cli("search", "launch price", *filed, "--folder", "Board calls", "--json")
    assert len({row["recording_id"] for row in json.loads(done.stdout)["results"]}) == 2


def test_a_question_may_be_about_a_folder(desk: Place, filed: tuple[str, ...]) -> None:
    result = json.loads(desk.cli("ask", QUESTION, *filed, "--folder", "Board calls", "--json").stdout)
    assert len({source["recording_id"] for source in result["sources"]}) == 1


def test_a_missing_folder_is_reported_in_one_sentence(desk: Place, filed: tuple[str, ...]) -> None:
    for folder in ("Nothing", "fld_nothing"):
        assert (
            check_mistake(desk.cli("ask", QUESTION, *filed, "--folder", folder, check=False), 1)
            == "earmark: No such folder."
        )


def test_a_folder_together_with_a_recording_is_wrong_usage(desk: Place, filed: tuple[str, ...]) -> None:
    done = desk.cli("ask", QUESTION, *filed, "--folder", "Board calls", "--recording", "rec_1", check=False)
    check_mistake(done, 2)


def test_a_folder_without_a_name_is_wrong_usage(desk: Place, filed: tuple[str, ...], tmp_path: Path) -> None:
    for name in (" ", "x" * 256):
        done = desk.cli("import", str(tmp_path / "price.json"), *filed, "--folder", name, check=False)
        check_mistake(done, 2)
