"""The page of decisions, action items and open questions across recordings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import MEETING, Library, Visitor, new_library
from tests.server import Server

LATER = [("Hanneke", "I will call the printer tomorrow and ask for the price."), *MEETING[2:4]]


@pytest.fixture(scope="module")
def meetings(server: Server) -> Iterator[Library]:
    """Two recordings that were summarised."""
    library = new_library(server)
    for name, lines, day in (("Launch", MEETING, "2026-06-25"), ("Printer", LATER, "2026-06-28")):
        library.summary(library.record(name, lines, recorded_at=f"{day}T14:00:00Z"))
    yield library
    library.api.close()


def test_the_navigation_leads_to_what_was_decided(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/ask", key=meetings.key)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Decisions").click()
    expect(page.get_by_role("heading", name="Decisions", level=1)).to_be_focused()
    expect(page.locator(".items li").first).to_contain_text("the ninth of June")
    page.get_by_role("link", name="Open questions").click()
    expect(page.locator(".items li").first).to_contain_text("Who pays for the new wheels?")


def test_what_is_to_do_is_listed_by_recording_newest_first(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/decisions?kind=action_item", key=meetings.key)
    expect(page.locator(".item-group h3 a")).to_have_text(["Printer", "Launch"])
    expect(page.get_by_role("link", name="To do")).to_have_attribute("aria-current", "page")


def test_items_are_narrowed_to_a_person_and_to_days(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/decisions?kind=action_item", key=meetings.key)
    page.get_by_label("Person").select_option("Klaas")
    expect(page.locator(".items li")).to_have_count(1)
    expect(page.locator(".items li")).to_contain_text("I will write to the dealers")
    page.get_by_label("Person").select_option("Anyone")
    page.get_by_label("Recorded until").fill("2026-06-25")
    expect(page.locator(".item-group h3 a")).to_have_text(["Launch"])
    page.get_by_label("Recorded until").fill("2026-06-28")
    page.get_by_label("Recorded from").fill("2026-06-28")
    expect(page.locator(".item-group h3 a")).to_have_text(["Printer"])
    page.get_by_label("Recorded from").fill("2026-07-01")
    expect(page.locator(".empty")).to_contain_text("No item matches these filters.")


def test_an_item_opens_its_moment_beside_the_list(visitor: Visitor, meetings: Library) -> None:
    page = visitor.open("/decisions?kind=action_item", key=meetings.key)
    moment = page.locator(".items li", has_text="I will write to the dealers").locator(".moment")
    moment.click()
    expect(page.locator("beside-panel .line.is-marked")).to_contain_text("I will write to the dealers")
    page.keyboard.press("Escape")
    expect(moment).to_be_focused()


def test_without_summaries_the_page_says_where_they_come_from(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/decisions", key=library.key)
    expect(page.get_by_role("heading", name="No decisions")).to_be_visible()
    page.get_by_role("link", name="Automatic summaries").click()
    expect(page.get_by_role("heading", name="The whole project")).to_be_visible()


def test_a_long_list_is_shown_in_parts(visitor: Visitor, library: Library) -> None:
    summary = library.summary(library.record("Launch", MEETING))
    output = {**summary["output"], "action_items": [f"Errand {number}" for number in range(60)]}
    library.api.patch(f"/v1/summaries/{summary['id']}", json={"output": output}).raise_for_status()
    page = visitor.open("/decisions?kind=action_item", key=library.key)
    expect(page.locator(".items li")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".items li")).to_have_count(60)
    expect(page.locator(".item-group")).to_have_count(1)
    expect(page.locator(".items li").last).to_have_text("Errand 59")


def test_recordings_without_a_summary_are_counted_and_summarised(visitor: Visitor, library: Library) -> None:
    library.summary(library.record("Launch", MEETING, recorded_at="2026-06-25T14:00:00Z"))
    for name, hour in (("Printer", 14), ("Again", 15)):
        library.record(name, LATER, recorded_at=f"2026-06-28T{hour}:00:00Z")
    library.record("No transcript", None)
    page = visitor.open("/decisions?kind=action_item", key=library.key)
    missing = page.locator("missing-summaries")
    expect(missing).to_contain_text("2 recordings have no summary yet")
    missing.get_by_role("button", name="Summarise all 2").click()
    expect(page.locator(".item-group h3 a")).to_have_text(["Again", "Printer", "Launch"])
    expect(missing).to_be_empty()
    assert len(library.api.get("/v1/summaries").json()["data"]) == 3


def test_summarising_all_can_be_stopped(visitor: Visitor, library: Library) -> None:
    for at in range(2):
        library.record(f"Meeting {at}", LATER)
    page = visitor.open("/decisions", key=library.key)
    missing = page.locator("missing-summaries")
    held: list[Route] = []
    page.route(
        "**/v1/summaries", lambda route: held.append(route) if route.request.method == "POST" else route.fallback()
    )
    missing.get_by_role("button", name="Summarise all 2").click()
    expect(missing).to_contain_text("0 of 2 done")
    missing.get_by_role("button", name="Stop").click()
    expect(missing).to_contain_text("2 recordings have no summary yet")


def test_a_library_whose_recordings_have_summaries_says_nothing_of_missing_ones(
    visitor: Visitor, meetings: Library
) -> None:
    page = visitor.open("/decisions", key=meetings.key)
    with page.expect_response("**/v1/summaries?*"):
        page.reload()
    expect(page.locator(".items li").first).to_be_visible()
    expect(page.locator("missing-summaries")).to_be_empty()
