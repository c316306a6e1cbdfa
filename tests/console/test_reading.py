"""The reader: speakers, search, keys, the timeline, and a very long transcript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import BOARD, Library, Visitor, native


def _long(route: Route) -> None:
    """Respond with the same transcription, but 20,000 segments."""
    answer = route.fetch()
    segments = [{"start": at * 2.0, "end": at * 2.0 + 1.5, "speaker": f"Speaker {at % 5}",
                 "text": f"Sentence number {at} about {'wheels' if at % 1000 == 7 else 'boats'}."}
                for at in range(20_000)]  # fmt: skip
    route.fulfill(response=answer, json={**answer.json(), "segments": segments})


@pytest.fixture
def board(visitor: Visitor, ines: Library) -> Page:
    recording = next(one["id"] for one in ines.api.get("/v1/recordings").json()["data"] if one["name"] == "Board call")
    return visitor.open(f"/recordings/{recording}", key=ines.key)


def test_speakers_are_named_and_each_has_a_lane(board: Page) -> None:
    expect(board.locator(".line-speaker")).to_have_text([who for who, _ in BOARD])
    expect(board.locator(".legend li")).to_have_text(["Ruth", "Ines", "Klaas"])
    expect(board.locator("timeline-picture path[class^=speaker]")).to_have_count(3)


def test_text_is_found_in_a_transcript_and_matches_can_be_stepped_through(board: Page) -> None:
    find = board.get_by_label("Find in this transcript")
    find.fill("THE")
    expect(board.locator(".find-count")).to_have_text("1 of 5")
    expect(board.locator("mark").first).to_have_text("the")
    find.press("Enter")
    expect(board.locator(".find-count")).to_have_text("2 of 5")
    find.press("Shift+Enter")
    find.press("Shift+Enter")
    expect(board.locator(".find-count")).to_have_text("5 of 5")
    find.fill("xyz")
    expect(board.locator(".find-count")).to_have_text("no matches")


def test_keys_jump_by_segment_and_by_speaker(board: Page) -> None:
    board.locator(".transcript").focus()
    marked = board.locator(".line.is-marked .line-text")
    for key, words in (
        ("j", BOARD[0][1]),
        ("ArrowDown", BOARD[1][1]),
        ("n", BOARD[2][1]),
        ("k", BOARD[1][1]),
        ("End", BOARD[4][1]),
    ):
        board.keyboard.press(key)
        expect(marked).to_have_text(words)
    board.keyboard.press("/")
    expect(board.get_by_label("Find in this transcript")).to_be_focused()


def test_the_timeline_is_a_slider_that_moves_the_text(board: Page) -> None:
    slider = board.get_by_role("slider", name="Who spoke when")
    slider.focus()
    board.keyboard.press("End")
    expect(board.locator(".line.is-marked")).to_contain_text(BOARD[4][1])
    assert slider.get_attribute("aria-valuetext") == "0:29, Ruth"
    board.keyboard.press("Home")
    expect(board.locator(".line.is-marked")).to_contain_text(BOARD[0][1])


def test_a_chat_about_a_recording_begins_on_its_page(board: Page) -> None:
    board.get_by_role("button", name="Ask about this").click()
    expect(board.get_by_role("button", name="Recordings to use")).to_contain_text("Board call")


def test_a_transcript_being_processed_appears_when_it_is_ready(visitor: Visitor, library: Library) -> None:
    recording = library.record("Soon", None)
    page = visitor.open("/recordings", key=library.key)
    row = {"status": "processing", "error_message": None}
    page.route("**/v1/transcriptions?*", lambda route: route.fulfill(json={"data": [row], "has_more": False}))
    page.locator(".recording").click()
    expect(page.locator(".empty")).to_contain_text("The transcript is being processed")
    library.api.put(f"/v1/recordings/{recording}/transcript", json=native(BOARD)).raise_for_status()
    expect(page.locator(".transcript")).to_contain_text(BOARD[0][1])


def test_of_20000_segments_only_few_are_in_the_page(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/recordings", key=ines.key)
    page.route("**/v1/transcriptions/*", _long)
    page.locator(".recording").first.click()
    expect(page.locator(".line").first).to_contain_text("Sentence number 0 ")
    page.locator(".transcript").press("End")
    expect(page.locator(".line").last).to_contain_text("Sentence number 19999 ")
    assert page.locator(".line").count() < 120
    page.get_by_label("Find in this transcript").fill("wheels")
    expect(page.locator(".find-count")).to_have_text(re.compile("of 20$"))
    expect(page.locator("mark").first).to_be_visible()
    page.locator(".transcript").press("Home")
    expect(page.locator(".line.is-marked")).to_contain_text("Sentence number 0 ")
