"""Audio: upload with its transcript, playback from a moment, and the highlighted transcript."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import struct
import wave
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

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
