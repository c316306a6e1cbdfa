"""The page of a project's people: they are renamed, invited by a command and erased."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import BOARD, Library, Visitor
from tests.console.test_access import axe


@pytest.fixture
def page(visitor: Visitor, library: Library) -> Page:
    library.api.post("/v1/end-users", json={"external_id": "mara", "name": "Mara Lind"}).raise_for_status()
    return visitor.open("", key=library.key)


def act(page: Page, name: str, action: str) -> None:
    page.get_by_role("button", name=f"Actions for {name}", exact=True).click()
    page.get_by_role("menuitem", name=action).click()


def names(library: Library) -> set[str | None]:
    return {one["name"] or one["external_id"] for one in library.api.get("/v1/end-users").json()["data"]}


def test_a_person_is_renamed(page: Page, library: Library) -> None:
    act(page, "Mara Lind", "Rename")
    dialog = page.get_by_role("dialog", name="Rename")
    dialog.get_by_label("Name").fill("Mara Berg")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".person", has_text="Mara Berg")).to_be_visible()
    assert names(library) == {"Mara Berg", "ines"}


def test_a_person_is_erased_only_after_their_name_was_typed(page: Page, library: Library) -> None:
    library.record("Board call", BOARD)
    act(page, "ines", "Erase")
    dialog = page.get_by_role("dialog", name="Erase ines?")
    expect(dialog).to_contain_text("deleted permanently")
    assert axe(page) == []
    for typed in ("", "Ines", "mara"):
        dialog.get_by_label("To confirm, type ines").fill(typed)
        dialog.get_by_role("button", name="Erase permanently").click()
        expect(dialog).to_be_visible()
    assert names(library) == {"Mara Lind", "ines"}
    dialog.get_by_label("To confirm, type ines").fill("ines")
    dialog.get_by_role("button", name="Erase permanently").click()
    expect(page.locator(".toast")).to_contain_text("ines was erased.")
    expect(page.locator(".person")).to_have_count(1)
    assert names(library) == {"Mara Lind"}
    assert library.api.get("/v1/recordings").json()["data"] == []


def test_the_page_says_that_inviting_is_a_command_on_the_server(page: Page) -> None:
    expect(page.locator("people-page")).to_contain_text("People are invited on the server")
    expect(page.locator("people-page")).to_contain_text("The console sends no invitations.")
    act(page, "Mara Lind", "Invite")
    dialog = page.get_by_role("dialog", name="Invite Mara Lind")
    expect(dialog.locator("pre")).to_contain_text("console-link")
    expect(dialog.locator("pre")).to_contain_text("--end-user mara")


def test_a_key_that_may_not_erase_people_is_told_so(visitor: Visitor, page: Page, library: Library) -> None:
    made = library.api.post("/v1/keys", json={"scopes": ["end_users:read", "recordings:read", "ask:read"]})
    reading = visitor.open("", key=made.raise_for_status().json()["key"])
    act(reading, "ines", "Erase")
    reading.get_by_label("To confirm, type ines").fill("ines")
    reading.get_by_role("button", name="Erase permanently").click()
    expect(reading.locator(".toast")).to_contain_text("end_users:write")
    assert names(library) == {"Mara Lind", "ines"}
