"""The overview: counts and charts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Library, Visitor


def test_the_overview_of_an_empty_library_says_that_there_is_no_data(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/overview", key=library.key)
    expect(page.locator(".empty")).to_contain_text("No data yet")


def test_recordings_and_chats_are_counted_and_drawn(visitor: Visitor, library: Library) -> None:
    library.record("One", [("Ada", "Hello.")] * 300)
    library.record("Two", [("Ada", "Hello.")] * 300)
    library.session(title="A")
    library.session(title="B")
    library.session(title="C")
    page = visitor.open("/overview", key=library.key)
    expect(page.locator(".figures")).to_contain_text("Recordings2")
    expect(page.locator(".figures")).to_contain_text("Hours1")
    chart = page.get_by_role("img", name="Chats per day. 3 chats in 30 days")
    expect(chart).to_be_visible()
    assert chart.locator("rect").count() == 30


def test_an_end_users_key_is_told_what_it_may_not_see(visitor: Visitor, library: Library) -> None:
    library.session(title="A")
    token = library.api.post(f"/v1/end-users/{library.end_user_id}/tokens").raise_for_status().json()["token"]
    page = visitor.open("/overview", key=token)
    expect(page.get_by_role("img", name="Chats per day")).to_be_visible()
    expect(page.locator(".overview")).to_contain_text("Questions and tokens are shown only to project-wide keys.")


def test_a_read_only_token_shows_an_error_for_each_file(visitor: Visitor, library: Library) -> None:
    token = library.api.post(f"/v1/end-users/{library.end_user_id}/tokens").raise_for_status().json()["token"]
    page = visitor.open("/recordings", key=token)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").first.click()
    chooser.value.set_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"Ada: Hello."})
    expect(page.get_by_role("dialog").locator(".problem")).to_contain_text("transcriptions:write")
