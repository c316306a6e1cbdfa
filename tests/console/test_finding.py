"""Finding: words in chats, who speaks in results, orders and filters of recordings, and when they were held."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.console.conftest import BOARD, DEALERS, MEETING, Library, Visitor
from tests.console.test_access import axe


def test_words_of_a_message_are_found_in_the_chats_and_open_it_there(visitor: Visitor, library: Library) -> None:
    library.record("Board call", BOARD, recorded_at="2026-06-25T14:00:00Z")
    session = library.session(title="About money", question="What does the trailer cost?")["session_id"]
    library.session(title="Nothing else")
    page = visitor.open("/recordings", key=library.key)
    page.get_by_role("searchbox", name="Search chats").fill("trailer co")
    found = page.get_by_role("region", name="In messages").get_by_role("link")
    expect(found).to_have_count(1)
    expect(found.locator("mark")).to_have_text(["trailer", "cost"])
    expect(page.locator("session-list")).to_contain_text("No title matches.")
    assert axe(page) == []
    found.click()
    expect(page).to_have_url(re.compile(rf"/ask/{session}\?message=msg_"))
    expect(page.locator(".question.is-found")).to_be_focused()
    page.get_by_role("searchbox", name="Search chats").fill("zeppelin")
    expect(page.locator("session-list")).to_contain_text("No chat matches.")


def test_results_and_sources_show_who_says_what(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=how+do+the+dealers+take+the+price", key=ines.key)
    result = page.locator(".result", has_text="Call with Hanneke").first
    expect(result.locator(".chunk-speaker")).to_have_text([who for who, _ in DEALERS])
    session = ines.session(question="How do the dealers take the price?")["session_id"]
    page.goto(f"/console/ask/{session}")
    expect(page.locator(".source .chunk-speaker").first).to_be_visible()


def test_a_search_that_comes_near_nothing_says_so(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=zzzzqq", key=ines.key)
    expect(page.locator(".empty")).to_contain_text("Nothing in the transcripts comes near these words")


def test_recordings_stand_under_the_months_in_which_they_were_held(visitor: Visitor, library: Library) -> None:
    library.record("June", BOARD, recorded_at="2026-06-25T23:30:00-07:00")
    library.record("Undated", None)
    library.record("April", MEETING, recorded_at="2026-04-02T09:00:00Z")
    page = visitor.open("/recordings", key=library.key)
    expect(page.locator(".recordings-month")).to_have_text(["June 2026", "April 2026", "Date unknown"])
    expect(page.locator(".recording-facts").first).to_contain_text("25 Jun 2026")
    page.get_by_label("Order").select_option("Name")
    expect(page.locator(".recording-title")).to_have_text(["April", "June", "Undated"])
    expect(page.locator(".recordings-month")).to_have_count(0)
    page.get_by_role("button", name="Filter recordings").click()
    page.get_by_label("Who speaks").fill("Klaas")
    expect(page.locator(".recording-title")).to_have_text(["April", "June"])
    page.get_by_label("Recorded from").fill("2026-05-01")
    expect(page.locator(".recording-title")).to_have_text(["June"])
    assert axe(page) == []


def test_the_date_of_a_recording_is_changed_by_the_clock_of_its_place(visitor: Visitor, library: Library) -> None:
    recording = library.record("June", BOARD, recorded_at="2026-06-25T23:30:00-07:00")
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    expect(page.locator(".reader-facts")).to_contain_text("25 Jun 2026")
    page.get_by_role("button", name="Change the date").click()
    expect(page.get_by_label("Time")).to_have_value("23:30")
    page.get_by_label("Day").fill("2026-06-24")
    assert axe(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".reader-facts")).to_contain_text("24 Jun 2026")
    assert library.api.get(f"/v1/recordings/{recording}").json()["recorded_at"] == "2026-06-25T06:30:00Z"
    page.get_by_role("button", name="Change the date").click()
    page.get_by_label("Day").fill("")
    page.keyboard.press("Enter")
    expect(page.locator(".reader-facts")).to_contain_text("Date unknown")
    assert library.api.get(f"/v1/recordings/{recording}").json()["recorded_at"] is None
