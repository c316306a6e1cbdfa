"""Audio: upload with its transcript, playback from a moment, and the highlighted transcript."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import struct
import sys
import wave
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import BOARD, Library, Visitor, native


def a_tone(seconds: float, rate: int = 8_000) -> bytes:
    """Return a quiet tone as WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        frames = (int(900 * math.sin(at / 9)) for at in range(int(seconds * rate)))
        sound.writeframes(b"".join(struct.pack("<h", one) for one in frames))
    return out.getvalue()


@pytest.fixture
def heard(library: Library) -> str:
    """Create a recording with audio; return its id."""
    recording = library.record("Board call", BOARD)
    sound = a_tone(30)
    upload = library.api.post(
        f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/wav", "file_size_bytes": len(sound)}
    ).json()
    library.api.put(upload["upload_url"], content=sound, headers=upload["headers"]).raise_for_status()
    library.api.post(f"/v1/recordings/{recording}/upload-complete", json={}).raise_for_status()
    return recording


def _until(page: Page, condition: str) -> None:
    for _ in range(150):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never: {condition}")


def test_a_citation_plays_from_its_moment_and_the_words_follow(visitor: Visitor, library: Library, heard: str) -> None:
    page = visitor.open("/ask", key=library.key)
    page.get_by_role("textbox", name="Question").fill("When did we move the launch?")
    page.keyboard.press("Enter")
    page.locator(".citation").first.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator(".line.is-spoken")).to_contain_text("fourteenth of July")
    _until(page, "document.querySelector('audio-strip').audio.currentTime > 6.2")
    page.evaluate("document.querySelector('audio-strip').audio.currentTime = 12.5")
    expect(page.locator(".line.is-spoken")).to_contain_text("I read both notes")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_reading_page_plays_by_space_and_from_any_time(visitor: Visitor, library: Library, heard: str) -> None:
    page = visitor.open(f"/recordings/{heard}", key=library.key)
    page.locator(".transcript").press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.locator(".transcript").press(" ")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_role("button", name="Play from 0:18").click()
    _until(page, "document.querySelector('audio-strip').audio.currentTime >= 18")
    page.get_by_role("button", name="Speed").click()
    assert page.evaluate("document.querySelector('audio-strip').audio.playbackRate") == 1.25
    page.get_by_role("slider", name="Who spoke when").press("Home")
    _until(page, "document.querySelector('audio-strip').audio.currentTime < 5")


def test_a_moment_of_the_summary_is_played_beside_it(visitor: Visitor, library: Library, heard: str) -> None:
    library.summary(heard)
    page = visitor.open(f"/recordings/{heard}", key=library.key)
    page.get_by_role("tab", name="Summary").click()
    page.locator(".summary-field li", has_text="write to the bank on Monday").locator(".moment").first.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    _until(page, "document.querySelector('audio-strip').audio.currentTime >= 24")
    expect(page.locator(".summary-field").first).to_be_visible()


def test_leaving_the_recording_stops_the_audio(visitor: Visitor, library: Library, heard: str) -> None:
    page = visitor.open(f"/recordings/{heard}?at=6000", key=library.key)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.evaluate("window.sound = document.querySelector('audio-strip').audio")
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.evaluate("window.sound.paused") is True


def test_audio_dropped_with_its_transcript_becomes_one_recording(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    drop = """async ([text, sound]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "talk.json"));
      data.items.add(new File([Uint8Array.from(atob(sound), (one) => one.charCodeAt(0))], "talk.wav"));
      document.querySelector("drop-zone").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(drop, [json.dumps(native(BOARD)), base64.b64encode(a_tone(5)).decode()])
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.locator(".upload-list li")).to_have_text(re.compile(r"talk.json \+ talk.wav.*Added"))
    expect(page.locator(".recording-facts")).to_contain_text("audio")
    (row,) = library.api.get("/v1/recordings").json()["data"]
    assert row["media"][0]["content_type"] == "audio/wav"


def test_a_search_result_with_audio_is_played(visitor: Visitor, library: Library, heard: str) -> None:
    page = visitor.open("/search?q=launch", key=library.key)
    page.get_by_role("button", name="Play", exact=True).first.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_audio_is_added_to_a_recording_that_has_none(visitor: Visitor, library: Library, tmp_path: Path) -> None:
    recording = library.record("Board call", BOARD)
    file = tmp_path / "board.wav"
    file.write_bytes(a_tone(3))
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    page.get_by_role("button", name="Actions for “Board call”").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Add audio").click()
    chooser.value.set_files(file)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_playing_moves_by_fifteen_seconds_by_button_and_by_key(visitor: Visitor, library: Library, heard: str) -> None:
    page = visitor.open(f"/recordings/{heard}", key=library.key)
    page.get_by_role("button", name="Ahead 15 seconds").click()
    _until(page, "document.querySelector('audio-strip').audio?.currentTime === 15")
    page.get_by_role("button", name="Back 15 seconds").click()
    _until(page, "document.querySelector('audio-strip').audio.currentTime === 0")
    page.locator(".transcript").press("ArrowRight")
    _until(page, "document.querySelector('audio-strip').audio.currentTime === 15")


@pytest.mark.parametrize(
    ("label", "ending", "begins"), [("WebVTT captions", "vtt", "WEBVTT"), ("Markdown", "md", "# Board")]
)
def test_a_transcript_is_downloaded_in_a_format_of_choice(
    visitor: Visitor, ines: Library, label: str, ending: str, begins: str
) -> None:
    recording = next(one for one in ines.api.get("/v1/recordings").json()["data"] if one["name"] == "Board call")
    page = visitor.open(f"/recordings/{recording['id']}", key=ines.key)
    page.get_by_role("button", name="Actions for “Board call”").click()
    page.get_by_role("menuitem", name="Download the transcript").click()
    page.get_by_role("listbox", name="Download the transcript").select_option(label=label)
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == f"Board call.{ending}"
    assert Path(download.value.path()).read_text().startswith(begins)


SPEECH = Path(sys.prefix) / "share" / "earmark" / "speech-samples" / "beckett.wav"
DROP = """async ([name, sound]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(sound), (one) => one.charCodeAt(0))], name));
  document.querySelector("drop-zone").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def test_dropped_audio_is_transcribed_and_read(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.evaluate(DROP, ["beckett.wav", base64.b64encode(SPEECH.read_bytes()).decode()])
    expect(page.locator(".upload-list li")).to_contain_text("Added. Open it", timeout=60_000)
    page.get_by_role("link", name="Added. Open it").click()
    expect(page.locator(".line").first).to_be_visible()
    (row,) = library.api.get("/v1/recordings").json()["data"]
    assert row["status"] == "completed"
    assert library.api.get(f"/v1/transcriptions/{row['transcription_id']}").json()["engine"] == "moonshine-tiny-en"


def test_audio_without_a_transcript_is_heard_and_transcribed_by_one_button(visitor: Visitor, library: Library) -> None:
    recording = library.record("Beckett", None)
    upload = library.api.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/wav"}).json()
    library.api.put(upload["upload_url"], content=SPEECH.read_bytes(), headers=upload["headers"]).raise_for_status()
    library.api.post(f"/v1/recordings/{recording}/upload-complete", json={}).raise_for_status()
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Transcribe the audio").click()
    expect(page.locator("transcribing-panel")).to_contain_text("transcri", ignore_case=True)
    expect(page.locator(".line").first).to_be_visible(timeout=60_000)


def test_a_tone_says_that_nobody_speaks_and_can_be_tried_again(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.evaluate(DROP, ["tone.wav", base64.b64encode(a_tone(3)).decode()])
    expect(page.locator(".upload-list li")).to_contain_text("Nobody speaks in the audio.", timeout=60_000)
    page.get_by_role("link", name="Added. Open it").click()
    expect(page.locator(".empty")).to_contain_text("Nobody speaks in the audio.")
    expect(page.get_by_role("button", name="Transcribe the audio")).to_be_visible()


def test_an_upload_goes_on_where_its_connection_broke(visitor: Visitor, library: Library, tmp_path: Path) -> None:
    page = visitor.open("/recordings", key=library.key)
    sound = tmp_path / "broken-line.wav"
    sound.write_bytes(a_tone(3))
    size, ranges = sound.stat().st_size, []

    def cut(route: Route) -> None:
        """Let the first request bring a thousand bytes and then lose its connection."""
        given = route.request.headers["content-range"]
        ranges.append(given)
        if len(ranges) > 1:
            return route.continue_()
        part = {"Content-Type": "audio/wav", "Content-Range": f"bytes 0-999/{size}"}
        library.api.put(route.request.url, content=sound.read_bytes()[:1_000], headers=part).raise_for_status()
        return route.abort("connectionreset")

    page.route(lambda url: "/v1/media/" in url, lambda route: (
        cut(route) if route.request.method == "PUT" else route.continue_()))  # fmt: skip
    page.set_input_files("input[type=file]", str(sound))
    expect(page.get_by_text("interrupted, trying again")).to_be_visible()
    row = page.locator(".upload-list li").filter(has_text="broken-line")
    expect(row).not_to_contain_text(re.compile("uploading|interrupted"), timeout=20_000)
    assert ranges == [f"bytes 0-{size - 1}/{size}", f"bytes 1000-{size - 1}/{size}"]
    [one] = [row for row in library.api.get("/v1/recordings").json()["data"] if row["name"] == "broken-line"]
    assert one["file_size_bytes"] == size
