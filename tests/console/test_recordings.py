"""The recordings page: import, rename, folders, delete."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.cli.transcripts import FORMS
from tests.console.conftest import Library, Visitor

DROP = """async (files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  for (const type of ["dragenter", "dragover", "drop"]) document.querySelector("drop-zone").dispatchEvent(
    new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def _drop(page: Page, files: dict[str, str]) -> None:
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.evaluate(DROP, list(files.items()))


def test_an_empty_library_shows_how_to_add_recordings(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.locator(".empty")).to_contain_text("Drop transcripts here")


def test_transcripts_of_every_format_can_be_dropped_and_an_invalid_one_shows_its_error(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/recordings", key=library.key)
    files = dict(FORMS)
    _drop(page, {**files, "broken.vtt": "WEBVTT\n\n00:00:00.000 --> never\nHello\n", "photo.jpg": "x"})
    expect(page.locator(".upload-list .is-under-way")).to_have_count(0)
    expect(page.get_by_role("link", name="Added. Open it")).to_have_count(len(files))
    expect(page.locator(".upload-list li", has_text="broken.vtt").locator(".upload-problem")).to_contain_text("Line 3")
    expect(page.locator(".upload-list li", has_text="photo.jpg")).to_contain_text("Unsupported file type")
    expect(page.locator(".recording")).to_have_count(len(files))
    assert len(library.api.get("/v1/recordings").json()["data"]) == len(files)


def test_a_native_file_sets_the_recordings_name_and_date(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    whole = {
        "name": "Weekly",
        "recorded_at": "2026-03-01T10:00:00Z",
        "segments": [{"start": 0, "end": 2, "text": "Hello."}],
    }
    _drop(page, {"x.json": json.dumps(whole)})
    expect(page.locator(".recording")).to_have_text(re.compile("Weekly.*1 Mar 2026"))


def test_files_can_be_chosen_instead_of_dropped(visitor: Visitor, library: Library, tmp_path: Path) -> None:
    file = tmp_path / "standup.txt"
    file.write_text("Ada: Good morning.\nGrace: The parser works.\n")
    page = visitor.open("/recordings", key=library.key)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add transcripts").first.click()
    chooser.value.set_files(file)
    page.get_by_role("link", name="Added. Open it").click()
    expect(page.locator(".transcript")).to_contain_text("The parser works.")


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


def test_a_transcript_can_be_added_on_a_recordings_page(visitor: Visitor, library: Library, tmp_path: Path) -> None:
    recording = library.record("Silent", None)
    file = tmp_path / "late.vtt"
    file.write_text("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n<v Ada>Better late.\n")
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    expect(page.locator(".empty")).to_contain_text("No transcript yet")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add a transcript").click()
    chooser.value.set_files(file)
    expect(page.locator(".transcript")).to_contain_text("Better late.")


def test_a_missing_recording_shows_an_error(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings/rec_abc123", key=library.key)
    expect(page.get_by_role("alert")).to_contain_text("doesn't exist, or you don't have access to it")
