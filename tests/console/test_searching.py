"""Searching: moments with their words highlighted, why they were found, and on to a chat about them."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Library, Visitor


def test_moments_are_found_as_one_types_with_their_words_highlighted(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search", key=ines.key)
    page.get_by_role("searchbox", name="What was said").fill("launch prices")
    expect(page.locator(".result mark").first).to_be_visible()
    assert {one.lower() for one in page.locator(".result mark").all_inner_texts()} == {"launch", "price"}
    assert "q=launch+prices" in page.url


def test_a_result_opens_at_its_moment(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=covers+stuck+in+Piraeus", key=ines.key)
    page.locator(".result-head").first.click()
    expect(page.locator("beside-panel .line.is-marked")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".result-head").first).to_be_focused()


def test_why_a_moment_was_found_is_shown_on_demand(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=launch", key=ines.key)
    page.locator(".score summary").first.click()
    expect(page.locator(".score dl").first).to_contain_text("Meaning")


def test_results_become_a_chat_about_their_recordings(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=launch", key=ines.key)
    page.get_by_role("button", name="Ask about").click()
    expect(page.get_by_role("button", name="What to look at")).to_contain_text("2 recordings")


def test_a_search_is_narrowed_by_speaker_and_date(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=launch", key=ines.key)
    expect(page.locator(".result").first).to_be_visible()
    page.get_by_text("Narrow down").click()
    page.get_by_label("Recorded from").fill("2026-06-26")
    expect(page.locator(".results")).to_contain_text("in 1 recording")
    page.get_by_label("Speaker").fill("Nobody")
    expect(page.locator(".results")).to_contain_text("Nothing found")


def test_an_empty_search_says_what_it_does(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search", key=ines.key)
    expect(page.locator(".empty")).to_contain_text("By words and by meaning")
