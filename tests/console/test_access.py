"""Accessibility: axe finds nothing in any view, theme and width; everything works by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import Library, Visitor

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WINDOWS = [
    pytest.param({"color_scheme": "light"}, id="light, wide"),
    pytest.param(  # what only colours and widths add; `make test` has the views once
        {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}, "has_touch": True},
        id="dark, narrow",
        marks=pytest.mark.slow,
    ),
]
VIEWS = {
    "/ask": "h1",
    "/recordings": ".recording",
    "/search?q=launch": ".result",
    "/overview": ".chart",
    "/decisions?kind=action_item": ".moment",
    "/decisions?kind=open_question": "h1",
    "/person?name=Ines": ".recordings-month",
    "/person?name=Ines&kind=decision": "h1",
    "/settings/processing": ".switch",
    "/settings/models": ".model-reason",
    "/settings/shares": "share-settings .row",
    "/settings/limits": "limit-settings dl",
    "/settings/webhooks": ".adding",
    "/settings/apps": ".card",
    "/settings/devices": "device-settings p",
    "/settings/keys": "key-settings .card",
    "/settings/audit": "audit-settings table",
}


def axe(page: Page) -> list[str]:
    """Return what axe finds wrong."""
    page.wait_for_timeout(150)
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.fixture(params=WINDOWS)
def window(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


def test_axe_finds_nothing_in_the_views(visitor: Visitor, ines: Library, window: dict[str, Any]) -> None:
    (board,) = (one for one in ines.api.get("/v1/recordings").json()["data"] if one["name"] == "Board call")
    ines.summary(board["id"])
    ines.api.post("/v1/shares", json={"recording_id": board["id"]}).raise_for_status()
    page = visitor.open(key=ines.key, **window)
    for path, sign in VIEWS.items():
        page.goto(f"/console{path}")
        expect(page.locator(sign).first).to_be_visible()
        assert axe(page) == [], path


def test_axe_finds_nothing_in_a_chat_with_its_sources_and_a_recording(
    visitor: Visitor, ines: Library, window: dict[str, Any]
) -> None:
    session = ines.session(question="When did we move the launch?")["session_id"]
    page = visitor.open(f"/ask/{session}", key=ines.key, **window)
    expect(page.locator(".citation").first).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="sources").click()
    expect(page.locator(".source").first).to_be_visible()
    assert axe(page) == []
    page.locator(".source").first.click()
    expect(page.locator(".line").first).to_be_visible()
    assert axe(page) == []


def test_axe_finds_nothing_in_dialogs_menus_and_the_reading_page(
    visitor: Visitor, ines: Library, window: dict[str, Any]
) -> None:
    page = visitor.open("/ask", key=ines.key, **window)
    page.get_by_role("button", name="Recordings to use").click()
    expect(page.locator(".pick-list li").first).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Recordings to use")).to_be_focused()
    page.get_by_role("link", name="Recordings").click()
    page.get_by_role("button", name="Actions for “Board call”").click()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Board call").click()
    expect(page.locator(".line").first).to_be_visible()
    page.locator("curl-note summary").click()
    assert axe(page) == []


def test_axe_finds_nothing_on_the_sign_in_pages(visitor: Visitor, library: Library, window: dict[str, Any]) -> None:
    page = visitor.open("", **window)
    expect(page.get_by_label("Key or token")).to_be_visible()
    page.keyboard.press("Enter")
    assert axe(page) == []
    library.api.post("/v1/end-users", json={"external_id": "mara"})
    page = visitor.open("", key=library.key, **window)
    expect(page.locator(".person").first).to_be_visible()
    assert axe(page) == []


def test_a_question_can_be_asked_and_its_citation_opened_by_keyboard_alone(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/overview", key=ines.key)
    expect(page.locator(".chart").first).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.locator("body").press("Tab")
    page.get_by_role("link", name="Ask", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()
    page.keyboard.type("When did we move the launch?")
    page.keyboard.press("Enter")
    citation = page.locator(".citation").first
    expect(citation).to_be_visible()
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if citation.evaluate("one => one === document.activeElement"):
            break
    expect(citation).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("beside-panel .transcript")).to_be_focused()
    page.keyboard.press("Escape")
    expect(citation).to_be_focused()


def test_the_first_tab_skips_to_the_content(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/recordings", key=ines.key)
    expect(page.locator(".recording").first).to_be_visible()
    assert page.evaluate("document.querySelector('a[href], button, input').textContent") == "Skip to content"
    page.get_by_role("link", name="Skip to content").focus()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_navigation_moves_the_focus(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()


def test_an_answer_is_announced_politely(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    page.get_by_role("textbox", name="Question").fill("When did we move the launch?")
    page.keyboard.press("Enter")
    region = page.locator("[aria-live=polite].sr-only")
    expect(region).to_contain_text("Searching the recordings")
    expect(region).to_contain_text("We moved the launch to the fourteenth of July")


def test_reduced_motion_disables_animations(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key, reduced_motion="reduce")
    expect(page.locator("h1")).to_be_visible()
    page.evaluate("document.body.append(Object.assign(document.createElement('span'), {className: 'spinner'}))")
    assert page.evaluate("getComputedStyle(document.querySelector('.spinner')).animationDuration") == "0s"


def test_the_theme_follows_the_system_until_one_is_chosen(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key, color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    expect(page.locator("h1")).to_be_visible()
    dark = page.evaluate(background)
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(background) != dark
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate(background) != dark


def test_a_narrow_window_has_its_chats_in_a_sheet(visitor: Visitor, ines: Library) -> None:
    ines.session(title="Pocket chat")
    page = visitor.open("/overview", key=ines.key, viewport={"width": 390, "height": 844})
    page.get_by_role("button", name="Chats").click()
    expect(page.get_by_label("Search chats")).to_be_focused()
    page.get_by_role("link", name="Pocket chat").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pocket chat")
    expect(page.get_by_label("Search chats")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_sheet_on_a_narrow_window_traps_the_focus_and_returns_it(visitor: Visitor, ines: Library) -> None:
    session = ines.session(question="When did we move the launch?")["session_id"]
    page = visitor.open(f"/ask/{session}", key=ines.key, viewport={"width": 390, "height": 844})
    page.get_by_role("button", name="Chats").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Chats")).to_be_focused()
    page.locator(".citation").first.click()
    expect(page.locator("beside-panel .line.is-marked")).to_be_in_viewport()
    for _ in range(14):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('beside-panel')"
        )
    page.locator("beside-panel").get_by_role("button", name="Close").click()
    expect(page.locator(".citation").first).to_be_focused()
