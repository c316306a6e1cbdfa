"""What a recording is taken from, the sound of a shared tab, and what a killed browser leaves of it."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import CHROMIUM, FLAGS, Library, Visitor
from tests.console.test_sound import STORED, begin, recorder, rows, until_recorded, words_of
from tests.server import wait_until

TAB = """(hasSound) => {
  window.stopped = [];
  navigator.mediaDevices.getDisplayMedia = async (asked) => {
    window.asked = asked;
    const picture = document.createElement("canvas");
    picture.getContext("2d");
    const tracks = picture.captureStream(1).getVideoTracks();
    if (hasSound) {
      const context = new AudioContext();
      const tone = new OscillatorNode(context, { frequency: 3000 });
      const out = context.createMediaStreamDestination();
      tone.connect(new GainNode(context, { gain: 0.02 })).connect(out);
      tone.start();
      tracks.push(...out.stream.getAudioTracks());
    }
    for (const track of tracks) {
      const stop = track.stop.bind(track);
      track.stop = () => { window.stopped.push(track.kind); stop(); };
    }
    return new MediaStream(tracks);
  };
}"""


def record_tab(page: Page) -> None:
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.get_by_role("button", name="Record", exact=True).click()
    dialog = page.get_by_role("dialog", name="Record")
    dialog.get_by_label("Name").fill("A call")
    dialog.get_by_label("What to record").select_option(label="The microphone and the sound of a tab")
    dialog.get_by_role("button", name="Begin recording").click()


def sound_of(library: Library, recording_id: str) -> bytes:
    found = library.api.get(f"/v1/recordings/{recording_id}/download-url").json()
    return httpx.get(found["download_url"]).raise_for_status().content


def has_tone(sound: bytes, hertz: int) -> bool:
    """Whether a tone stands out from what is beside it."""
    with av.open(io.BytesIO(sound), "r") as file:
        rate = file.streams.audio[0].rate
        resampler = av.AudioResampler("fltp", "mono", rate)
        samples = np.concatenate(
            [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
        )
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / rate)
    near, beside = (hz > hertz - 5) & (hz < hertz + 5), (hz > hertz - 400) & (hz < hertz + 400)
    return bool(power[near].max() > 100 * np.median(power[beside]))


def test_the_sound_of_a_tab_is_recorded_with_the_microphone_and_no_longer_shared_afterwards(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/recordings", key=library.key)
    page.evaluate(TAB, True)
    record_tab(page)
    until_recorded(page, 8)
    assert page.evaluate("[window.asked.audio, window.stopped.length]") == [True, 0]
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    assert sorted(page.evaluate("window.stopped")) == ["audio", "video"]
    (row,) = rows(library)
    assert (row["name"], row["status"]) == ("A call", "completed")
    assert words_of(library, row["id"])  # of the microphone
    assert has_tone(sound_of(library, row["id"]), 3_000)  # of the tab


def test_a_tab_that_is_shared_without_its_sound_is_refused_with_what_to_do(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    page.evaluate(TAB, False)
    record_tab(page)
    expect(page.locator(".toasts")).to_contain_text("Share it again with “Also share tab audio”.")
    expect(recorder(page)).to_have_count(0)
    assert page.evaluate("window.stopped") == ["video"]
    assert page.evaluate(STORED) == [0, 0]
    assert rows(library) == []


@contextmanager
def own_browser(browser: Browser, profile: Path) -> Iterator[tuple[subprocess.Popen[bytes], Browser]]:
    """Run a browser that can be killed, on a profile that outlives it."""
    port = profile / "DevToolsActivePort"
    port.unlink(missing_ok=True)
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: port.exists() and port.read_text().count("\n") >= 1)
        number = port.read_text().splitlines()[0]
        yield process, browser.browser_type.connect_over_cdp(f"http://127.0.0.1:{number}")
    finally:
        process.kill()
        process.wait()


def recordings_page(browser: Browser, library: Library) -> Page:
    page = browser.contexts[0].new_page()
    page.add_init_script(f"sessionStorage.setItem('earmark.key', '{library.key}')")
    page.goto(f"{library.server.base_url}/console/recordings")
    return page


@pytest.mark.parametrize("least_s", [3, 8])
def test_what_a_killed_browser_recorded_is_offered_and_saved_at_the_next_start(
    browser: Browser, library: Library, tmp_path: Path, least_s: int
) -> None:
    """Killed before anything was sent, and after: no page event runs, only what was stored as it came is there."""
    with own_browser(browser, tmp_path / "profile") as (process, first):
        page = recordings_page(first, library)
        begin(page, "Interrupted")
        until_recorded(page, least_s)
        process.kill()
        process.wait()
    with own_browser(browser, tmp_path / "profile") as (_, again):
        page = recordings_page(again, library)
        expect(recorder(page)).to_contain_text("not saved yet")
        recorder(page).get_by_role("button", name="Save").click()
        expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
        assert page.evaluate(STORED) == [0, 0]
    (row,) = rows(library)
    assert (row["name"], row["status"]) == ("Interrupted", "completed")
    assert row["duration_ms"] >= (least_s - 2) * 1_000
