"""The page that asks whether an assistant may see a person's recordings."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Library, Visitor
from tests.console.test_access import axe
from tests.server import Server

CALLBACK = "http://127.0.0.1:40996/callback"
VERIFIER = "v" * 50


def link_of(server: Server, **changed: str) -> str:
    """Return the path of an assistant's link, without the leading /console."""
    made = httpx.post(
        f"{server.base_url}/oauth/register", json={"client_name": "Lantern <b>app</b>", "redirect_uris": [CALLBACK]}
    )
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    link = {
        "client_id": made.json()["client_id"], "redirect_uri": CALLBACK, "response_type": "code", "state": "st4te",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
        "resource": f"{server.base_url}/mcp", **changed,
    }  # fmt: skip
    opened = httpx.get(f"{server.base_url}/oauth/authorize?{urlencode(link)}")
    assert opened.status_code == 302
    return opened.headers["location"]


def catch_callback(page: Page) -> list[str]:
    """Answer the assistant's own address, and note how it was called."""
    caught: list[str] = []

    def answer(route: Route) -> None:
        caught.append(route.request.url)
        route.fulfill(body="The app goes on.", content_type="text/plain")

    page.route(f"{CALLBACK}*", answer)
    return caught


def test_a_person_is_shown_what_an_app_may_see_and_connects_it(server: Server, visitor: Visitor, ines: Library) -> None:
    page = visitor.open()
    caught = catch_callback(page)
    page.goto(server.base_url + link_of(server))
    page.get_by_label("Key or token").fill(ines.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Connect “Lantern <b>app</b>”?")).to_be_focused()
    expect(page.locator("connect-page")).to_contain_text("It will see the recordings of")
    expect(page.locator("connect-page")).to_contain_text("Read transcripts")
    expect(page.locator("connect-page")).to_contain_text("You will be sent back to 127.0.0.1.")
    expect(page.locator("connect-page")).to_contain_text("nobody has checked it")
    assert axe(page) == []
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("The app goes on.")).to_be_visible()
    came = parse_qs(urlsplit(caught[0]).query)
    assert came["state"] == ["st4te"]
    assert came["iss"] == [server.base_url]
    assert came["code"][0].startswith("oac_")


def test_a_person_says_no(server: Server, visitor: Visitor, ines: Library) -> None:
    page = visitor.open(key=ines.key)
    caught = catch_callback(page)
    page.goto(server.base_url + link_of(server))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The app goes on.")).to_be_visible()
    assert parse_qs(urlsplit(caught[0]).query)["error"] == ["access_denied"]


def test_an_app_that_names_an_address_of_others_is_refused_without_a_way_there(
    server: Server, visitor: Visitor, ines: Library
) -> None:
    page = visitor.open(key=ines.key)
    page.goto(server.base_url + link_of(server, redirect_uri="https://evil.example/"))
    expect(page.get_by_role("alert")).to_have_text("The client does not list this redirect address.")
    expect(page.get_by_role("button", name="Connect", exact=True)).to_have_count(0)
    assert "evil.example" not in page.locator("connect-page").inner_html()
    page.get_by_role("button", name="Go to the console").click()
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
