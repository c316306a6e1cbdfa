"""A new installation in the browser: the one-time link, the first steps of an empty library, and adding people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.assistants import call_of, post
from tests.console.conftest import BOARD, Library, Visitor, elsewhere, native
from tests.console.test_access import WINDOWS, axe
from tests.server import Place, Server, new_bound_key, running


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Server]:
    """A server on an empty folder."""
    with running(Place(tmp_path / "earmark")) as one:
        yield one


def fragment_of(server: Server) -> str:
    """Return the fragment of the link that the server prints."""
    stdout: Any = server.process.stdout
    line = next(line for line in stdout if "#setup=" in line)
    return str(line.strip().partition("/console")[2])


def fill_in(page: Page, project: str, person: str) -> None:
    page.get_by_label("Project name").fill(project)
    page.get_by_label("Your name").fill(person)
    page.get_by_role("button", name="Create project").click()


@pytest.mark.parametrize("window", WINDOWS)
def test_the_link_creates_a_project_shows_its_key_once_and_signs_in(
    visitor: Visitor, new_server: Server, window: dict[str, Any]
) -> None:
    fragment = fragment_of(new_server)
    page = visitor.open(fragment, base_url=new_server.base_url, **window)
    expect(page.get_by_label("Project name")).to_have_value("My project")
    expect(page.get_by_label("Project name")).to_be_focused()
    assert "#" not in page.url
    assert axe(page) == []
    fill_in(page, "Lantern & Co", "Ada")
    expect(page.get_by_role("heading", name="“Lantern & Co” is ready")).to_be_focused()
    key = page.locator(".copyable pre").first.inner_text()
    assert key.startswith("sk_live_")
    assert page.locator(".copyable pre").last.inner_text() == "earmark use 'Lantern & Co' Ada"
    page.get_by_role("button", name="Copy key").click()
    expect(page.locator(".toasts")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == key
    assert axe(page) == []
    kept = page.evaluate("JSON.stringify([sessionStorage, localStorage, document.cookie, location.href])")
    assert key not in kept
    page.get_by_role("button", name="Open the console").click()
    expect(page.get_by_role("heading", name="Begin with a recording")).to_be_visible()
    assert key not in page.content()
    assert axe(page) == []
    again = visitor.open(fragment, base_url=new_server.base_url, **window)
    fill_in(again, "Another", "Eve")
    expect(again.get_by_role("alert")).to_contain_text("This link has been used")
    with new_server.client(key) as client:
        assert [one["name"] for one in client.get("/v1/end-users").json()["data"]] == ["Ada"]


def test_a_page_reloaded_before_the_key_is_put_away_is_signed_in(visitor: Visitor, new_server: Server) -> None:
    page = visitor.open(fragment_of(new_server), base_url=new_server.base_url)
    fill_in(page, "Lanterns", "Ada")
    expect(page.get_by_role("heading", name="“Lanterns” is ready")).to_be_visible()
    page.reload()
    expect(page.locator(".side-person")).to_contain_text("Ada")


def test_an_assistant_is_connected_straight_after_setting_up(visitor: Visitor, new_server: Server) -> None:
    page = visitor.open(fragment_of(new_server), base_url=new_server.base_url)
    fill_in(page, "Lanterns", "Ada")
    page.get_by_role("button", name="Open the console").click()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Assistants and apps").click()
    page.get_by_label("What is it for?").fill("Claude on my laptop")
    page.get_by_role("button", name="Create token").click()
    token = page.locator(".secret-note pre").inner_text()
    with new_server.client(token) as client:
        assert post(client, call_of("list_my_recordings")).json()["result"]["isError"] is False


def test_a_blank_name_is_refused_and_the_page_goes_on(visitor: Visitor, new_server: Server) -> None:
    page = visitor.open(fragment_of(new_server), base_url=new_server.base_url)
    fill_in(page, "Lanterns", " ")
    expect(page.get_by_role("alert")).to_have_text("Enter both names.")
    fill_in(page, "Lanterns", "Ada")
    expect(page.get_by_role("heading", name="“Lanterns” is ready")).to_be_visible()


def test_the_root_of_the_server_opens_the_console(visitor: Visitor, new_server: Server) -> None:
    page = visitor.open("", base_url=new_server.base_url)
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.url == f"{new_server.base_url}/console"
    expect(page.locator("#sign-in-hint")).to_contain_text("earmark setup")


# ---- an empty library ------------------------------------------------------------------------------


def test_an_empty_library_says_what_to_do_and_takes_files(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/ask", key=library.key)
    steps = page.locator(".first-steps li h2")
    expect(steps).to_have_text(["Add recordings", "Import from a terminal", "Connect an app", "Invite a person"])
    commands = page.locator(".first-steps pre")
    expect(commands.first).to_have_text(f"earmark import FILE… --project {library.project_id} --end-user ines")
    expect(commands.last).to_contain_text(library.end_user_id)
    take = "(text) => void document.querySelector('chat-greeting drop-zone').take([new File([text], 'Board.json')])"
    page.evaluate(take, json.dumps(native(BOARD)))
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    expect(page.get_by_role("link", name="Added. Open it")).to_be_visible()
    expect(page.locator(".suggestion").first).to_be_visible()


def test_the_shown_commands_work(visitor: Visitor, library: Library, tmp_path: Path) -> None:
    page = visitor.open("/ask", key=library.key)
    page.locator(".first-steps").wait_for()
    command = page.locator(".first-steps pre").first.inner_text()
    file = tmp_path / "board.json"
    file.write_text(json.dumps(native(BOARD)))
    library.server.place.cli(*command.replace("FILE…", str(file)).split()[1:])
    page.reload()
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    expect(page.locator(".first-steps")).to_have_count(0)


# ---- people ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", WINDOWS)
def test_a_person_is_added_and_opened_by_the_shown_link(
    visitor: Visitor, library: Library, window: dict[str, Any]
) -> None:
    page = visitor.open("/ask", key=library.key, **window)
    page.get_by_role("button", name="Add a person").click()
    expect(page.get_by_label("Name")).to_be_focused()
    assert axe(page) == []
    page.get_by_label("Name").fill("Mara Lind")
    page.get_by_label("External id", exact=True).fill("mara")
    page.keyboard.press("Enter")
    expect(page.locator(".person").first).to_contain_text("Mara Lind")
    assert axe(page) == []
    command = page.locator(".added pre").inner_text()
    assert command == f"earmark console-link --project {library.project_id} --end-user mara"
    link = library.server.place.cli(*command.split()[1:]).stdout.strip()
    hers = visitor.open(link.partition("/console")[2], **window)
    expect(hers.get_by_role("heading", name="Begin with a recording")).to_be_visible()
    page.get_by_label("Name").fill("Another Mara")
    page.get_by_label("External id", exact=True).fill("mara")
    page.keyboard.press("Enter")
    expect(page.locator(".adding .problem")).to_have_text("Another person has this external id.")
    page.locator(".person", has_text="Mara Lind").click()
    expect(page.locator(".side-name")).to_have_text("Mara Lind")


def test_the_name_is_the_external_id_where_none_is_given(visitor: Visitor, library: Library) -> None:
    library.api.delete(f"/v1/end-users/{library.end_user_id}").raise_for_status()
    page = visitor.open("/ask", key=library.key)
    expect(page.get_by_role("alert").first).to_have_text("This project has no people yet. Add the first one.")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("Jo")
    page.keyboard.press("Enter")
    page.locator(".person", has_text="Jo").click()
    expect(page.locator(".side-name")).to_have_text("Jo")
    (user,) = library.api.get("/v1/end-users").json()["data"]
    assert (user["name"], user["external_id"]) == ("Jo", "Jo")


def test_a_key_of_one_person_adds_nobody(visitor: Visitor, library: Library) -> None:
    key = elsewhere(lambda: new_bound_key(library.server.place, library.project_id, library.end_user_id))
    page = visitor.open("/ask", key=key)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Change person").click()
    page.locator("summary", has_text="Add a person").click()
    page.get_by_label("Name").fill("Eve")
    page.keyboard.press("Enter")
    expect(page.locator(".adding .problem")).to_have_text("This key can't add people.")
