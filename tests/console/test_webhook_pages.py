"""The pages of webhook endpoints: made, tried, resent, rotated, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from earmark.jobs.outbox import TYPES
from tests.console.conftest import Library, Visitor
from tests.console.test_access import WINDOWS, axe
from tests.console.test_site import MODULES
from tests.webhooks.receiver import Receiver, in_turn, ok, receiving, status


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def created(visitor: Visitor, library: Library, url: str, **window: Any) -> Page:
    """Add an endpoint on the page."""
    page = visitor.open("/settings/webhooks", key=library.key, **window)
    page.get_by_text("Add an endpoint").click()
    page.get_by_label("Address (https)").fill(url)
    page.get_by_role("button", name="Create endpoint").click()
    return page


def test_an_endpoint_is_added_and_its_secret_shown_once(visitor: Visitor, library: Library, receiver: Receiver) -> None:
    page = created(visitor, library, receiver.url)
    expect(page.locator(".secret-note pre")).to_have_text(re.compile("^whsec_"))
    secret = page.locator(".secret-note pre").inner_text()
    (endpoint,) = library.api.get("/v1/webhook-endpoints").json()["data"]
    assert (endpoint["url"], endpoint["events"], endpoint["include"]) == (receiver.url, ["*"], [])
    page.reload()
    expect(page.locator(".row")).to_contain_text(receiver.url)
    assert secret not in page.content()


def test_an_endpoint_asks_for_some_events_and_for_words(visitor: Visitor, library: Library, receiver: Receiver) -> None:
    page = visitor.open("/settings/webhooks", key=library.key)
    page.get_by_text("Add an endpoint").click()
    page.get_by_label("Address (https)").fill(receiver.url)
    page.get_by_label("Only these events").check()
    page.get_by_role("button", name="Create endpoint").click()
    expect(page.get_by_role("alert").filter(has_text="Choose at least one event.")).to_be_visible()
    page.get_by_label("summary.completed").check()
    page.get_by_label("Send words too").check()
    page.get_by_role("button", name="Create endpoint").click()
    expect(page.locator(".row")).to_contain_text("1 kind of event, with words")
    (endpoint,) = library.api.get("/v1/webhook-endpoints").json()["data"]
    assert (endpoint["events"], endpoint["include"]) == (["summary.completed"], ["text"])


def test_an_address_that_is_refused_says_why(visitor: Visitor, library: Library) -> None:
    page = created(visitor, library, "https://10.0.0.1/hook")
    expect(page.locator(".problem").filter(has_text=re.compile("address|URL"))).to_be_visible()
    assert library.api.get("/v1/webhook-endpoints").json()["data"] == []


def test_a_test_is_sent_logged_with_its_attempts_and_resent(visitor: Visitor, library: Library) -> None:
    with receiving(in_turn(status(404, b"<b>not here</b>"), ok)) as receiver:
        page = created(visitor, library, receiver.url)
        page.locator("a.row").click()
        page.get_by_role("button", name="Send a test").click()
        row = page.locator(".deliveries summary")
        expect(row).to_contain_text("webhook_endpoint.test")
        expect(row).to_contain_text("1 attempt · 404")
        row.click()
        expect(page.locator(".attempts li")).to_contain_text("answered 404")
        expect(page.locator(".attempts pre")).to_have_text("<b>not here</b>")
        page.get_by_role("button", name="Send again").click()
        first, second = receiver.wait(2)
        assert (first.event["id"], first.body) == (second.event["id"], second.body)
        page.get_by_role("button", name="Refresh").click()
        expect(page.locator(".deliveries summary").first).to_contain_text("delivered")
        page.get_by_label("Show").select_option("failed")
        expect(page.get_by_text("No deliveries.")).to_be_visible()


def test_an_endpoint_is_disabled_enabled_given_a_new_secret_and_deleted(
    visitor: Visitor, library: Library, receiver: Receiver
) -> None:
    page = created(visitor, library, receiver.url)
    page.locator("a.row").click()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("Disabled by a person.")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
    page.get_by_role("button", name="Enable").click()
    page.get_by_role("button", name="New secret").click()
    page.get_by_role("dialog").get_by_role("button", name="New secret").click()
    expect(page.locator(".secret-note pre")).to_have_text(re.compile("^whsec_"))
    expect(page.get_by_text("The previous secret is valid until")).to_be_visible()
    page.get_by_role("button", name="Revoke it now").click()
    expect(page.get_by_text("The previous secret is valid until")).to_have_count(0)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete endpoint").click()
    expect(page.get_by_text("No endpoints yet.")).to_be_visible()
    assert library.api.get("/v1/webhook-endpoints").json()["data"] == []


def test_a_persons_key_is_told_that_webhooks_are_the_projects(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/settings/webhooks", key=library.own_key())
    expect(page.get_by_text("Webhooks belong to the whole project.")).to_be_visible()


def test_every_event_can_be_chosen() -> None:
    assert tuple(re.findall(r'"(\w+\.\w+)"', MODULES["webhook-events"].partition("];")[0])) == TYPES


@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_in_the_pages_of_endpoints(
    visitor: Visitor, library: Library, receiver: Receiver, window: dict[str, Any]
) -> None:
    page = created(visitor, library, receiver.url, **window)
    expect(page.locator(".secret-note pre")).to_be_visible()
    page.get_by_text("Add an endpoint").click()
    page.get_by_label("Only these events").check()
    assert axe(page) == []
    page.locator("a.row").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator(".deliveries summary")).to_contain_text("delivered")
    page.locator(".deliveries summary").click()
    expect(page.locator(".attempts li")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]  # type: ignore[index]
