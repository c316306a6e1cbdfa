"""Error states: offline, rate limits, failing models; each is shown with the next step."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.console.conftest import BOARD, Library, Visitor, elsewhere, new_library
from tests.server import Place, running

QUESTION = "When did we move the launch?"


def _until_held(page: Page, held: list[Route]) -> None:
    """Wait until a request has arrived at a route that holds it; there the browser's events are heard."""
    for _ in range(500):
        if held:
            return
        page.wait_for_timeout(20)
    raise AssertionError("no request was held")


def test_a_lost_connection_is_shown_and_recovers_by_itself(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    box = page.get_by_role("textbox", name="Question")
    box.fill(QUESTION)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.locator("connection-bar")).to_contain_text("No connection to the server")
    expect(page.get_by_role("alert")).to_contain_text("Your question is saved.")
    page.context.set_offline(False)
    expect(page.locator("connection-bar")).to_be_hidden()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("answer-view")).to_contain_text("fourteenth of July")
    expect(page.locator(".question")).to_have_count(1)


def test_a_list_that_could_not_be_loaded_is_loaded_when_the_server_is_back(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    expect(page.locator("h1")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("link", name="Recordings").click()
    expect(page.locator(".page-note .status")).to_contain_text("can't be reached")
    page.context.set_offline(False)
    expect(page.locator(".recording").first).to_be_visible()


def test_a_rate_limit_is_counted_down_and_the_request_retried(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    expect(page.locator("h1")).to_be_visible()
    limited = {"error": {"code": "rate_limit_exceeded", "message": "Too many requests.", "request_id": "req_x"}}
    page.route(
        "**/v1/recordings?*",
        lambda route: route.fulfill(status=429, headers={"Retry-After": "2"}, json=limited),
        times=1,
    )
    page.get_by_role("link", name="Recordings").click()
    expect(page.locator("connection-bar")).to_have_text(re.compile(r"Too many requests. Retrying in [12] s."))
    expect(page.locator(".recording").first).to_be_visible()
    expect(page.locator("connection-bar")).to_be_hidden()


def test_a_request_to_a_busy_server_is_retried(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    expect(page.locator("h1")).to_be_visible()
    busy = {"error": {"code": "unavailable", "message": "The server is busy.", "request_id": "req_x"}}
    page.route(
        "**/v1/recordings?*", lambda route: route.fulfill(status=503, headers={"Retry-After": "2"}, json=busy), times=1
    )
    page.get_by_role("link", name="Recordings").click()
    expect(page.locator("connection-bar")).to_contain_text("The server is busy. Retrying in")
    expect(page.locator(".recording").first).to_be_visible()


def test_a_question_over_the_rate_limit_waits_with_a_countdown(visitor: Visitor, tmp_path: Path) -> None:
    with running(Place(tmp_path / "earmark"), EARMARK_RATE_LIMIT_OVERALL="14") as server:
        library = elsewhere(lambda: new_library(server))
        while time.time() % 60 > 48:  # limits count whole minutes, and none may end during the test
            time.sleep(0.5)
        page = visitor.open("/ask", key=library.key, base_url=server.base_url)
        box = page.get_by_role("textbox", name="Question")
        expect(box).to_be_visible()
        page.evaluate(
            "key => Promise.all(Array.from({length: 30}, () => fetch('/v1/recordings', {headers: {Authorization: `Bearer ${key}`}})))",
            library.key,
        )
        box.fill(QUESTION)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=re.compile(r"You can ask again in \d+ s"))).to_be_disabled()
        expect(page.locator(".question")).to_contain_text(QUESTION)
        library.api.close()


def test_after_a_models_failure_the_question_can_be_asked_again(visitor: Visitor, ines: Library) -> None:
    session = ines.session(title="Trouble")
    page = visitor.open(f"/ask/{session['id']}", key=ines.key)
    failed = {
        "error": {"code": "provider_error", "message": "The model is overloaded.", "request_id": "req_x"},
        "session_id": session["id"],
    }

    def fail(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=502, json=failed)
        else:
            route.fallback()

    page.route("**/messages", fail, times=1)
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The model didn't answer. The model is overloaded.")
    expect(page.locator(".question")).to_contain_text(QUESTION)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("answer-view")).to_contain_text("fourteenth of July")
    expect(page.locator(".question")).to_have_count(1)


def test_loading_is_shown_while_it_lasts(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    expect(page.locator("h1")).to_be_visible()
    held: list[Route] = []
    page.route("**/v1/recordings?*", lambda route: held.append(route))
    page.get_by_role("link", name="Recordings").click()
    expect(page.locator(".page-note .loading")).to_be_visible()
    _until_held(page, held)
    held[0].continue_()
    expect(page.locator(".recording").first).to_be_visible()
    expect(page.locator(".page-note .loading")).to_have_count(0)


def test_an_unhandled_error_is_shown_with_a_reload_button(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    expect(page.locator("h1")).to_be_visible()
    page.evaluate("setTimeout(() => { throw new Error('a bug'); })")
    expect(page.locator(".toasts")).to_contain_text("The console failed")
    page.get_by_role("button", name="Reload").click()
    expect(page.locator("h1")).to_be_visible()
    assert [one for one in visitor.trouble if "a bug" not in one] == []
    visitor.trouble.clear()


def test_a_chat_about_a_deleted_recording_shows_why_it_cannot_be_asked(visitor: Visitor, library: Library) -> None:
    recording = library.record("Board call", BOARD)
    session = library.session(scope={"type": "recording", "recording_id": recording}, title="Gone")
    library.api.delete(f"/v1/recordings/{recording}").raise_for_status()
    page = visitor.open(f"/ask/{session['id']}", key=library.key)
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("were deleted; it can be read but not asked")


def test_a_question_asked_before_the_chat_was_loaded_is_asked_in_that_chat(visitor: Visitor, library: Library) -> None:
    library.record("Board call", BOARD)
    session = library.session(title="Slow to load")
    page = visitor.open("/ask", key=library.key)
    expect(page.locator("h1")).to_be_visible()
    held: list[Route] = []
    page.route(f"**/v1/ask/sessions/{session['id']}", lambda route: held.append(route), times=1)
    page.get_by_role("link", name=re.compile("Slow to load")).click()
    expect(page.locator(".chat-top .loading")).to_be_visible()
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Question").fill("And who")
    _until_held(page, held)
    held[0].continue_()
    expect(page.locator("answer-view")).to_contain_text("fourteenth of July")
    expect(page.get_by_role("textbox", name="Question")).to_have_value("And who")
    expect(page.locator(".answer-foot button").first).to_be_visible()  # the answer is whole, and stored
    assert [one["message_count"] for one in library.api.get("/v1/ask/sessions").json()["data"]] == [2]
