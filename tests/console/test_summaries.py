"""The summary of a recording: made, read beside the transcript, corrected, copied."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.conftest import MEETING, Library, Visitor
from tests.console.test_access import WINDOWS, axe

PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def recording(library: Library) -> str:
    """A recording that was not summarised yet."""
    return library.record("Launch", MEETING, recorded_at="2026-06-25T14:00:00Z")


def opened(visitor: Visitor, library: Library, recording: str, **window: Any) -> Page:
    """Open the summary tab of a recording."""
    page = visitor.open(f"/recordings/{recording}", key=library.key, **window)
    page.get_by_role("tab", name="Summary").click()
    return page


def field(page: Page, name: str) -> Locator:
    """The section of a field."""
    return page.locator(".summary-field").filter(has=page.get_by_role("heading", name=name, exact=True))


def test_a_recording_is_summarised_by_one_button(visitor: Visitor, library: Library, recording: str) -> None:
    page = opened(visitor, library, recording)
    expect(page.get_by_role("heading", name="No summary yet")).to_be_visible()
    page.get_by_role("button", name="Summarise").click()
    expect(field(page, "Action items").locator("li").first).to_contain_text("I'll tell the printer on Friday")
    expect(field(page, "Open questions")).to_contain_text("Who pays for the new wheels?")
    expect(field(page, "Participants").locator("li").first).to_have_text(re.compile("Ada|Grace|Klaas"))
    expect(page.locator(".summary-facts")).to_contain_text("Quoted from the transcript by the built-in summariser")


def test_a_bullet_shows_its_quote_and_opens_its_moment_beside_it(
    visitor: Visitor, library: Library, recording: str
) -> None:
    library.summary(recording)
    page = opened(visitor, library, recording)
    moment = field(page, "Action items").locator(".moment").last
    moment.hover()
    expect(page.get_by_role("tooltip")).to_have_text("“I will write to the dealers until Monday.”")
    page.mouse.move(0, 0)
    expect(page.get_by_role("tooltip")).to_be_hidden()
    moment.focus()
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator(".line.is-marked")).to_contain_text("I will write to the dealers")
    expect(moment).to_be_visible()


def test_on_a_phone_a_bullet_leads_to_the_transcript(visitor: Visitor, library: Library, recording: str) -> None:
    library.summary(recording)
    page = opened(visitor, library, recording, **PHONE)
    expect(page.locator(".transcript")).to_be_hidden()
    field(page, "Action items").locator(".moment").last.click()
    expect(page.get_by_role("tab", name="Transcript")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".line.is-marked")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_chapters_jump_to_where_they_begin(visitor: Visitor, library: Library, recording: str) -> None:
    chapters = library.summary(recording)["output"]["chapters"]
    page = opened(visitor, library, recording)
    chapter = page.locator(".chapter").first
    expect(chapter).to_contain_text(chapters[0]["title"])
    chapter.click()
    expect(page.locator(".line.is-marked")).to_contain_text("The wheels are three weeks late")


def test_another_template_gives_another_summary_and_both_can_be_read(
    visitor: Visitor, library: Library, recording: str
) -> None:
    library.summary(recording)
    page = opened(visitor, library, recording)
    page.get_by_role("button", name="Summarise again").click()
    page.get_by_role("listbox").select_option("Sales call")
    page.get_by_role("dialog").get_by_role("button", name="Summarise").click()
    expect(field(page, "Next steps")).to_contain_text("I will write to the dealers")
    page.get_by_label("Summary by").select_option(index=1)
    expect(field(page, "Action items")).to_be_visible()


def test_a_summary_that_failed_says_why_and_can_be_tried_again(visitor: Visitor, library: Library) -> None:
    recording = library.record("Hello", [("Ada", "Hello.")])
    page = opened(visitor, library, recording)
    page.get_by_role("button", name="Summarise").click()
    expect(page.get_by_role("alert")).to_have_text("The transcript is too short to be summarised.")
    expect(page.get_by_role("button", name="Summarise")).to_be_enabled()


def test_a_summary_that_is_being_written_shows_so_and_then_appears(
    visitor: Visitor, library: Library, recording: str
) -> None:
    library.summary(recording)
    held = [True]

    def hold(route: Route) -> None:
        answer = route.fetch()
        one = answer.json()
        route.fulfill(response=answer, json=one | {"status": "processing", "output": None} if held[0] else one)

    page = visitor.open(f"/recordings/{recording}", key=library.key)
    page.route("**/v1/summaries/sum_*", hold)
    page.get_by_role("tab", name="Summary").click()
    expect(page.get_by_role("progressbar", name="Writing the summary…")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    held[0] = False
    expect(field(page, "Action items")).to_be_visible()


def test_a_correction_is_stored_and_what_stays_keeps_its_moment(
    visitor: Visitor, library: Library, recording: str
) -> None:
    made = library.summary(recording)
    items = made["output"]["action_items"]
    page = opened(visitor, library, recording)
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("textbox", name="Summary", exact=True)).to_be_focused()
    page.get_by_label("Action items, 1", exact=True).fill("Grace tells the printer.")
    page.get_by_role("button", name="Remove Action items, 2", exact=True).click()
    page.locator("fieldset").filter(has_text="Action items").get_by_role("button", name="Add an item").click()
    page.keyboard.type("Order paper.")
    page.get_by_role("button", name="Save summary").click()
    shown = field(page, "Action items").locator("li")
    expect(shown.first).to_have_text("Grace tells the printer.")
    expect(shown.last).to_have_text("Order paper.")
    expect(shown.nth(1).locator(".moment")).to_have_text("0:24")
    stored = library.api.get(f"/v1/summaries/{made['id']}").json()["output"]
    assert stored["action_items"] == ["Grace tells the printer.", items[-1], "Order paper."]
    assert {**stored, "action_items": items} == made["output"]


def test_a_summary_is_copied_as_markdown(visitor: Visitor, library: Library, recording: str) -> None:
    library.summary(recording)
    page = opened(visitor, library, recording)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.locator(".toasts")).to_contain_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# Launch\n\n## Summary\n")
    assert "\n- Klaas: “I will write to the dealers until Monday.” [0:24]\n" in copied


def test_the_tabs_are_moved_through_by_arrow_keys(visitor: Visitor, library: Library, recording: str) -> None:
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    page.get_by_role("tab", name="Transcript").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Summary")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Summary")).to_be_visible()


@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_in_a_summary(
    visitor: Visitor, library: Library, recording: str, window: dict[str, Any]
) -> None:
    page = opened(visitor, library, recording, **window)
    expect(page.get_by_role("button", name="Summarise")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Summarise").click()
    moment = page.locator(".moment").first
    moment.focus()
    expect(page.get_by_role("tooltip")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("button", name="Save summary")).to_be_visible()
    assert axe(page) == []
