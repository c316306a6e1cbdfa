"""Signing in with a provider, in a browser: the page has no key, and the cookie works for all it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import new_window
from tests.oidc.conftest import SignInPlace, sign_in_place, site  # noqa: F401

PROVIDER = "Sign in with Example Company"


@pytest.fixture
def page(site: SignInPlace, browser: Browser) -> Iterator[Page]:  # noqa: F811
    window = new_window(browser, site.server.base_url, {})
    yield window.new_page()
    window.close()


def sign_in(page: Page, path: str = "/console") -> None:
    page.goto(path)
    page.get_by_role("link", name=PROVIDER).first.click()


def test_a_person_signs_in_asks_and_signs_out_without_a_key(site: SignInPlace, page: Page) -> None:  # noqa: F811
    site.provider.fails(person={"sub": "in-the-browser", "company": "example", "name": "Ada Lovelace"})
    sign_in(page, "/console/recordings")
    expect(page.locator(".side-person")).to_contain_text("Ada Lovelace")
    expect(page).to_have_url(re.compile(r"/console/recordings$"))  # where they wanted to go
    stored = page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie]")
    assert not re.search(r"csn_|sk_|earmark-session", "".join(stored))
    page.locator("input[type=file]").first.set_input_files(
        {
            "name": "talk.vtt",
            "mimeType": "text/vtt",
            "buffer": b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ada>The launch.\n",
        }
    )
    page.get_by_role("button", name=re.compile("^Import")).last.click()
    expect(page.get_by_role("link", name="talk").first).to_be_visible()  # imported, not only under review
    page.goto("/console/recordings")
    expect(page.locator(".side-person")).to_contain_text("Ada Lovelace")
    expect(page.get_by_role("link", name="talk").first).to_be_visible()
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("link", name=PROVIDER).first).to_be_visible()
    assert page.context.cookies() == []
    page.reload()
    expect(page.get_by_label("Key or token")).to_be_visible()


def test_who_has_no_access_is_told_so_on_the_sign_in_page(site: SignInPlace, page: Page) -> None:  # noqa: F811
    site.provider.fails(person={"sub": "nobody"})
    sign_in(page)
    expect(page.get_by_role("alert").first).to_contain_text("nobody has given you access here")
    expect(page).to_have_url(re.compile(r"/console$"))
    expect(page.get_by_role("link", name=PROVIDER).first).to_be_visible()


def test_a_device_is_signed_out_from_another_one(site: SignInPlace, page: Page, browser: Browser) -> None:  # noqa: F811
    site.provider.fails(person={"sub": "two-devices", "company": "example", "name": "Grace"})
    other = new_window(browser, site.server.base_url, {})
    phone = other.new_page()
    sign_in(phone)
    expect(phone.locator(".side-person")).to_contain_text("Grace")
    sign_in(page, "/console/settings/devices")
    devices = page.locator("device-settings li")
    expect(devices).to_have_count(2)
    expect(devices.filter(has_text="this one")).to_have_count(1)
    devices.filter(has_not_text="this one").get_by_role("button").click()
    expect(devices).to_have_count(1)
    phone.goto("/console/recordings")
    expect(phone.get_by_role("link", name=PROVIDER).first).to_be_visible()
    devices.get_by_role("button").click()  # this one itself
    expect(page.get_by_role("link", name=PROVIDER).first).to_be_visible()
    assert page.context.cookies() == []
    other.close()
