"""The overview: what there is and what was asked, in numbers and small charts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Library, Visitor


def test_an_empty_library_has_nothing_to_count(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/overview", key=library.key)
    expect(page.locator(".empty")).to_contain_text("Nothing to count yet")


def test_recordings_and_chats_are_counted_and_drawn(visitor: Visitor, library: Library) -> None:
    library.record("One", [("Ada", "Hello.")] * 300)
    library.record("Two", [("Ada", "Hello.")] * 300)
    library.session(title="A")
    library.session(title="B")
    library.session(title="C")
    page = visitor.open("/overview", key=library.key)
    expect(page.locator(".figures")).to_contain_text("Recordings2")
    expect(page.locator(".figures")).to_contain_text("Hours1")
    chart = page.get_by_role("img", name="Chats a day. 3 chats in 30 days")
    expect(chart).to_be_visible()
    assert chart.locator("rect").count() == 30
