"""`earmark recordings` and `earmark sessions`, and questions that continue a session."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earmark.ask.types import CitationPart
from earmark.cli.answer_text import AnswerText
from tests.cli.test_cli import check_mistake
from tests.cli.transcripts import LAUNCH, PRICE, json_lines, native, written
from tests.server import Place

QUESTION = "When is the launch of the lantern?"


@pytest.fixture
def person(desk: Place, fresh_project: str, tmp_path: Path) -> tuple[str, ...]:
    """The options for a person with two recordings."""
    options = ("--project", fresh_project, "--end-user", "ada")
    files = written(tmp_path, {"Kick-off.json": native((61, LAUNCH)), "Budget.json": native((0, PRICE))})
    desk.cli("import", *files, *options)
    return options


# ---- recordings ------------------------------------------------------------------------------------


def test_recordings_are_listed_newest_first(desk: Place, person: tuple[str, ...]) -> None:
    listed = json_lines(desk.cli("recordings", "list", *person, "--json").stdout)
    assert [one["name"] for one in listed] == ["Budget", "Kick-off"]
    assert len(desk.cli("recordings", "list", *person, "--limit", "1").stdout.splitlines()) == 1
    named = desk.cli("recordings", "list", *person, "--name", "kick").stdout
    assert "Kick-off" in named
    assert "Budget" not in named
    assert desk.cli("recordings", "list", *person, "--name", "zzz").stdout == "No recordings.\n"
    assert desk.cli("recordings", "list", *person, "--name", "zzz", "--json").stdout == ""


def test_the_list_is_in_the_order_of_the_dates_that_it_prints(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    person = ("--project", fresh_project, "--end-user", "ada")
    for day in ("2024-07-09", "2024-09-16", "2024-03-12"):
        (file,) = written(tmp_path, {f"{day}.json": native((0, f"Said on {day}."))})
        desk.cli("import", file, *person, "--recorded-at", f"{day}T10:00:00+02:00")
    days = [line.split()[1] for line in desk.cli("recordings", "list", *person).stdout.splitlines()]
    assert days == ["2024-09-16", "2024-07-09", "2024-03-12"]


def test_a_question_and_a_search_can_name_their_recording(desk: Place, person: tuple[str, ...]) -> None:
    assert LAUNCH in desk.cli("search", "lantern", "--recording", "Kick-off", *person).stdout
    assert PRICE not in desk.cli("search", "price of the lantern", "--recording", "Kick-off", *person).stdout
    answered = json.loads(desk.cli("ask", QUESTION, "--recording", "Kick-off", *person, "--json").stdout)
    assert {source["recording_id"] for source in answered["sources"]} <= {
        json.loads(desk.cli("recordings", "show", "Kick-off", *person, "--json").stdout)["id"]
    }
    check_mistake(desk.cli("ask", QUESTION, "--recording", "Nothing", *person, check=False), 1)


def test_a_recording_is_shown_with_its_transcript_by_id_or_name(desk: Place, person: tuple[str, ...]) -> None:
    shown = json.loads(desk.cli("recordings", "show", "Kick-off", *person, "--json").stdout)
    assert [one["text"] for one in shown["segments"]] == [LAUNCH]
    text = desk.cli("recordings", "show", shown["id"], *person).stdout
    assert f"01:01  {LAUNCH}" in text


def test_a_renamed_recording_has_its_new_name(desk: Place, person: tuple[str, ...]) -> None:
    renamed = json.loads(desk.cli("recordings", "rename", "Budget", "Prices", *person, "--json").stdout)
    assert renamed["name"] == "Prices"
    assert "Prices" in desk.cli("recordings", "list", *person).stdout
    for name in ("", " ", "a" * 256):
        check_mistake(desk.cli("recordings", "rename", "Prices", name, *person, check=False), 2)


def test_a_deleted_recording_is_gone(desk: Place, person: tuple[str, ...]) -> None:
    check_mistake(desk.cli("recordings", "delete", "Budget", *person, check=False), 2)
    deleted = json.loads(desk.cli("recordings", "delete", "Budget", *person, "--yes", "--json").stdout)
    assert deleted["deleted"] is True
    assert "Budget" not in desk.cli("recordings", "list", *person).stdout
    assert PRICE not in desk.cli("search", "price of the lantern", *person).stdout
    check_mistake(desk.cli("recordings", "show", deleted["id"], *person, check=False), 1)


def test_an_unknown_and_an_ambiguous_name_are_refused(desk: Place, person: tuple[str, ...]) -> None:
    for name in ("nothing", "", "rec_nothing"):
        check_mistake(desk.cli("recordings", "show", name, *person, check=False), 1)
    desk.cli("recordings", "rename", "Budget", "Kick-off", *person)
    assert check_mistake(desk.cli("recordings", "show", "Kick-off", *person, check=False), 1).count("rec_") == 2


def test_anothers_recording_is_unknown(desk: Place, person: tuple[str, ...], tmp_path: Path) -> None:
    others = ("--project", person[1], "--end-user", "grace")
    desk.cli("import", *written(tmp_path, {"Secret.json": native((0, "Grace's words."))}), *others)
    secret = json_lines(desk.cli("recordings", "list", *others, "--json").stdout)[0]["id"]
    for command in (["show", secret], ["rename", secret, "x"], ["delete", secret, "--yes"], ["show", "Secret"]):
        check_mistake(desk.cli("recordings", *command, *person, check=False), 1)


# ---- sessions --------------------------------------------------------------------------------------


def test_a_question_continues_the_last_or_a_named_session(desk: Place, person: tuple[str, ...]) -> None:
    assert "no session yet" in check_mistake(desk.cli("ask", "x", "-c", *person, check=False), 1)
    first = json.loads(desk.cli("ask", QUESTION, *person, "--json").stdout)["session_id"]
    second = json.loads(desk.cli("ask", "What is the price?", *person, "--json").stdout)["session_id"]
    assert json.loads(desk.cli("ask", "Who said so?", "-c", *person, "--json").stdout)["session_id"] == second
    named = json.loads(desk.cli("ask", "And who said so?", "--session", first, *person, "--json").stdout)
    assert named["session_id"] == first
    listed = json_lines(desk.cli("sessions", "list", *person, "--json").stdout)
    assert [(one["id"], one["message_count"]) for one in listed] == [(first, 4), (second, 4)]
    titled = desk.cli("sessions", "list", *person, "--title", "price").stdout
    assert second in titled
    assert first not in titled


@pytest.mark.parametrize(
    "options", [["-c", "--session", "as_x"], ["-c", "--recording", "rec_x"], ["-c", "--folder", "x"]]
)
def test_a_continued_session_keeps_its_recordings(desk: Place, person: tuple[str, ...], options: list[str]) -> None:
    check_mistake(desk.cli("ask", "x", *options, *person, check=False), 2)


def test_a_session_is_shown_with_its_citations(desk: Place, person: tuple[str, ...]) -> None:
    asked = json.loads(desk.cli("ask", QUESTION, *person, "--json").stdout)["session_id"]
    shown = json.loads(desk.cli("sessions", "show", asked, *person, "--json").stdout)
    assert [one["role"] for one in shown["messages"]] == ["user", "assistant"]
    text = desk.cli("sessions", "show", asked, *person).stdout
    assert f"> {QUESTION}" in text
    assert f"{LAUNCH}” [Kick-off @ 01:01]" in text


def test_anothers_session_is_unknown(desk: Place, person: tuple[str, ...], tmp_path: Path) -> None:
    others = ("--project", person[1], "--end-user", "grace")
    desk.cli("import", *written(tmp_path, {"Secret.json": native((0, "Grace's words."))}), *others)
    session = json.loads(desk.cli("ask", QUESTION, *others, "--json").stdout)["session_id"]
    check_mistake(desk.cli("sessions", "show", session, *person, check=False), 1)
    check_mistake(desk.cli("ask", "x", "--session", session, *person, check=False), 1)


# ---- citations in text -----------------------------------------------------------------------------

ONE, TWO = CitationPart("rec_1", 1_000), CitationPart("rec_2", 61_000)
NAMES = {"rec_1": "One", "rec_2": None}


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (["Said so.", ONE], "Said so. [One @ 00:01]"),
        (["“Said so.”", ONE, "\nMore.", TWO, "\n"], "“Said so.” [One @ 00:01]\nMore. [rec_2 @ 01:01]"),
        (["“Said", ONE, " so.”", "\n\n"], "“Said so.” [One @ 00:01]"),
        (["“Said", ONE, " so", ONE, "”, she said."], "“Said so” [One @ 00:01], she said."),
        (["“Said", ONE, " so", TWO, "”"], "“Said [One @ 00:01] so” [rec_2 @ 01:01]"),
        (["“Never closed", ONE, " here\nNext."], "“Never closed [One @ 00:01] here\nNext."),
        (["“Never closed", ONE, " here"], "“Never closed [One @ 00:01] here"),
        (["Both", ONE, TWO, "."], "Both [One @ 00:01] [rec_2 @ 01:01]."),
        ([ONE], " [One @ 00:01]"),
        (["\n\n"], ""),
    ],
)
@pytest.mark.parametrize("is_split", [False, True])
def test_a_citation_is_behind_the_closing_quotation_mark(
    parts: list[str | CitationPart], shown: str, is_split: bool
) -> None:
    text = AnswerText()
    pieces = []
    for part in parts:
        if isinstance(part, CitationPart):
            pieces.append(text.add_citation(part, NAMES[part.recording_id]))
        else:
            pieces += [text.add_text(one) for one in (part if is_split else [part])]
    assert "".join([*pieces, text.end()]) == shown


def test_text_outside_quotations_is_printed_at_once() -> None:
    text = AnswerText()
    assert text.add_text("Said") == "Said"
    assert text.add_citation(ONE, "One") == " [One @ 00:01]"
    assert text.add_text(" and") == " and"
