"""Sharing a chat and a part of a recording by a link, which somebody without an account opens."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.conftest import BOARD, Library, Visitor
from tests.console.test_access import axe
from tests.console.test_playing import add_audio


def test_a_person_shares_a_part_of_a_recording_and_ends_the_link(visitor: Visitor, ines: Library) -> None:
    recording = ines.record("Board meeting", BOARD)
    page = visitor.open(f"/recordings/{recording}", key=ines.key)
    page.locator("reading-view .menu-holder button").first.click()
    page.get_by_role("menuitem", name="Share a link…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("0:06")
    dialog.get_by_label("Until").fill("0:05")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Until").fill("0:12")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog).to_contain_text("shown here only once")
    address = dialog.locator("pre").inner_text()
    dialog.get_by_role("button", name="Done").click()

    stranger = visitor.open()
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="Board meeting")).to_be_visible()
    expect(stranger.locator("main")).to_contain_text("the fourteenth of July")
    expect(stranger.locator("main")).not_to_contain_text("Good afternoon")

    page.goto("/console/settings/shares")
    row = page.locator("share-settings li").filter(has_text="Board meeting")
    expect(row).to_contain_text("Board meeting")
    expect(row).to_contain_text("opened once")
    row.get_by_role("button", name="End the link to Board meeting").click()
    expect(row).to_have_count(0)
    stranger.reload()
    expect(stranger.get_by_role("heading", name="This link is not valid")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [1280, pytest.param(375, marks=pytest.mark.slow)])
def test_axe_finds_nothing_in_the_dialog_that_shares_and_on_the_pages_of_links(
    visitor: Visitor, library: Library, scheme: Any, width: int
) -> None:
    window = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    recording = library.record("Board meeting", BOARD)
    add_audio(library, recording)
    page = visitor.open(f"/recordings/{recording}", key=library.key, **window)
    page.locator("reading-view .menu-holder button").first.click()
    page.get_by_role("menuitem", name="Share a link…").click()
    dialog = page.get_by_role("dialog")
    assert axe(page) == []
    dialog.get_by_label("With audio").check()
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.locator("pre")).to_be_visible()
    assert axe(page) == []
    address = dialog.locator("pre").inner_text()
    chat = library.session(question="Why did the launch move?")["session_id"]
    link = library.api.post("/v1/shares", json={"session_id": chat}).raise_for_status().json()["url"]
    stranger = visitor.open("/", **window)
    for place, sign in ((address, "button.at"), (link, "cite"), (f"{address}x", "h1")):
        stranger.goto(place)
        expect(stranger.locator(sign).first).to_be_visible()
        assert axe(stranger) == [], place


def test_a_person_shares_a_chat_as_it_is(visitor: Visitor, ines: Library) -> None:
    chat = ines.session(question="Why did the launch move?")
    page = visitor.open(f"/ask/{chat['session_id']}", key=ines.key)
    page.locator("chat-head .menu-holder button").first.click()
    page.get_by_role("menuitem", name="Share a link…").click()
    page.get_by_role("button", name="Create link").click()
    address = page.get_by_role("dialog").locator("pre").inner_text()
    page.goto(address)
    expect(page.locator(".question")).to_have_text("Why did the launch move?")
    expect(page.locator("cite").first).to_contain_text("@ 00:06")


def test_a_marked_moment_is_what_is_shared_and_the_dialog_repeats_it(visitor: Visitor, ines: Library) -> None:
    recording = ines.record("Board meeting", BOARD)
    page = visitor.open(f"/recordings/{recording}?at=6000", key=ines.key)
    expect(page.locator(".is-marked")).to_be_visible()
    page.locator("reading-view .menu-holder button").first.click()
    page.get_by_role("menuitem", name="Share a link…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("From")).to_have_value("0:06")
    expect(dialog.get_by_label("Until")).not_to_have_value("")
    expect(dialog).to_contain_text("Times such as 2:05 or 1:02:05.")
    dialog.get_by_label("Until").fill("0.12")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog).to_contain_text("The link shows the part from 0:06 to 0.12. It ends on ")
    expect(dialog).to_contain_text("This address opens on this computer only")
    expect(dialog.get_by_role("button")).to_have_text(["Copy link", "Done"])


def test_a_whole_recording_is_said_to_be_shared_whole(visitor: Visitor, ines: Library) -> None:
    recording = ines.record("Board meeting", BOARD)
    page = visitor.open(f"/recordings/{recording}", key=ines.key)
    page.locator("reading-view .menu-holder button").first.click()
    page.get_by_role("menuitem", name="Share a link…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("From")).to_have_value("")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog).to_contain_text("The link shows the whole recording.")


def test_a_long_item_of_a_menu_begins_where_the_others_do(visitor: Visitor, ines: Library) -> None:
    recording = ines.record("Board meeting", BOARD)
    page = visitor.open(f"/recordings/{recording}", key=ines.key)
    page.locator("reading-view .menu-holder button").first.click()
    item = page.get_by_role("menuitem", name="Copy a link to this moment")
    assert item.evaluate("(one) => getComputedStyle(one).textAlign") == "start"
    assert item.evaluate("(one) => one.scrollHeight <= one.clientHeight + 1")
