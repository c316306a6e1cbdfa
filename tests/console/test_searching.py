"""Search: highlighted results, the parts of their scores, and a chat about their recordings."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Library, Visitor


def test_search_runs_while_typing_and_highlights_the_words(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search", key=ines.key)
    page.get_by_role("searchbox", name="Search transcripts").fill("launch prices")
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


def test_a_chat_can_be_started_about_the_results_recordings(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=launch", key=ines.key)
    page.get_by_role("button", name="Ask about").click()
    expect(page.get_by_role("button", name="Recordings to use")).to_contain_text("2 recordings")


def test_a_search_is_filtered_by_speaker_and_date(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=launch", key=ines.key)
    expect(page.locator(".result").first).to_be_visible()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Recorded from").fill("2026-06-26")
    expect(page.locator(".results")).to_contain_text("in 1 recording")
    page.get_by_label("Speaker").fill("Nobody")
    expect(page.locator(".results")).to_contain_text("Nothing found")


def test_a_chat_about_the_results_of_one_speaker_is_about_what_they_say(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search?q=launch", key=ines.key)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Speaker").fill("Hanneke")
    expect(page.locator(".results")).to_contain_text("in 1 recording")
    page.get_by_role("button", name="Ask about").click()
    expect(page.get_by_role("button", name="Recordings to use: Call with Hanneke · Hanneke")).to_be_visible()


def test_an_empty_search_explains_itself(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search", key=ines.key)
    expect(page.locator(".empty")).to_contain_text("By words and by meaning")
