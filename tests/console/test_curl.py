"""The curl commands that each view shows work as shown and do not contain the key."""

from __future__ import annotations

import json
import os
import subprocess

from playwright.sync_api import expect

from tests.console.conftest import Library, Visitor


def test_the_latest_request_of_each_view_is_shown(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/recordings", key=ines.key)
    expect(page.locator(".curl-last")).to_contain_text("GET /v1/recordings?limit=100")
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox", name="Search transcripts").fill("launch")
    expect(page.locator(".curl-last")).to_have_text("POST /v1/recordings/search")


def test_a_shown_command_runs_in_a_shell_and_does_not_contain_the_key(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/search", key=ines.key)
    page.get_by_role("searchbox", name="Search transcripts").fill("it's the launch")
    expect(page.locator(".result").first).to_be_visible()
    page.locator("curl-note summary").click()
    command = page.locator(".curl-list pre").first.inner_text()
    assert ines.key not in page.content()
    assert "$EARMARK_KEY" in command
    page.get_by_role("button", name="Copy command").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == command
    done = subprocess.run(["bash", "-c", command], env={**os.environ, "EARMARK_KEY": ines.key},
                          capture_output=True, check=True, timeout=60)  # fmt: skip
    assert json.loads(done.stdout)["results"]
