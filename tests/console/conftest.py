"""A real server, a real browser, and a library. On SQLite only, because the console is a client."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.server import Place, Server, new_project, running

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--autoplay-policy=no-user-gesture-required"]  # fmt: skip
BOARD = [
    ("Ruth", "Good afternoon. I would like to take the cash first, then the launch."),
    ("Ines", "We moved the launch to the fourteenth of July because the covers got stuck in Piraeus."),
    ("Klaas", "I read both notes. They were short and honest."),
    ("Ines", "The price of the trailer stays at three hundred and seventy-nine euros."),
    ("Ruth", "Then I will write to the bank on Monday."),
]
DEALERS = [
    ("Hanneke", "Nine dealers since yesterday. Most of them shrug at the new launch date."),
    ("Ines", "How are they taking the price?"),
    ("Hanneke", "Two have cancelled in Arnhem. They wanted trailers for the summer holidays."),
]


@pytest.fixture(scope="package", autouse=True)
def _patience() -> None:
    expect.set_options(timeout=15_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail("These tests need Chromium; `make chromium` installs it, or says how.", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(Place(tmp_path_factory.mktemp("console") / "earmark")) as one:
        yield one


def elsewhere(work: Callable[[], Any]) -> Any:
    """Run in a separate thread, because this one runs the browser's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def native(lines: list[tuple[str, str]], step_s: float = 6.0) -> dict[str, Any]:
    """Return a transcript in the API's native format."""
    return {
        "language": "en",
        "segments": [
            {"start": at * step_s, "end": at * step_s + step_s - 1, "speaker": speaker, "text": text}
            for at, (speaker, text) in enumerate(lines)
        ],
    }


@dataclass
class Library:
    """A project with one person and their recordings."""

    server: Server
    project_id: str
    key: str
    end_user_id: str
    api: httpx.Client

    def record(self, name: str, lines: list[tuple[str, str]] | None, **more: Any) -> str:
        """Create a recording, with a transcript if there are lines; return its id."""
        made = self.api.post("/v1/recordings", json={"end_user_id": self.end_user_id, "name": name, **more})
        recording_id: str = made.raise_for_status().json()["id"]
        if lines is not None:
            put = self.api.put(f"/v1/recordings/{recording_id}/transcript", json=native(lines))
            put.raise_for_status()
        return recording_id

    def session(self, **body: Any) -> dict[str, Any]:
        """Create a session, with a question if `question` is given."""
        question = body.pop("question", None)
        asked = {"initial_message": {"content": question}} if question else {}
        whole = {"scope": {"type": "library"}, "end_user_id": self.end_user_id, **asked, **body}
        made: dict[str, Any] = self.api.post("/v1/ask/sessions", json=whole).raise_for_status().json()
        return made


def new_library(server: Server, person: str = "ines") -> Library:
    """Create a project with one end user."""
    project = elsewhere(lambda: new_project(server.place))
    api = server.client(project.live)
    user = api.post("/v1/end-users", json={"external_id": person}).raise_for_status().json()
    return Library(server, project.id, project.live, user["id"], api)


@pytest.fixture
def library(server: Server) -> Iterator[Library]:
    """A person without recordings."""
    one = new_library(server)
    yield one
    one.api.close()


@pytest.fixture(scope="package")
def ines(server: Server) -> Iterator[Library]:
    """A person with two recordings; tests that change them create their own library."""
    one = new_library(server)
    one.record("Board call", BOARD, recorded_at="2026-06-25T14:00:00Z")
    one.record("Call with Hanneke", DEALERS, recorded_at="2026-06-26T09:00:00Z")
    yield one
    one.api.close()


class Visitor:
    """A person with a browser window."""

    def __init__(self, browser: Browser, server: Server, folder: Path) -> None:
        self._browser = browser
        self._server = server
        self._folder = folder
        self.contexts: list[BrowserContext] = []
        self.trouble: list[str] = []

    def open(self, path: str = "", *, key: str | None = None, base_url: str | None = None, **window: Any) -> Page:
        """Open the console, signed in with `key` if given."""
        options = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **window}
        context = self._browser.new_context(base_url=base_url or self._server.base_url, **options)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        if key is not None:
            context.add_init_script(
                f"sessionStorage.getItem('earmark.key') ?? sessionStorage.setItem('earmark.key', '{key}')"
            )
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("console", self._heard)
        page.on("request", self._asked)
        page.goto(f"/console{path}")
        return page

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.trouble.append(f"{message.type}: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "blob:", "data:")):
            self.trouble.append(f"outside request: {request.url}")


@pytest.fixture
def visitor(browser: Browser, server: Server, tmp_path: Path) -> Iterator[Visitor]:
    """Opens pages; afterwards checks for errors, policy violations and external requests."""
    one = Visitor(browser, server, tmp_path)
    yield one
    for context in one.contexts:
        context.close()
    assert one.trouble == []
