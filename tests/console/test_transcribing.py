"""A recording that is being heard: how much of it, and its first lines, before the end."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Library, Visitor, elsewhere, new_library
from tests.console.test_importing import DROP_BYTES
from tests.http.hearing import LINES, hearing, script
from tests.server import Place


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Library]:
    """A person at a server whose engine says what a script says."""
    with hearing(Place(tmp_path / "earmark")) as server:
        one = new_library(server)
        yield one
        one.api.close()


def test_dropped_audio_shows_its_percentage_and_its_first_lines_while_it_is_heard(
    visitor: Visitor, scripted: Library, tmp_path: Path
) -> None:
    audio = script(tmp_path, waits_at=2)
    page = visitor.open("/recordings", key=scripted.key, base_url=scripted.server.base_url)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.evaluate(DROP_BYTES, ["talk.wav", base64.b64encode(audio.audio).decode()])
    row = page.locator(".upload-list li", has_text="talk.wav")
    expect(row).to_contain_text("66 %", timeout=60_000)
    row.get_by_role("link").click()
    panel = page.locator("transcribing-panel")
    expect(panel).to_contain_text("66 %")
    expect(panel).to_contain_text(LINES[0])
    expect(panel).to_contain_text(LINES[1])
    expect(panel).not_to_contain_text(LINES[2])
    elsewhere(audio.open)
    expect(page.locator(".line", has_text=LINES[2])).to_be_visible(timeout=60_000)
    expect(panel).to_have_count(0)
