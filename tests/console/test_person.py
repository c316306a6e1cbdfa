"""The page of somebody who speaks in recordings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.conftest import MEETING, Library, Visitor, new_library
from tests.console.test_access import axe
from tests.server import Server

LATER = [("Ada", "I will call the printer tomorrow and ask for the price."), *MEETING[2:4]]
PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def meetings(server: Server) -> Iterator[Library]:
    """Two recordings of two months that were summarised, and one that a machine heard."""
    library = new_library(server)
    for name, lines, day in (("Launch", MEETING, "2026-05-25"), ("Printer", LATER, "2026-06-28")):
        library.summary(library.record(name, lines, recorded_at=f"{day}T14:00:00Z"))
    library.record("Heard", [("SPEAKER_0", "Good morning.")], recorded_at="2026-04-01T14:00:00Z")
    yield library
    library.api.close()


def test_a_speakers_name_on_the_reading_page_leads_to_where_they_speak_by_month(
    visitor: Visitor, meetings: Library
) -> None:
    page = visitor.open("/recordings", key=meetings.key)
    page.get_by_role("link", name="Launch").click()
    page.locator(".legend").get_by_role("link", name="Ada").click()
    expect(page.get_by_role("heading", name="Ada", level=1)).to_be_focused()
    expect(page.locator(".person-facts p")).to_have_text("Speaks in 2 recordings · 20 s · last on 28 Jun 2026")
    expect(page.get_by_role("main").get_by_role("heading", level=2)).to_have_text(["June 2026", "May 2026"])
    expect(page.locator(".recording-title")).to_have_text(["Printer", "Launch"])


def test_the_dialog_that_renames_a_speaker_leads_to_their_page_too(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/recordings", key=meetings.key)
    page.get_by_role("link", name="Launch").click()
    page.get_by_role("button", name="Klaas", exact=True).click()
    page.get_by_role("dialog").get_by_role("link", name="All that Klaas says").click()
    expect(page.get_by_role("heading", name="Klaas", level=1)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_somebody_said_is_searched_and_others_words_are_not_found(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/person?name=Klaas", key=meetings.key)
    page.get_by_label("Search what Klaas said").fill("dealers")
    expect(page.locator(".result")).to_have_count(1)
    page.locator(".result-head").click()
    expect(page.locator("beside-panel .line").first).to_be_visible()
    page.get_by_label("Search what Klaas said").fill("zzzzqq")
    expect(page.locator(".empty")).to_contain_text("Klaas says nothing that comes near these words.")


def test_a_chat_about_what_somebody_said_begins_on_their_page(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/person?name=Klaas", key=meetings.key)
    page.get_by_role("button", name="Ask about what Klaas said").click()
    expect(page.get_by_role("button", name="Recordings to use: Everything · Klaas")).to_be_visible()
    page.get_by_role("textbox", name="Question").fill("Who moves the launch?")
    page.keyboard.press("Enter")
    expect(page.locator(".scope-fixed")).to_have_text("Everything · Klaas")
    newest = meetings.api.get("/v1/ask/sessions", params={"end_user_id": meetings.end_user_id}).json()["data"][0]
    assert newest["scope"]["speaker"] == "Klaas"


def test_what_somebody_promised_is_listed_by_month_with_its_moment(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/person?name=Ada", key=meetings.key)
    page.get_by_role("link", name="To do").click()
    expect(page.locator(".items li")).to_have_count(1)
    expect(page.locator(".items li")).to_contain_text("I will call the printer tomorrow")
    expect(page.get_by_role("main").get_by_role("heading", level=2)).to_have_text(["June 2026"])
    page.locator(".items .moment").click()
    expect(page.locator("beside-panel .line.is-marked")).to_contain_text("I will call the printer")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Said").click()
    expect(page.locator(".recording-title")).to_have_text(["Printer", "Launch"])


def test_an_item_of_the_decisions_leads_to_whose_it_is(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/decisions?kind=action_item", key=meetings.key)
    expect(page.get_by_role("main").get_by_role("heading", level=2)).to_have_text(["June 2026", "May 2026"])
    page.locator(".items li", has_text="I will write to the dealers").get_by_role("link", name="Klaas").click()
    expect(page.get_by_role("heading", name="Klaas", level=1)).to_be_visible()


def test_a_machines_label_is_called_one_and_a_name_that_nobody_has_says_so(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/person?name=SPEAKER_0", key=meetings.key)
    expect(page.locator(".person-facts")).to_contain_text("A machine wrote this label")
    page.goto("/console/person?name=Nobody")
    expect(page.locator(".person-facts")).to_have_text("Nobody of this name speaks in the recordings.")


@pytest.mark.parametrize("kind", ["", "&kind=action_item"])
def test_axe_finds_nothing_on_a_phone_and_nothing_is_wider_than_it(
    visitor: Visitor, meetings: Library, kind: str
) -> None:
    page = visitor.open(f"/person?name=Ada{kind}", key=meetings.key, **PHONE)
    expect(page.locator(".recordings-month").first).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 375
