"""Keys and the audit trail, for a project's owners."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import expect

from tests.console.conftest import Library, Visitor
from tests.console.test_access import axe


def test_an_owner_creates_a_key_that_works_revokes_it_and_finds_both_in_the_audit_trail(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/settings/keys", key=library.key)
    page.get_by_label("What is it for?").fill("Billing")
    page.get_by_label("It may").select_option("read")
    page.get_by_role("button", name="Create key").click()
    shown = page.locator(".secret-note pre")
    expect(shown).to_contain_text("rk_live_")
    headers = {"Authorization": f"Bearer {shown.inner_text().strip()}"}
    url = f"{library.server.base_url}/v1/recordings"
    assert httpx.get(url, headers=headers).status_code == 200
    assert httpx.post(url, headers=headers, json={"end_user_id": library.end_user_id}).status_code == 403
    page.get_by_role("button", name="Revoke “Billing”").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator("key-settings li").first).to_contain_text("revoked")
    assert httpx.get(url, headers=headers).status_code == 401
    page.get_by_role("link", name="Audit trail").click()
    rows = page.locator("audit-settings tbody tr")
    expect(rows.nth(0)).to_contain_text("key.revoked")
    expect(rows.nth(1)).to_contain_text("key.created")
    expect(rows.nth(0)).to_contain_text(re.compile(r"key_\w{24}"))


def test_keys_and_tokens_of_a_person_say_whose_they_are(visitor: Visitor, library: Library) -> None:
    library.api.post("/v1/keys", json={"label": "Only one", "end_user_id": library.end_user_id})
    library.api.post("/v1/keys", json={"label": "All of it"})
    library.api.post(f"/v1/end-users/{library.end_user_id}/tokens", json={})
    user = library.api.get(f"/v1/end-users/{library.end_user_id}").json()
    says = f"acts for {user['name'] or user['external_id']} only"
    rows = visitor.open("/settings/keys", key=library.key).locator("key-settings li")
    one = rows.filter(has_text="Only one")
    expect(one).to_contain_text(says)
    expect(one).not_to_contain_text("everything")
    expect(rows.filter(has_text="Token of a person")).to_contain_text(says)
    expect(rows.filter(has_text="All of it")).to_contain_text("everything")
    expect(rows.filter(has_text="All of it")).not_to_contain_text("acts for")


def test_a_person_is_told_that_keys_belong_to_owners(visitor: Visitor, library: Library) -> None:
    key = library.own_key()
    for place in ("keys", "audit"):
        page = visitor.open(f"/settings/{place}", key=key)
        expect(page.get_by_text("belong to the project's owners")).to_be_visible()


def test_an_owner_sees_limits_and_what_is_stored_and_a_person_is_told_that_only_owners_do(
    visitor: Visitor, ines: Library
) -> None:
    page = visitor.open("/settings/limits", key=ines.key)
    facts = page.locator("limit-settings dl > div")
    expect(facts.filter(has_text="Recordings")).to_have_text("Recordings2")
    expect(facts.filter(has_text="Uploads")).to_have_text("Uploadsno limit")
    expect(facts.filter(has_text="Imports")).to_have_text("Imports4 GB")
    assert axe(page) == []
    page = visitor.open("/settings/limits", key=ines.own_key())
    expect(page.locator("limit-settings")).to_contain_text("Only a project's secret keys")
