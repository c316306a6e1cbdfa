"""The recordings page: rename, folders, delete."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import BOARD, Library, Visitor


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


def test_a_recording_is_shared_put_into_a_folder_and_deleted_from_both_of_its_menus(
    visitor: Visitor, library: Library
) -> None:
    recording = library.record("Board call", [("Ada", "The launch moved to the ninth of June.")])
    page = visitor.open("/recordings", key=library.key)
    _act(page, "Board call", "Add to a folder")
    expect(page.locator(".toast")).to_contain_text("There is no other folder.")
    page.get_by_role("button", name="New folder").click()
    page.get_by_role("textbox", name="Folder name").fill("Boards")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="All", exact=True).click()
    _act(page, "Board call", "Share a link…")
    expect(page.get_by_role("dialog")).to_contain_text("Share this recording")
    page.get_by_role("button", name="Cancel").click()
    _act(page, "Board call", "Add to a folder")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast").last).to_have_text("“Board call” is in “Boards” now.")
    page.locator(".recording").click()
    expect(page.get_by_role("heading", name="Board call")).to_be_visible()
    _act(page, "Board call", "Add to a folder")
    page.get_by_role("button", name="Save").click()
    _act(page, "Board call", "Delete")
    page.get_by_role("button", name="Delete recording").click()
    expect(page.locator(".toast").last).to_have_text("“Board call” is deleted.")
    expect(page.locator(".empty")).to_be_visible()
    assert library.api.get(f"/v1/recordings/{recording}").status_code == 404


@pytest.mark.parametrize("takes_chats", [False, True])
def test_whoever_deletes_a_recording_is_told_of_its_quotes_and_may_delete_those_chats(
    visitor: Visitor, library: Library, takes_chats: bool
) -> None:
    recording = library.record("Board meeting", BOARD)
    library.record("Garden", [("Ada", "The tulips are red this year.")])
    quoting = library.session(question="Why did the launch move?")["session_id"]
    other = library.session(question="What colour are the tulips?")["session_id"]
    page = visitor.open("/recordings", key=library.key)
    _act(page, "Board meeting", "Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Answers in your chats stay, with the words that they quote from it.")
    if takes_chats:
        dialog.get_by_label("Also delete the chats that quote it").check()
    dialog.get_by_role("button", name="Delete recording").click()
    expect(page.locator(".toast").last).to_contain_text("deleted")
    assert library.api.get(f"/v1/recordings/{recording}").status_code == 404
    assert library.api.get(f"/v1/ask/sessions/{quoting}").status_code == (404 if takes_chats else 200)
    assert library.api.get(f"/v1/ask/sessions/{other}").status_code == 200
    expect(page.locator("session-list .session-row")).to_have_count(1 if takes_chats else 2)
    if not takes_chats:
        page.goto(f"/console/ask/{quoting}")
        page.locator(".citation").first.click()
        expect(page.locator("beside-panel")).to_contain_text("This recording was deleted.")
