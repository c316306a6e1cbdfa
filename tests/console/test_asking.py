"""Asking: from a question to an answer whose citations open the cited words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import BOARD, Library, Visitor

QUESTION = "When did we move the launch?"


def _ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Question").fill(question)
    page.keyboard.press("Enter")


def test_a_question_is_answered_with_citations_and_sources_beside_it(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    expect(page.locator("answer-view")).to_contain_text("fourteenth of July")
    expect(page.locator(".citation").first).to_have_text("Board call · 0:06")
    expect(page.get_by_role("complementary", name="Sources")).to_contain_text("covers got stuck in Piraeus")
    expect(page).to_have_url(re.compile(r"/console/ask/as_\w+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(QUESTION)
    expect(page.locator("session-list a.session").first).to_contain_text(QUESTION)


def test_the_words_that_answer_most_directly_are_highlighted(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    expect(page.locator("answer-view .answer-key")).to_have_count(1)
    expect(page.locator("answer-view .answer-key")).to_contain_text("fourteenth of July")
    assert page.locator("answer-view .answer-key").evaluate("one => Number(getComputedStyle(one).fontWeight)") > 500


def test_each_quoted_turn_has_one_citation_after_its_quote_mark(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    expect(page.locator("answer-view .answer-key")).to_be_visible()
    for turn in page.locator("answer-view p:has(.citation)").all():
        assert turn.locator(".citation").count() == 1
        assert "” " in turn.inner_text() or "”\xa0" in turn.inner_text()


def test_suggested_first_questions_are_answered_by_the_library(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    offers = page.locator(".greeting .suggestion")
    expect(offers.first).to_be_visible()
    asked = offers.first.inner_text()
    offers.first.click()
    page.keyboard.press("Enter")
    expect(page.locator(".question").last).to_contain_text(asked)
    expect(page.locator("answer-view .citation").first).to_be_visible()


def test_a_citation_opens_the_recording_at_its_moment_with_the_words_marked(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    page.locator(".citation").first.click()
    marked = page.locator("beside-panel .line.is-marked")
    expect(marked).to_contain_text("We moved the launch to the fourteenth of July")
    expect(marked).to_have_class(re.compile("is-cited"))
    assert page.locator(".timeline-ticks path").count() >= 1
    page.keyboard.press("Escape")
    expect(page.locator(".citation").first).to_be_focused()


def test_a_citation_is_a_link_that_works_in_a_window_of_its_own(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    href = page.locator(".citation").first.get_attribute("href")
    assert href
    other = visitor.open(href.removeprefix("/console"), key=ines.key)
    expect(other.locator(".line.is-marked")).to_contain_text("fourteenth of July")
    expect(other.locator(".timeline-ticks path")).to_have_count(1)


def test_an_answer_is_copied_as_markdown_with_named_moments(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.locator(".toasts")).to_contain_text("Copied.")
    assert "[Board call · 0:06]" in page.evaluate("navigator.clipboard.readText()")


def test_a_chat_about_selected_recordings_shows_them(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    page.get_by_role("button", name="Recordings to use").click()
    page.get_by_role("checkbox", name="Call with Hanneke").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name="Recordings to use")).to_contain_text("Call with Hanneke")
    _ask(page, "Who has cancelled?")
    expect(page.locator("answer-view")).to_contain_text("Two have cancelled")
    expect(page.locator(".scope-fixed")).to_contain_text("Call with Hanneke")


def test_a_chat_about_what_one_person_says_cites_only_them(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    page.get_by_role("button", name="Recordings to use").click()
    page.get_by_role("dialog").get_by_label("Only what this person says").fill("Ruth")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name="Recordings to use: Everything · Ruth")).to_be_visible()
    _ask(page, QUESTION)
    expect(page.get_by_role("button", name="Answer again")).to_be_enabled()
    expect(page.locator("answer-view")).not_to_contain_text("fourteenth of July")
    expect(page.locator(".scope-fixed")).to_have_text("Everything · Ruth")
    expect(page.locator("session-list .session-about").first).to_contain_text("Everything · Ruth")
    _ask(page, "What will be written to the bank?")
    expect(page.locator("answer-view").last).to_contain_text("I will write to the bank on Monday")
    expect(page.locator("answer-view").last.locator(".citation").first).to_be_visible()


def test_an_answer_can_be_regenerated(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    page.get_by_role("button", name="Answer again").click()
    expect(page.locator("answer-view")).to_have_count(1)
    expect(page.locator("answer-view")).to_contain_text("fourteenth of July")
    expect(page.get_by_role("button", name="Answer again")).to_be_enabled()


def test_a_chat_is_unchanged_after_reloading_the_page(visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    _ask(page, QUESTION)
    expect(page.locator(".citation").first).to_have_text("Board call · 0:06")
    before = page.locator(".answer-body").all_text_contents()
    page.reload()
    expect(page.locator(".question")).to_contain_text(QUESTION)
    expect(page.locator(".citation").first).to_have_text("Board call · 0:06")
    assert page.locator(".answer-body").all_text_contents() == before


def test_a_recording_without_a_transcript_shows_the_next_step_and_saves_the_question(
    visitor: Visitor, library: Library
) -> None:
    recording = library.record("Silent", None)
    session = library.session(scope={"type": "recording", "recording_id": recording}, title="Silence")
    page = visitor.open(f"/ask/{session['id']}", key=library.key)
    _ask(page, "What was said?")
    expect(page.get_by_role("alert")).to_contain_text("no transcript yet")
    expect(page.get_by_role("link", name="Open the recording")).to_be_visible()
    library.api.put(f"/v1/recordings/{recording}/transcript", json={"segments": [
        {"start": 0, "end": 2, "speaker": "Ada", "text": "What was said was hello."}]}).raise_for_status()  # fmt: skip
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("answer-view")).to_contain_text("hello")
    expect(page.locator(".question")).to_have_count(1)


def test_a_new_answer_is_visible_together_with_its_question(visitor: Visitor, ines: Library) -> None:
    session = ines.session(question=QUESTION)["session_id"]
    for _ in range(4):
        ines.api.post(f"/v1/ask/sessions/{session}/messages", json={"content": QUESTION}).raise_for_status()
    page = visitor.open(f"/ask/{session}", key=ines.key, viewport={"width": 1280, "height": 640})
    expect(page.locator("answer-view")).to_have_count(5)
    _ask(page, "What happens to the price?")
    expect(page.locator("answer-view")).to_have_count(6)
    expect(page.locator("answer-view").last.locator(".citation").first).to_be_in_viewport()
    expect(page.locator(".question").last).to_be_in_viewport()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_name_neither_widens_the_sources_nor_hides_their_times(
    visitor: Visitor, library: Library, width: int
) -> None:
    library.record("The meeting of all owners of the house about the roof, the cellar and the summer party " * 2, BOARD)
    page = visitor.open(key=library.key, viewport={"width": width, "height": 800})
    _ask(page, QUESTION)
    expect(page.get_by_role("button", name="Copy as Markdown")).to_be_visible()  # the sources are drawn no more
    if width < 1000:
        page.get_by_role("button", name=re.compile("source")).first.click()
    time = page.locator(".source-time").first
    expect(time).to_be_visible()
    box = time.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    assert page.locator(".sources").evaluate("(one) => one.scrollWidth <= one.parentElement.clientWidth + 20")
