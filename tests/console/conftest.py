"""A real server, a real browser, and a library. On SQLite only, because the console is a client."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect, sync_playwright

from tests.server import Place, Server, new_bound_key, new_project, running, wait_until

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SPEECH = Path(sys.prefix) / "share" / "earmark" / "speech-samples" / "beckett.wav"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--autoplay-policy=no-user-gesture-required",
         "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
         f"--use-file-for-fake-audio-capture={SPEECH}"]  # fmt: skip
"""The microphone is a file of speech, and whoever asks for it gets it."""
BOARD = [
    ("Ruth", "Good afternoon. I would like to take the cash first, then the launch."),
    ("Ines", "We moved the launch to the fourteenth of July because the covers got stuck in Piraeus."),
    ("Klaas", "I read both notes. They were short and honest."),
    ("Ines", "The price of the trailer stays at three hundred and seventy-nine euros."),
    ("Ruth", "Then I will write to the bank on Monday."),
]
MEETING = [
    ("Ada", "The wheels are three weeks late. Shall we move the launch to the ninth of June?"),
    ("Grace", "Agreed, the ninth of June. I'll tell the printer on Friday."),
    ("Ada", "Who pays for the new wheels?"),
    ("Grace", "I don't know yet. I have to ask the board."),
    ("Klaas", "I will write to the dealers until Monday."),
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

    def summary(self, recording_id: str, template: str = "tmpl_general_notes") -> dict[str, Any]:
        """Have a recording summarised; return the completed summary."""
        transcription = self.api.get(f"/v1/recordings/{recording_id}").json()["transcription_id"]
        body = {"transcription_id": transcription, "template_id": template}
        path = f"/v1/summaries/{self.api.post('/v1/summaries', json=body).raise_for_status().json()['id']}"
        wait_until(lambda: self.api.get(path).json()["status"] == "completed")
        made: dict[str, Any] = self.api.get(path).json()
        return made

    def own_key(self) -> str:
        """Make a key of the person, as a console link of theirs gives."""
        made: str = elsewhere(lambda: new_bound_key(self.server.place, self.project_id, self.end_user_id))
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


class Windows:
    """Browser windows for one test after another: a new one starts processes that cost more than a page does.

    Between two tests a window loses its pages and all that the server's pages left in it: cookies and storage.
    """

    def __init__(self, browser: Browser, base_url: str) -> None:
        self.base_url = base_url
        self._browser = browser
        self._idle: dict[str, list[tuple[BrowserContext, CDPSession]]] = {}

    @contextmanager
    def one(self, options: dict[str, Any]) -> Iterator[BrowserContext]:
        """Yield a window that is nobody else's until the block ends."""
        idle = self._idle.setdefault(json.dumps(options, sort_keys=True), [])
        context, devtools = idle.pop() if idle else self._made(options)
        yield context
        context.set_offline(False)
        context.clear_cookies()
        for page in context.pages[1:]:
            page.close()
        devtools.send("Storage.clearDataForOrigin", {"origin": self.base_url, "storageTypes": "all"})
        idle.append((context, devtools))

    def _made(self, options: dict[str, Any]) -> tuple[BrowserContext, CDPSession]:
        context = new_window(self._browser, self.base_url, options)
        return context, context.new_cdp_session(context.new_page())  # whose blank page keeps the processes running


def new_window(browser: Browser, base_url: str, options: dict[str, Any]) -> BrowserContext:
    """Open a window that shares nothing with others."""
    context = browser.new_context(base_url=base_url, **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


@pytest.fixture(scope="package")
def windows(browser: Browser, server: Server) -> Windows:
    return Windows(browser, server.base_url)


class Visitor:
    """A person with a browser window."""

    def __init__(self, browser: Browser, windows: Windows) -> None:
        self._browser = browser
        self._windows = windows
        self.closing = ExitStack()
        self.trouble: list[str] = []

    def open(
        self, path: str = "", *, key: str | None = None, base_url: str | None = None, alone: bool = False, **window: Any
    ) -> Page:
        """Open the console in a window of its own, signed in with `key` if given.

        `alone` is for a test that changes a window in a way that can't be undone, such as its clock.
        """
        options = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **window}
        if alone or base_url is not None:
            context = new_window(self._browser, base_url or self._windows.base_url, options)
            self.closing.callback(context.close)
        else:
            context = self.closing.enter_context(self._windows.one(options))
        page = context.new_page()
        if key is not None:
            page.add_init_script(
                f"sessionStorage.getItem('earmark.key') ?? sessionStorage.setItem('earmark.key', '{key}')"
            )
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
def visitor(browser: Browser, windows: Windows) -> Iterator[Visitor]:
    """Opens pages; afterwards checks for errors, policy violations and external requests."""
    one = Visitor(browser, windows)
    with one.closing:
        yield one
    assert one.trouble == []
