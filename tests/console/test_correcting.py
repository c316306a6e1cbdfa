"""Correcting in the reader: speakers' names, here and everywhere, and words, with undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import BOARD, DEALERS, Library, Visitor
from tests.console.test_access import axe


class Desk:
    """A recording that is open in the reader, and what the API says of it."""

    def __init__(self, visitor: Visitor, library: Library, lines: list[tuple[str, str]] = BOARD) -> None:
        self.library = library
        self.recording = library.record("Board call", lines)
        self.page = visitor.open(f"/recordings/{self.recording}", key=library.key)
        expect(self.page.locator(".line")).to_have_count(len(lines))

    def transcript(self, recording: str | None = None) -> dict[str, Any]:
        one = self.library.api.get(f"/v1/recordings/{recording or self.recording}").json()["transcription_id"]
        return dict(self.library.api.get(f"/v1/transcriptions/{one}").json())

    def speakers(self, recording: str | None = None) -> list[str]:
        return [one["speaker"] for one in self.transcript(recording)["segments"]]

    def correct(self, recording: str | None = None, **changes: Any) -> None:
        one = self.transcript(recording)
        body = {"revision": one["revision"], **changes}
        self.library.api.patch(f"/v1/transcriptions/{one['id']}", json=body).raise_for_status()

    def history(self) -> list[dict[str, Any]]:
        path = f"/v1/transcriptions/{self.transcript()['id']}/history"
        return list(self.library.api.get(path).json()["data"])

    def rename(self, name: str, to: str, *, everywhere: bool = False) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()
        dialog = self.page.get_by_role("dialog", name=f"Rename {name}")
        dialog.get_by_role("combobox", name="Name").fill(to)
        if everywhere:
            dialog.get_by_label("In all recordings").check()
        dialog.get_by_role("button", name="Save").click()


@pytest.fixture
def desk(visitor: Visitor, library: Library) -> Desk:
    return Desk(visitor, library)


@pytest.fixture
def page(desk: Desk) -> Page:
    return desk.page


def test_a_speaker_is_renamed_by_its_name_and_undone(desk: Desk, page: Page) -> None:
    desk.rename("Ines", "Inês")
    expect(page.locator(".line-speaker")).to_have_text(["Ruth", "Inês", "Klaas", "Inês", "Ruth"])
    expect(page.locator(".legend li")).to_have_text(["Ruth", "Inês", "Klaas"])
    expect(page.locator(".toast")).to_contain_text("Ines is now Inês.")
    assert desk.speakers() == ["Ruth", "Inês", "Klaas", "Inês", "Ruth"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".line-speaker")).to_have_text([who for who, _ in BOARD])
    assert desk.speakers() == [who for who, _ in BOARD]


def test_giving_another_speakers_name_merges_the_two_and_undo_parts_them(desk: Desk, page: Page) -> None:
    page.get_by_role("button", name="Klaas", exact=True).click()
    page.get_by_role("combobox", name="Name").fill("Ines")
    expect(page.get_by_role("dialog")).to_contain_text("Klaas and Ines become one speaker.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".line-speaker")).to_have_text(["Ruth", "Ines", "Ruth"])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".line-speaker")).to_have_text([who for who, _ in BOARD])
    assert desk.speakers() == [who for who, _ in BOARD]


def test_a_speaker_is_renamed_in_all_recordings_of_the_person(desk: Desk, page: Page) -> None:
    second = desk.library.record("Call with Hanneke", DEALERS)
    desk.rename("Ines", "Inês", everywhere=True)
    expect(page.locator(".toast")).to_contain_text("Ines is now Inês in 2 recordings.")
    expect(page.locator(".line-speaker").nth(1)).to_have_text("Inês")
    other = desk.library.api.get(f"/v1/recordings/{second}").json()["transcription_id"]
    segments = desk.library.api.get(f"/v1/transcriptions/{other}").json()["segments"]
    assert [one["speaker"] for one in segments] == ["Hanneke", "Inês", "Hanneke"]


def test_a_rename_in_all_recordings_is_undone_in_just_those_and_parts_speakers_that_it_merged(
    desk: Desk, page: Page
) -> None:
    merged = desk.library.record("Two of them", [("Ines", "One."), ("Inês", "Two."), ("Ines", "Three.")])
    apart = desk.library.record("Only the other", [("Inês", "Alone.")])
    desk.rename("Ines", "Inês", everywhere=True)
    expect(page.locator(".toast")).to_contain_text("Ines is now Inês in 2 recordings.")
    assert desk.speakers(merged) == ["Inês", "Inês", "Inês"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("The correction was undone.")
    expect(page.locator(".line-speaker")).to_have_text([who for who, _ in BOARD])
    assert desk.speakers() == [who for who, _ in BOARD]
    assert (desk.speakers(merged), desk.speakers(apart)) == (["Ines", "Inês", "Ines"], ["Inês"])


def test_undoing_a_rename_leaves_a_recording_that_was_corrected_since(desk: Desk, page: Page) -> None:
    second = desk.library.record("Call with Hanneke", DEALERS)
    desk.rename("Ines", "Inês", everywhere=True)
    expect(page.locator(".toast")).to_contain_text("in 2 recordings")
    desk.correct(second, speakers={"Hanneke": "Hanna"})
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("Undone in 1 of 2 recordings.")
    assert desk.speakers() == [who for who, _ in BOARD]
    assert desk.speakers(second) == ["Hanna", "Inês", "Hanna"]


def test_a_machines_label_is_renamed_in_its_own_recording_only(visitor: Visitor, library: Library) -> None:
    heard = [("SPEAKER_0", "Good morning."), ("SPEAKER_1", "Hello."), ("Klaas", "Hi.")]
    other = library.record("Another call", heard)
    desk = Desk(visitor, library, heard)
    desk.page.get_by_role("button", name="SPEAKER_0", exact=True).click()
    dialog = desk.page.get_by_role("dialog", name="Rename SPEAKER_0")
    expect(dialog).to_contain_text("A machine wrote this label")
    expect(dialog.get_by_role("checkbox")).to_have_count(0)
    dialog.get_by_role("combobox", name="Name").fill("Ada")
    dialog.get_by_role("button", name="Save").click()
    expect(desk.page.locator(".line-speaker")).to_have_text(["Ada", "SPEAKER_1", "Klaas"])
    assert desk.speakers(other) == [who for who, _ in heard]
    desk.page.get_by_role("button", name="Klaas", exact=True).click()
    expect(desk.page.get_by_label("In all recordings")).to_be_visible()


def test_words_are_edited_in_place_by_a_double_click_found_and_undone(desk: Desk, page: Page) -> None:
    page.locator(".line-text").nth(2).dblclick()
    field = page.get_by_label("Text at 0:12")
    expect(field).to_be_focused()
    field.fill("I read both notes. They were short and honourable.")
    field.press("Enter")
    expect(page.locator(".line-text").nth(2)).to_have_text("I read both notes. They were short and honourable.")
    expect(page.locator(".transcript")).to_be_focused()
    page.get_by_label("Find in this transcript").fill("honourable")
    expect(page.locator(".find-count")).to_have_text("1 of 1")
    page.get_by_label("Find in this transcript").fill("")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".line-text").nth(2)).to_have_text(BOARD[2][1])
    assert desk.transcript()["segments"][2]["text"] == BOARD[2][1]


def test_everything_is_corrected_by_keys_and_escape_leaves_the_words(desk: Desk, page: Page) -> None:
    page.locator(".transcript").focus()
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.get_by_label("Text at 0:00")).to_be_focused()
    page.keyboard.type(" Nothing of this / stays j k.")
    page.keyboard.press("Escape")
    expect(page.locator(".line-text").first).to_have_text(BOARD[0][1])
    expect(page.locator(".transcript")).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_role("combobox", name="Name")).to_be_focused()
    page.keyboard.type("Ruth Meyer")
    page.keyboard.press("Enter")
    expect(page.locator(".line-speaker").first).to_have_text("Ruth Meyer")
    assert desk.transcript()["revision"] == 2


def marks(desk: Desk) -> list[int]:
    return [one["index"] for one in desk.transcript()["segments"] if one.get("is_unclear")]


def test_a_segment_is_marked_unclear_by_a_key_shown_so_and_undone(desk: Desk, page: Page) -> None:
    page.locator(".transcript").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("u")
    expect(page.locator(".line.is-unclear")).to_have_text(f"Ines0:06{BOARD[1][1]} unclear")
    expect(page.locator(".toast")).to_contain_text("Marked as unclear.")
    assert marks(desk) == [1]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".line.is-unclear")).to_have_count(0)
    assert marks(desk) == []
    page.locator(".transcript").focus()
    page.keyboard.press("u")
    expect(page.locator(".line.is-unclear")).to_have_count(1)
    page.reload()
    expect(page.locator(".line.is-unclear .line-text")).to_contain_text(BOARD[1][1])


def test_the_mark_is_set_and_taken_back_beside_the_words_that_are_edited(desk: Desk, page: Page) -> None:
    page.locator(".line-text").nth(2).dblclick()
    page.get_by_label("Text at 0:12").fill("I read both boats.")
    page.get_by_role("checkbox", name="Unclear").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".line.is-unclear .line-text")).to_have_text("I read both boats. unclear")
    assert marks(desk) == [2]
    assert axe(page) == []
    page.locator(".line-text").nth(2).dblclick()
    expect(page.get_by_role("checkbox", name="Unclear")).to_be_checked()
    page.get_by_role("checkbox", name="Unclear").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast").last).to_contain_text("No longer marked as unclear.")
    assert marks(desk) == []
    history = open_history(page)
    expect(history.locator(".history > li").first).to_contain_text("0:12 No longer marked as unclear")
    expect(history.locator(".history > li").nth(1)).to_contain_text("0:12 Marked as unclear")
    expect(history.locator(".history > li").nth(1)).to_contain_text("I read both boats.")


def test_an_empty_text_is_not_stored_and_the_same_text_changes_nothing(desk: Desk, page: Page) -> None:
    for text in ("  ", BOARD[0][1]):
        page.locator(".line-text").first.dblclick()
        page.get_by_label("Text at 0:00").fill(text)
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".line-text").first).to_have_text(BOARD[0][1])
    expect(page.locator(".toast")).to_contain_text("A segment can't be empty.")
    assert desk.transcript()["revision"] == 1


def test_a_transcript_that_somebody_else_corrected_is_read_again_and_says_so(desk: Desk, page: Page) -> None:
    desk.correct(speakers={"Klaas": "Klaus"})
    desk.rename("Ines", "Inês")
    expect(page.locator(".toast")).to_contain_text("Somebody else has changed this transcript meanwhile.")
    expect(page.locator(".line-speaker")).to_have_text(["Ruth", "Ines", "Klaus", "Ines", "Ruth"])
    desk.rename("Ines", "Inês")
    expect(page.locator(".line-speaker")).to_have_text(["Ruth", "Inês", "Klaus", "Inês", "Ruth"])


def test_a_key_that_may_only_read_is_told_so(visitor: Visitor, desk: Desk) -> None:
    token = desk.library.api.post(f"/v1/end-users/{desk.library.end_user_id}/tokens").json()["token"]
    page = visitor.open(f"/recordings/{desk.recording}", key=token)
    page.get_by_role("button", name="Klaas", exact=True).click()
    page.get_by_role("combobox", name="Name").fill("Klaus")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("transcriptions:write")
    expect(page.locator(".line-speaker").nth(2)).to_have_text("Klaas")


def open_history(page: Page) -> Locator:
    page.get_by_role("button", name="Actions for “Board call”").click()
    page.get_by_role("menuitem", name="History").click()
    return page.get_by_role("dialog", name="History")


def test_the_history_says_who_changed_what_newest_first_and_restores_a_segments_original_text(
    desk: Desk, page: Page
) -> None:
    history = open_history(page)
    expect(history).to_contain_text("Nobody has corrected this transcript.")
    history.get_by_role("button", name="Close").click()
    desk.correct(speakers={"Ines": "Inês"})
    desk.correct(segments=[{"index": 2, "text": "Once."}])
    desk.correct(segments=[{"index": 2, "text": "Twice."}, {"index": 4, "speaker": "Klaas"}])
    page.reload()
    history = open_history(page)
    expect(history.locator(".history > li")).to_have_count(3)
    newest, middle, oldest = (history.locator(".history > li").nth(at) for at in range(3))
    expect(newest).to_contain_text("Once.")
    expect(newest.locator("ins").first).to_have_text("Twice.")
    expect(newest).to_contain_text(f"Originally: {BOARD[2][1]}")
    expect(newest).to_contain_text("0:24 Ruth → Klaas")
    expect(middle.locator("del")).to_have_text(BOARD[2][1])
    expect(oldest).to_contain_text("Ines → Inês in 2 segments")
    actor = desk.history()[0]["actor"]
    label = {one["id"]: one["label"] for one in desk.library.api.get("/v1/keys").json()["data"]}[actor]
    expect(oldest).to_contain_text(f"by {label or actor}")
    assert axe(page) == []
    newest.get_by_role("button", name="Restore the original text at 0:12").click()
    expect(history.locator(".history > li")).to_have_count(4)
    expect(history.get_by_role("button", name="Restore")).to_have_count(0)
    history.get_by_role("button", name="Close").click()
    expect(page.locator(".line-text").nth(2)).to_have_text(BOARD[2][1])
    assert desk.transcript()["segments"][2]["text"] == BOARD[2][1]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".line-text").nth(2)).to_have_text("Twice.")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_while_one_corrects(visitor: Visitor, desk: Desk, scheme: Any, tmp_path: Path) -> None:
    page = visitor.open(f"/recordings/{desk.recording}", key=desk.library.key, color_scheme=scheme)
    page.locator(".line-text").nth(1).dblclick()
    expect(page.get_by_label("Text at 0:06")).to_be_focused()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Klaas", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert axe(page) == []
