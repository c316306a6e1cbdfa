"""The recordings page: rename, folders, delete."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.console.conftest import Library, Visitor


def test_an_empty_library_shows_how_to_add_recordings(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.locator(".empty")).to_contain_text("Drop audio or video here")


def _act(page: Page, recording: str, item: str) -> None:
    page.get_by_role("button", name=f"Actions for “{recording}”").click()
    page.get_by_role("menuitem", name=item).click()


def test_a_recording_is_renamed_and_deleted(visitor: Visitor, library: Library) -> None:
    recording = library.record("Untitled 7", [("Ada", "Hello.")])
    page = visitor.open("/recordings", key=library.key)
    _act(page, "Untitled 7", "Rename")
    page.get_by_role("textbox", name="Name").fill("Kick-off")
    page.keyboard.press("Enter")
    expect(page.locator(".recording-title")).to_have_text("Kick-off")
    _act(page, "Kick-off", "Delete")
    page.get_by_role("button", name="Delete recording").click()
    expect(page.locator(".empty")).to_be_visible()
    assert library.api.get(f"/v1/recordings/{recording}").status_code == 404


def test_folders_are_created_filled_asked_about_and_deleted(visitor: Visitor, library: Library) -> None:
    library.record("Board call", [("Ada", "The launch moved to the ninth of June.")])
    library.record("Other", [("Bob", "Something else.")])
    page = visitor.open("/recordings", key=library.key)
    page.get_by_role("button", name="New folder").click()
    page.get_by_role("textbox", name="Folder name").fill("Boards")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Boards · 0")).to_have_attribute("aria-current", "page")
    expect(page.locator(".empty")).to_contain_text("This folder is empty")
    page.get_by_role("link", name="All", exact=True).click()
    _act(page, "Board call", "Add to a folder")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Boards · 1").click()
    expect(page.locator(".recording-title")).to_have_text(["Board call"])
    page.get_by_role("button", name="Actions for the folder").click()
    page.get_by_role("menuitem", name="Ask about this folder").click()
    expect(page.get_by_role("button", name="Recordings to use")).to_contain_text("Boards")
    page.get_by_role("textbox", name="Question").fill("When is the launch?")
    page.keyboard.press("Enter")
    expect(page.locator("answer-view")).to_contain_text("ninth of June")
    expect(page.locator("session-list")).to_contain_text("Boards")
    page.get_by_role("link", name="Recordings").click()
    page.get_by_role("link", name="Boards · 1").click()
    page.get_by_role("button", name="Actions for the folder").click()
    page.get_by_role("menuitem", name="Delete folder").click()
    page.get_by_role("button", name="Delete folder").click()
    expect(page.locator(".recording-title")).to_have_count(2)


def test_a_missing_recording_shows_an_error(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings/rec_abc123", key=library.key)
    expect(page.get_by_role("alert")).to_contain_text("doesn't exist, or you don't have access to it")
