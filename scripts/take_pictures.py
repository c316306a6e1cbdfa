"""Take the pictures of the console in `docs/images`, of the sample library: six, 1280 by 800, light. Needs Chromium."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PERSON = "ines"
SAMPLE = ROOT / "src" / "earmark" / "sample" / PERSON
WINDOW = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 800}
QUESTIONS = [
    "What is the condition for releasing the second payment?",
    "How much does Dario want to earn and when can he start?",
    "How has our cash position changed between the board calls?",
    "Who was against the 399 euro price, and why?",
    "When did we move the launch, and why?",
]
_WAIT_S = 240


@contextmanager
def library() -> Iterator[tuple[str, httpx.Client, str]]:
    """Serve the sample library of one person, on data of its own; yield its address, a client and its key."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "EARMARK_DATA_DIR": folder, "EARMARK_PORT": "8799", "PATH": "/usr/bin:/bin",
            "PYTHONPATH": ":".join(filter(None, sys.path)),
        }  # fmt: skip
        command = [sys.executable, "-m", "earmark"]

        def run(*arguments: str) -> Any:
            done = subprocess.run([*command, *arguments, "--json"], cwd=folder, env=environment, check=True, stdout=-1)
            return json.loads(done.stdout.splitlines()[0])

        project = run("projects", "create", "Marigold")["id"]
        key = run("keys", "create", "--project", project)["key"]
        talks = sorted(SAMPLE.glob("*.json"))
        audio = [part for one in talks for part in ("--audio", str(one.with_suffix(".opus")))]
        run("import", *map(str, talks), *audio, "--project", project, "--end-user", PERSON)
        process = subprocess.Popen([*command, "serve"], cwd=folder, env=environment)
        try:
            address = "http://127.0.0.1:8799"
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=_WAIT_S) as api:
                until(lambda: is_up(address))
                yield address, api, key
        finally:
            process.terminate()
            process.wait()


def is_up(address: str) -> bool:
    """Whether the server answers."""
    try:
        return httpx.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False


def until(is_done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + _WAIT_S
    while not is_done():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.5)


class Studio:
    """Opens pages of one person's library and photographs them."""

    def __init__(self, browser: Browser, address: str, api: httpx.Client, key: str) -> None:
        self.browser, self.address, self.api, self.key = browser, address, api, key
        people = api.get("/end-users").json()["data"]
        self.person = next(one["id"] for one in people if one["external_id"] == PERSON)
        rows = api.get("/recordings", params={"end_user_id": self.person, "limit": 100}).json()["data"]
        self.recordings = {one["name"]: one["id"] for one in rows}

    def chat(self, question: str) -> str:
        """Ask a question in a chat of its own."""
        body = {"scope": {"type": "library"}, "end_user_id": self.person, "initial_message": {"content": question}}
        return str(self.api.post("/ask/sessions", json=body).raise_for_status().json()["session_id"])

    def summarise(self) -> None:
        """Have every recording summarised."""
        made = []
        for one in self.recordings.values():
            transcription = self.api.get(f"/recordings/{one}").json()["transcription_id"]
            body = {"transcription_id": transcription, "template_id": "tmpl_general_notes"}
            made.append(self.api.post("/summaries", json=body).raise_for_status().json()["id"])
        until(lambda: all(self.api.get(f"/summaries/{one}").json()["status"] == "completed" for one in made))

    def open(self, path: str, **window: Any) -> Page:
        """Open a page of the console."""
        options = {"viewport": WINDOW, "color_scheme": "light", "reduced_motion": "reduce", "locale": "en-GB"}
        page = self.browser.new_context(**{**options, **window}).new_page()
        stored = f"sessionStorage.setItem('earmark.key', '{self.key}'); sessionStorage.setItem('earmark.end_user', '{self.person}')"
        page.add_init_script(stored)
        page.goto(f"{self.address}/console{path}")
        return page

    def save(self, page: Page, name: str) -> None:
        """Photograph a page when it has come to rest."""
        page.wait_for_timeout(600)
        page.screenshot(path=IMAGES / f"console-{name}.png")
        page.context.close()


def cite(page: Page) -> None:
    """Open the last answer's first citation beside the chat."""
    page.locator(".citation").last.click()
    expect(page.locator("beside-panel .line.is-marked")).to_be_visible()


def take_wide(studio: Studio, chat: str) -> None:
    """Take the five pictures of a wide window."""
    page = studio.open(f"/ask/{chat}")
    cite(page)
    studio.save(page, "ask")
    board = next(one for name, one in studio.recordings.items() if name.startswith("Board call, 28 April"))
    page = studio.open(f"/recordings/{board}?at=260000&session={chat}")
    expect(page.locator(".line.is-marked")).to_be_visible()
    page.get_by_label("Find in this transcript").fill("warranty")
    studio.save(page, "reading")
    page = studio.open("/search?q=who disagreed about the price")
    page.locator(".score summary").first.click()
    studio.save(page, "search")
    page = studio.open("/decisions?kind=action_item")
    page.locator(".items .moment").first.hover()
    studio.save(page, "decisions")
    page = studio.open("/person?name=Ines&kind=action_item")
    expect(page.locator(".items li").first).to_be_visible()
    studio.save(page, "person")


def take_phone(studio: Studio, chat: str) -> None:
    """Take the picture of a phone: a chat, a recording, a person's page, side by side."""
    shots = []
    page = studio.open(f"/ask/{chat}", viewport=PHONE, has_touch=True)
    expect(page.locator(".citation").first).to_be_visible()
    page.wait_for_timeout(600)
    shots.append(page.screenshot())
    cite(page)
    page.wait_for_timeout(600)
    shots.append(page.screenshot())
    page.goto(f"{studio.address}/console/person?name=Ines&kind=action_item")
    expect(page.locator(".items li").first).to_be_visible()
    page.wait_for_timeout(600)
    shots.append(page.screenshot())
    page.context.close()
    pictures = "".join(f"<img src='data:image/png;base64,{base64.b64encode(one).decode()}'>" for one in shots)
    style = "body{margin:0;display:flex;gap:20px;background:#fff}img{width:390px;height:800px;outline:1px solid #ddd}"
    page = studio.browser.new_context(viewport={"width": 1210, "height": 800}).new_page()
    page.set_content(f"<style>{style}</style>{pictures}")
    studio.save(page, "phone")


def main() -> None:
    """Take all pictures."""
    with library() as (address, api, key), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        studio = Studio(browser, address, api, key)
        studio.summarise()
        for question in QUESTIONS:
            chat = studio.chat(question)
        take_wide(studio, chat)
        take_phone(studio, chat)
        browser.close()


if __name__ == "__main__":
    main()
