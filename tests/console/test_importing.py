"""Importing: what dropped files are taken for is shown first, and what was repaired afterwards."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from earmark.imports import grouping
from earmark.imports.grouping import _PREFERRED
from earmark.transcripts import titles
from earmark.transcripts.reading import FORMATS
from tests.cli.transcripts import FORMS
from tests.console.conftest import Library, Visitor
from tests.console.test_access import WINDOWS, axe
from tests.console.test_site import MODULES
from tests.speech.media_files import KINDS, write

DROP = """async (files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  for (const type of ["dragenter", "dragover", "drop"]) document.querySelector("drop-zone").dispatchEvent(
    new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""
DROP_BYTES = """async ([name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  document.querySelector("drop-zone").dispatchEvent(
    new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""
DROP_FOLDER = """async ([name, files]) => {
  const folder = (name, inside) => ({name, isDirectory: true, createReader: () => {
    let isRead = false;
    return {readEntries: (done) => { done(isRead ? [] : inside); isRead = true; }};
  }});
  const file = (path, text) => ({name: path.split("/").pop(), isFile: true,
    file: (done) => done(new File([text], path.split("/").pop()))});
  const below = new Map();
  for (const [path, text] of Object.entries(files)) {
    const at = path.includes("/") ? path.split("/")[0] : "";
    below.set(at, [...(below.get(at) ?? []), file(path, text)]);
  }
  const inside = [...below].flatMap(([at, some]) => at ? [folder(at, some)] : some);
  const event = new Event("drop", {bubbles: true, cancelable: true});
  const dataTransfer = {types: ["Files"], files: [], items: [{webkitGetAsEntry: () => folder(name, inside)}]};
  document.querySelector("drop-zone").dispatchEvent(Object.assign(event, {dataTransfer}));
}"""
BROKEN = "WEBVTT\n\n00:00:0x.000 --> 00:00:99.000\nHello\n"
CLEAN = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n<v Ada>Better late.\n\n00:01:00.000 --> 00:01:04.000\n<v Bo>Indeed.\n"
CUES = "".join(f"00:00:{at:02}.000 --> 00:00:{at:02}.900\n<v Ada>Sentence {at}.\n\n" for at in range(10, 50))
ODD = f"WEBVTT\n\n00:00:05.000 --> 00:00:02.000\nTurned around.\n\n00:00:07.000 --> 00:00:06.000\nToo.\n\n{CUES}"
ONE_ODD = f"WEBVTT\n\n00:00:05.000 --> 00:00:02.000\nTurned around.\n\n{CUES}"
AWS = {
    "jobName": "call", "accountId": "1", "status": "COMPLETED",
    "results": {
        "transcripts": [{"transcript": "Good morning."}],
        "items": [{"id": 0, "type": "pronunciation", "alternatives": [{"confidence": "0.9", "content": word}],
                   "start_time": f"{at}.0", "end_time": f"{at}.9", "speaker_label": "spk_0"}
                  for at, word in enumerate(("Good", "morning"))],
    },
}  # fmt: skip


def _drop(page: Page, files: dict[str, str]) -> Locator:
    """Drop files on the recordings page; return the dialog that says what they are."""
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.evaluate(DROP, list(files.items()))
    return page.get_by_role("dialog", name="Import")


def _packed(files: dict[str, str]) -> str:
    """Return a zip archive in base64."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return base64.b64encode(made.getvalue()).decode()


def _file(dialog: Locator, name: str) -> Locator:
    return dialog.locator(".review-scroll > ul > li", has_text=name)


def _names(library: Library) -> list[str]:
    return sorted(one["name"] for one in library.api.get("/v1/recordings").json()["data"])


def test_transcripts_of_every_format_are_shown_and_imported_and_refused_files_are_left_out(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/recordings", key=library.key)
    files = dict(FORMS)
    dialog = _drop(
        page, {**files, "broken.vtt": "WEBVTT\n\n00:00:0x.000 --> 00:00:99.000\nHello\n", "photo.jpg": "\0\1\2"}
    )
    expect(dialog.get_by_role("status")).to_have_text(f"{len(files)} files can be imported, 2 files can't.")
    expect(_file(dialog, "broken.vtt").locator(".problem")).to_contain_text("Line 3")
    expect(_file(dialog, "photo.jpg").locator(".problem")).not_to_be_empty()
    for name, words in {"cues.vtt": "WebVTT captions", "cues.srt": "SubRip captions", "lines.txt": "Dialogue",
                        "deepgram.json": "Deepgram JSON", "native.json": "earmark JSON"}.items():  # fmt: skip
        expect(_file(dialog, name)).to_contain_text(words)
    assert library.api.get("/v1/recordings").json()["data"] == []
    dialog.get_by_role("button", name=f"Import {len(files)} files").click()
    expect(page.get_by_role("link", name="Added. Open it")).to_have_count(len(files))
    expect(page.locator(".recording")).to_have_count(len(files))
    assert len(library.api.get("/v1/recordings").json()["data"]) == len(files)


def test_a_file_is_shown_with_its_format_speakers_length_and_first_lines(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"captions": CLEAN, "call.dat": json.dumps(AWS)})
    captions = _file(dialog, "captions")
    expect(captions).to_contain_text("WebVTT captions · 2 speakers: Ada, Bo · 1 min · 2 segments")
    expect(captions.locator(".review-lines li")).to_have_text(["0:00 Ada: Better late.", "1:00 Bo: Indeed."])
    expect(_file(dialog, "call.dat")).to_contain_text("AWS Transcribe JSON")


def test_a_single_clean_file_is_imported_with_one_key(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"late.vtt": CLEAN})
    expect(dialog.get_by_role("button", name="Import")).to_be_focused()
    expect(dialog.get_by_role("checkbox")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Added. Open it")).to_be_visible()
    assert _names(library) == ["late"]


def test_files_can_be_left_out_by_keyboard(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"one.vtt": CLEAN, "two.vtt": CLEAN, "three.vtt": CLEAN})
    expect(dialog.get_by_role("button", name="Import 3 files")).to_be_focused()
    dialog.get_by_role("checkbox", name="Import two.vtt").focus()
    page.keyboard.press("Space")
    dialog.get_by_role("button", name="Import 2 files").press("Enter")
    expect(page.get_by_role("link", name="Added. Open it")).to_have_count(2)
    assert _names(library) == ["one", "three"]


def test_escape_imports_nothing(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"one.vtt": CLEAN})
    expect(dialog.get_by_role("button", name="Import")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".uploads")).to_be_hidden()
    assert _names(library) == []


def test_a_refused_file_has_only_the_servers_message(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"minutes.docx": "%PDF-1.7 and so on"})
    expect(dialog.locator(".problem")).to_contain_text("This is a PDF document")
    expect(dialog.get_by_role("button", name="Import")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    assert _names(library) == []


def test_a_file_that_was_not_read_because_the_server_failed_can_be_tried_again(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/recordings", key=library.key)
    refused = {"error": {"code": "internal_error", "message": "It failed."}}
    page.route("**/v1/transcripts/inspect?*", lambda route: route.fulfill(status=500, json=refused), times=1)
    dialog = _drop(page, {"one.vtt": CLEAN})
    expect(dialog.locator(".problem")).to_have_text("It failed.")
    dialog.get_by_role("button", name="Try again").click()
    dialog.get_by_role("button", name="Import").click()
    expect(page.get_by_role("link", name="Added. Open it")).to_be_visible()


def test_a_folder_is_refused_without_saying_that_the_server_is_away(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.locator(".empty")).to_be_visible()
    page.evaluate("""() => {
      const folder = new File(["x"], "Meetings");
      folder.slice = () => ({arrayBuffer: () => Promise.reject(new DOMException("a folder", "NotFoundError"))});
      void document.querySelector("drop-zone").take([folder]);
    }""")
    expect(page.get_by_role("dialog").locator(".problem")).to_contain_text("To import a folder")
    expect(page.locator("connection-bar")).to_be_hidden()


def test_audio_alone_goes_on_without_a_question(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"tune.mp3": "ID3 sound"})
    expect(page.locator(".upload-list li", has_text="tune.mp3")).to_be_visible()
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "kind", "content_type"),
    [("Voice 001", "m4a", "audio/mp4"), ("memo.dat", "amr", "audio/amr"), ("screen.mkv", "mkv", "video/x-matroska")],
)
def test_audio_whose_name_says_nothing_is_taken_for_what_it_is(
    visitor: Visitor, library: Library, tmp_path: Path, name: str, kind: str, content_type: str
) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    sound = write(tmp_path / "sound", KINDS[kind]).read_bytes()
    page.evaluate(DROP_BYTES, [name, base64.b64encode(sound).decode()])
    expect(page.locator(".upload-list li", has_text=name)).to_contain_text("Added")
    (made,) = library.api.get("/v1/recordings").json()["data"]
    assert [one["content_type"] for one in made["media"]] == [content_type]


def test_a_file_that_is_neither_audio_nor_a_transcript_is_refused_by_the_server(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.evaluate(DROP_BYTES, ["Scan 001", base64.b64encode(b"%PDF-1.7\n" + bytes(300)).decode()])
    expect(page.get_by_role("dialog").locator(".problem")).to_contain_text("This is a PDF document")
    assert library.api.get("/v1/recordings").json()["data"] == []


def test_audio_is_shown_with_the_transcript_of_its_name(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"call.opus": "OggS", "call.vtt": CLEAN, "tune.mp3": "ID3"})
    expect(_file(dialog, "call.vtt + call.opus")).to_contain_text("WebVTT captions")
    expect(_file(dialog, "tune.mp3")).to_contain_text("Audio; it will be transcribed")


def test_a_native_file_sets_the_recordings_name_date_and_metadata(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    whole = {
        "name": "Weekly",
        "recorded_at": "2026-03-01T10:00:00Z",
        "metadata": {"room": "4"},
        "segments": [{"start": 0, "end": 2, "text": "Hello."}],
    }
    dialog = _drop(page, {"x.json": json.dumps(whole)})
    expect(dialog.locator("dd")).to_have_text(["Weekly", "1 Mar 2026"])
    dialog.get_by_role("button", name="Import").click()
    expect(page.locator(".recording")).to_have_text(re.compile("Weekly.*1 Mar 2026"))
    assert library.api.get("/v1/recordings").json()["data"][0]["metadata"] == {"room": "4"}


def test_files_can_be_chosen_instead_of_dropped(visitor: Visitor, library: Library, tmp_path: Path) -> None:
    file = tmp_path / "standup.txt"
    file.write_text("Ada: Good morning.\nGrace: The parser works.\n")
    page = visitor.open("/recordings", key=library.key)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").first.click()
    accepted = page.locator("input[type=file]").first.get_attribute("accept") or ""
    assert set(_PREFERRED) <= set(accepted.split(","))
    chooser.value.set_files(file)
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    page.get_by_role("link", name="Added. Open it").click()
    expect(page.locator(".transcript")).to_contain_text("The parser works.")


def test_a_transcript_can_be_added_on_a_recordings_page(visitor: Visitor, library: Library, tmp_path: Path) -> None:
    recording = library.record("Silent", None)
    file = tmp_path / "late.vtt"
    file.write_text(CLEAN)
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    expect(page.locator(".empty")).to_contain_text("No transcript yet")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add a transcript").click()
    chooser.value.set_files(file)
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.locator(".transcript")).to_contain_text("Better late.")
    expect(page.locator(".reader-notes")).to_have_count(0)


def test_repairs_are_shown_before_the_import_and_on_the_recordings_page(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"odd.vtt": ODD, "one.vtt": ONE_ODD})
    summary = _file(dialog, "odd.vtt").locator("summary")
    expect(summary).to_have_text(re.compile("^2 repaired or left out: line 3: "))
    summary.press("Enter")
    expect(_file(dialog, "odd.vtt").locator(".note-list li")).to_have_text(
        [re.compile("^Line 3: "), re.compile("^Line 6: ")]
    )
    expect(_file(dialog, "one.vtt")).to_contain_text("1 repaired or left out: line 3: ")
    dialog.get_by_role("checkbox", name="Import one.vtt").uncheck()
    dialog.get_by_role("button", name="Import 1 file").click()
    page.get_by_role("link", name="Added. Open it").click()
    notes = page.locator(".reader-notes")
    expect(notes.locator("summary")).to_have_text("2 notes on the import")
    expect(notes.locator("li").first).to_be_hidden()
    notes.locator("summary").press("Enter")
    expect(notes.locator("li")).to_have_text([re.compile("^Line 3: "), re.compile("^Line 6: ")])


def test_notes_beyond_those_given_are_counted(visitor: Visitor, library: Library) -> None:
    recording = library.record("Board call", [("Ada", "Hello.")])

    def noted(route: Route) -> None:
        answer = route.fetch()
        warnings = [{"index": 0, "code": "no_text", "message": "The item has no text; it was left out."}]
        route.fulfill(response=answer, json={**answer.json(), "warnings": warnings, "warnings_total": 1_200})

    page = visitor.open("/recordings", key=library.key)
    page.route("**/v1/transcriptions/*", noted)
    page.locator(f"a[href$='{recording}']").click()
    page.get_by_text("1,200 notes on the import").click()
    expect(page.locator(".reader-notes li")).to_have_text([re.compile("^Item 0: "), "And 1,199 more"])


def test_axe_finds_nothing_in_the_import_and_its_notes(
    visitor: Visitor, library: Library, window: dict[str, Any]
) -> None:
    page = visitor.open("/recordings", key=library.key, **window)
    dialog = _drop(page, {"call.vtt": CLEAN, "odd.vtt": ODD, "minutes.pdf": "%PDF-1.7", "tune.mp3": "ID3"})
    expect(dialog.get_by_role("button", name="Import 3 files")).to_be_enabled()
    dialog.locator("summary").click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("call.vtt", "tune.mp3"):
        dialog.get_by_role("checkbox", name=f"Import {name}").uncheck()
    dialog.get_by_role("button", name="Import 1 file").click()
    page.get_by_role("link", name="Added. Open it").click()
    page.locator(".reader-notes summary").click()
    assert axe(page) == []


@pytest.fixture(params=WINDOWS)
def window(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


def test_every_format_has_words() -> None:
    named = re.findall(r'"([\w-]+)": "', MODULES["recording-strings"].partition("formats: {")[2].partition("}")[0])
    assert sorted(named) == sorted(FORMATS)


def test_an_archive_is_imported_with_its_folders_and_says_what_failed_and_a_second_time_adds_nothing(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    export = _packed(
        {"Garden/GMT20260520-100000_Recording.transcript.vtt": CLEAN, "broken.vtt": BROKEN, "chat.txt": "x"}
    )
    page.evaluate(DROP_BYTES, ["export.zip", export])
    dialog = page.get_by_role("dialog", name="Import")
    expect(dialog).to_contain_text("export.zip: 2 transcript files. 1 other file will be left out.")
    expect(_file(dialog, "_Recording.transcript.vtt")).to_contain_text("WebVTT captions · 2 speakers: Ada, Bo")
    expect(_file(dialog, "broken.vtt").locator(".problem")).to_contain_text("Line 3")
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".uploads")).to_be_hidden()
    page.evaluate(DROP_BYTES, ["export.zip", export])
    dialog.get_by_role("button", name="Import all").click()
    board = page.get_by_role("region", name="Adding files")
    expect(board.locator("li", has_text="export.zip")).to_contain_text("1 recording added, 1 file failed.")
    board.locator("summary").click()
    expect(board.locator("details")).to_contain_text("broken.vtt")
    (made,) = [one for one in library.api.get("/v1/recordings").json()["data"] if one["name"].startswith("GMT")]
    assert made["recorded_at"] == "2026-05-20T10:00:00Z"
    assert [one["name"] for one in library.api.get("/v1/folders").json()["data"]] == ["Garden"]
    page.evaluate(DROP_BYTES, ["export.zip", export])
    dialog.get_by_role("button", name="Import all").click()
    expect(board.locator("li", has_text="here already")).to_contain_text("0 recordings added, 1 here already")


def test_a_dropped_folder_is_imported_as_an_export_of_it_is(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    zoom = "2026-05-20 10.00.00 Hive walk"
    inside = {f"{zoom}/closed_caption.txt": "[Ada] 10:00:03\nBetter late.\n\n[Bo] 10:01:00\nIndeed.\n",
              f"{zoom}/audio123.m4a": "ID3 sound", f"{zoom}/chat.txt": "x", "Garden/bänk.vtt": CLEAN, ".hidden": "x"}  # fmt: skip
    page.evaluate(DROP_FOLDER, ["Meetings", inside])
    dialog = page.get_by_role("dialog", name="Import")
    expect(dialog).to_contain_text(
        "Meetings: 2 transcript files and 1 audio or video file. 1 other file will be left out."
    )
    expect(_file(dialog, "bänk.vtt")).to_contain_text("WebVTT captions")
    dialog.get_by_role("button", name="Import all").click()
    board = page.get_by_role("region", name="Adding files")
    expect(board.locator("li", has_text="Meetings")).to_contain_text("2 recordings added.")
    found = library.api.get("/v1/recordings?include=local_time").json()["data"]
    made = {one["name"]: (one["recorded_at_local"], len(one["media"])) for one in found}
    assert made == {"Hive walk": ("2026-05-20T10:00:00Z", 1), "bänk": (None, 0)}
    folders = library.api.get("/v1/folders").json()["data"]
    assert sorted(one["name"] for one in folders) == ["Garden", "Meetings"]


def test_dates_in_the_names_of_files_are_taken_as_exactly_as_they_are(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(
        page, {"2026-05-20 10_30_00.mp3": "ID3", "2026-05-21 Ladder.vtt": CLEAN, "Roof 2026-05-22.mp3": "ID3"}
    )
    dialog.get_by_role("button", name="Import 3 files").click()
    expect(page.locator(".recording")).to_have_count(3)
    found = library.api.get("/v1/recordings?include=local_time").json()["data"]
    assert sorted(one["recorded_at_local"] for one in found) == ["2026-05-20T10:30:00Z", "2026-05-21", "2026-05-22"]


def test_the_console_and_the_server_leave_out_the_same_files() -> None:
    console, bring = (MODULES[name] for name in ("archive-review", "bring"))
    for pattern in (grouping._CHAT, grouping._NOT_FOR_US, grouping._BESIDE):
        assert pattern.pattern.replace("$", "") in console.replace("$", "").replace("^(?:", "(?:")
    assert titles._ENDING.pattern in bring


def test_the_date_and_the_partner_of_a_file_are_taken_from_its_name(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    dialog = _drop(page, {"GMT20260520-100000_Recording.transcript.vtt": CLEAN})
    expect(dialog).to_contain_text("20 May 2026")
    dialog.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Added. Open it")).to_be_visible()
    (made,) = [one for one in library.api.get("/v1/recordings").json()["data"] if one["name"] == "GMT20260520-100000"]
    assert made["recorded_at"] == "2026-05-20T10:00:00Z"


def test_the_list_of_added_files_leaves_the_button_that_sends_and_says_when_it_is_finished(
    visitor: Visitor, library: Library
) -> None:
    library.record("First", [("Ada", "The launch moved to the ninth of June.")])
    page = visitor.open(key=library.key, viewport={"width": 1280, "height": 800})
    expect(page.locator(".suggestion").first).to_be_visible()
    page.evaluate(DROP, [[name, CLEAN] for name in ("one.vtt", "two.vtt", "three.vtt")])
    page.get_by_role("dialog", name="Import").get_by_role("button", name="Import 3 files").click()
    expect(page.locator(".upload-list")).to_contain_text("Added. Open it")
    expect(page.locator(".uploads h2")).to_have_text("Files added")
    page.get_by_role("textbox", name="Question").fill("When is the launch?")
    page.get_by_role("button", name="Send question").click()
    expect(page.locator("answer-view")).to_contain_text("ninth of June")
