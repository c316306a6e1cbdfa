"""The list of chats: search, filters, rename, delete with undo, export."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Library, Visitor


def _titles(page: Page) -> list[str]:
    return page.locator("session-list .session-title").all_inner_texts()


def test_chats_are_listed_newest_first_and_scrolling_loads_all_of_them(visitor: Visitor, library: Library) -> None:
    for number in range(130):
        library.session(title=f"Chat {number}")
    page = visitor.open(key=library.key)
    expect(page.locator("session-list a.session").first).to_contain_text("Chat 129")
    assert page.locator("session-list a.session").count() < 60
    page.locator("session-list a.session").first.focus()
    last = page.locator("session-list a.session").last
    for _ in range(150):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(60)
        if last.inner_text().startswith("Chat 0\n"):
            break
    expect(last).to_contain_text("Chat 0")
    assert page.evaluate("document.activeElement.className") == "session"


def test_typing_filters_by_title(visitor: Visitor, library: Library) -> None:
    for title in ("Straße nach Arnhem", "Budget 100%", "The launch"):
        library.session(title=title)
    page = visitor.open(key=library.key)
    search = page.get_by_label("Search chats")
    search.fill("STRASSE")
    expect(page.locator("session-list .session-title")).to_have_text(["Straße nach Arnhem"])
    search.fill("nothing like it")
    expect(page.locator("session-list")).to_contain_text("No chat matches.")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("session-list .session-title")).to_have_count(3)


def test_filters_by_scope_and_recording(visitor: Visitor, library: Library) -> None:
    recording = library.record("Board call", [("Ada", "Hello there.")])
    library.session(title="All of it")
    library.session(title="Only this", scope={"type": "recording", "recording_id": recording})
    page = visitor.open(key=library.key)
    page.get_by_role("button", name="Filter chats").click()
    page.get_by_label("About").select_option("library")
    expect(page.locator("session-list .session-title")).to_have_text(["All of it"])
    page.get_by_label("About").select_option("")
    page.get_by_role("combobox", name="Recording").focus()
    page.get_by_role("combobox", name="Recording").select_option(label="Board call")
    expect(page.locator("session-list .session-title")).to_have_text(["Only this"])


def test_a_title_is_changed_in_place_by_keyboard(visitor: Visitor, library: Library) -> None:
    session = library.session(title="Before")
    page = visitor.open(key=library.key)
    page.locator("session-list a.session").focus()
    page.keyboard.press("F2")
    page.keyboard.type("After")
    page.keyboard.press("Enter")
    expect(page.locator("session-list .session-title")).to_have_text(["After"])
    expect(page.locator("session-list a.session")).to_be_focused()
    assert library.api.get(f"/v1/ask/sessions/{session['id']}").json()["title"] == "After"


def test_deleting_waits_ten_seconds_and_can_be_undone(visitor: Visitor, library: Library) -> None:
    session = library.session(title="Precious")
    library.session(title="Other")
    page = visitor.open(key=library.key, alone=True)
    page.clock.install()
    row = page.locator(".session-row", has_text="Precious")
    row.hover()
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.locator("session-list .session-title")).to_have_text(["Other"])
    page.clock.run_for(9_000)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("session-list .session-title")).to_have_text(["Other", "Precious"])
    page.clock.run_for(5_000)
    assert library.api.get(f"/v1/ask/sessions/{session['id']}").status_code == 200


def test_deleting_happens_after_ten_seconds(visitor: Visitor, library: Library) -> None:
    session = library.session(title="Old")
    page = visitor.open(key=library.key, alone=True)
    page.clock.install()
    page.locator("session-list a.session").focus()
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.keyboard.press("Delete")
        page.clock.run_for(10_500)
    expect(page.locator("session-list")).to_contain_text("No chats yet")
    assert library.api.get(f"/v1/ask/sessions/{session['id']}").status_code == 404


def test_deleting_happens_at_once_when_the_page_closes(visitor: Visitor, library: Library) -> None:
    session = library.session(title="Old")
    page = visitor.open(key=library.key)
    page.locator("session-list a.session").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.goto("/health")
    for _ in range(50):
        page.wait_for_timeout(100)
        if library.api.get(f"/v1/ask/sessions/{session['id']}").status_code == 404:
            return
    pytest.fail("it is still there")


def test_a_chat_is_exported_as_markdown(visitor: Visitor, ines: Library, tmp_path: Path) -> None:
    session = ines.session(question="When did we move the launch?")
    page = visitor.open(f"/ask/{session['session_id']}", key=ines.key)
    page.get_by_role("button", name="Actions for this chat").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export as Markdown").click()
    download.value.save_as(tmp_path / "chat.md")
    assert "Board call @ 00:06" in (tmp_path / "chat.md").read_text()
    assert download.value.suggested_filename == "When did we move the launch.md"


def test_a_missing_chat_shows_an_error(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/ask/as_abc123", key=library.key)
    expect(page.get_by_role("alert")).to_contain_text("doesn't exist, or you don't have access to it")


def test_a_chat_renamed_in_the_list_is_renamed_on_its_page(visitor: Visitor, library: Library) -> None:
    session = library.session(title="Before")
    page = visitor.open(f"/ask/{session['id']}", key=library.key)
    expect(page.get_by_role("heading", level=1)).to_have_text("Before")
    page.locator("session-list a.session").focus()
    page.keyboard.press("F2")
    page.keyboard.type("After")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("After")
    page.locator("chat-head").get_by_role("button", name="Rename").click()
    page.keyboard.type("At last")
    page.keyboard.press("Enter")
    expect(page.locator("session-list .session-title")).to_have_text(["At last"])


def test_choosing_another_person_shows_their_own_list(visitor: Visitor, library: Library) -> None:
    library.session(title="Of Ines")
    mara = library.api.post("/v1/end-users", json={"external_id": "mara"}).json()["id"]
    library.session(title="Of Mara", end_user_id=mara)
    page = visitor.open(key=library.key)
    page.locator(".person", has_text="ines").click()
    expect(page.locator("session-list .session-title")).to_have_text(["Of Ines"])
    page.get_by_label("Search chats").fill("Ines")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Change person").click()
    page.locator(".person", has_text="mara").click()
    expect(page.locator("session-list .session-title")).to_have_text(["Of Mara"])
