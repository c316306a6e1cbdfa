"""The player: keys without a click, speed, silences, following along, and links to a moment."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import BOARD, Library, Visitor
from tests.console.test_access import axe
from tests.http.test_transcription_audio import silence

QUIET_S = 40


def add_audio(library: Library, recording: str) -> None:
    begun = library.api.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/wav"}).json()
    httpx.put(begun["upload_url"], content=silence(QUIET_S), headers=begun["headers"]).raise_for_status()
    library.api.post(f"/v1/recordings/{recording}/upload-complete").raise_for_status()


@pytest.fixture
def heard(visitor: Visitor, library: Library) -> Page:
    """The page of a recording with audio, in which nobody speaks for twenty seconds after the second segment."""
    recording = library.record("Board call", None)
    lines = [
        {"start": at, "end": at + 4.0, "speaker": who, "text": text}
        for at, (who, text) in zip((0.0, 5.0, 29.0, 34.0), BOARD, strict=False)
    ]
    library.api.put(f"/v1/recordings/{recording}/transcript", json={"segments": lines}).raise_for_status()
    add_audio(library, recording)
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    expect(page.locator(".line").first).to_be_visible()
    return page


def test_keys_work_without_a_click_but_not_in_a_field(heard: Page) -> None:
    heard.keyboard.press("ArrowDown")
    heard.keyboard.press("ArrowDown")
    expect(heard.locator(".line.is-marked .line-text")).to_have_text(BOARD[1][1])
    heard.keyboard.press("Space")
    expect(heard.get_by_role("button", name="Pause")).to_be_visible()
    heard.keyboard.press("Space")
    heard.keyboard.press("ArrowRight")
    expect(heard.locator(".audio-now")).to_have_text("0:15")
    heard.keyboard.press(">")
    expect(heard.get_by_role("button", name="Speed")).to_have_text("1.25×")
    heard.keyboard.press("/")
    heard.keyboard.type("j?")
    expect(heard.get_by_label("Find in this transcript")).to_have_value("j?")
    expect(heard.locator(".line.is-marked .line-text")).to_have_text(BOARD[1][1])


def test_a_question_mark_shows_all_keys(heard: Page) -> None:
    heard.keyboard.press("?")
    dialog = heard.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("15 seconds back, ahead")
    assert axe(heard) == []
    heard.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_silence_is_skipped_and_the_choice_is_kept(heard: Page) -> None:
    skip = heard.get_by_role("button", name="Skip silence")
    expect(skip).to_have_attribute("aria-pressed", "false")
    heard.keyboard.press("s")
    expect(skip).to_have_attribute("aria-pressed", "true")
    heard.keyboard.press("ArrowRight")  # to 0:15, in the silence
    heard.keyboard.press("Space")
    expect(heard.locator(".line.is-spoken .line-text")).to_have_text(BOARD[2][1])
    heard.reload()
    expect(skip).to_have_attribute("aria-pressed", "true")


def test_a_link_to_the_moment_is_copied_and_opens_there(heard: Page) -> None:
    heard.keyboard.press("End")
    heard.keyboard.press("l")
    expect(heard.get_by_text("Copied the link to 0:34.")).to_be_visible()
    link = heard.evaluate("navigator.clipboard.readText()")
    assert link.endswith("?at=34000")
    heard.goto(link)
    expect(heard.locator(".line.is-marked .line-text")).to_have_text(BOARD[3][1])


MEDIA_KEYS = """() => {
  window.handlers = {};
  navigator.mediaSession.setActionHandler = (action, run) => { window.handlers[action] = run; };
}"""


def test_the_keys_of_a_phone_skip_fifteen_seconds_and_its_lock_screen_shows_the_name(heard: Page) -> None:
    heard.evaluate(MEDIA_KEYS)
    heard.get_by_role("button", name="Play", exact=True).click()
    expect(heard.get_by_role("button", name="Pause")).to_be_visible()
    heard.get_by_role("button", name="Pause").click()
    assert heard.evaluate("navigator.mediaSession.metadata.title") == "Board call"
    assert heard.evaluate("Object.keys(window.handlers).sort()") == ["seekbackward", "seekforward"]
    heard.keyboard.press("Home")
    heard.evaluate("window.handlers.seekbackward({ action: 'seekbackward' })")
    expect(heard.locator(".audio-now")).to_have_text("0:00")
    heard.evaluate("window.handlers.seekforward({ action: 'seekforward' })")
    expect(heard.locator(".audio-now")).to_have_text("0:15")
    heard.evaluate("window.handlers.seekforward({ action: 'seekforward' })")
    expect(heard.locator(".audio-now")).to_have_text("0:30")
    heard.evaluate("window.handlers.seekbackward({ action: 'seekbackward' })")
    expect(heard.locator(".audio-now")).to_have_text("0:15")


def test_following_along_stops_when_the_reader_scrolls(heard: Page) -> None:
    follow = heard.get_by_role("button", name="Follow along")
    expect(follow).to_have_attribute("aria-pressed", "true")
    heard.locator(".transcript").hover()
    heard.mouse.wheel(0, 100)
    expect(follow).to_have_attribute("aria-pressed", "false")
    heard.keyboard.press("f")
    expect(follow).to_have_attribute("aria-pressed", "true")


def test_audio_without_a_transcript_is_heard_and_has_one_way_on(visitor: Visitor, library: Library) -> None:
    recording = library.record("Memo", None)
    add_audio(library, recording)
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    expect(page.get_by_role("button", name="Transcribe the audio")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
