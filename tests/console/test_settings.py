"""Settings: automatic processing, and access tokens for assistants and apps."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from earmark.mcp.clients import ClientName, LocalServer, RemoteServer, configure
from tests.assistants import call_of, post, rpc
from tests.cli.test_mcp_grants import grant
from tests.console.conftest import MEETING, Library, Visitor, elsewhere
from tests.console.test_access import WINDOWS, axe
from tests.server import new_bound_key, wait_until

CLIENTS: dict[str, ClientName] = {
    "Claude Code": "claude-code", "Claude Desktop": "claude-desktop", "Cursor": "cursor", "VS Code": "vscode",
}  # fmt: skip


def card(page: Page, name: str) -> Any:
    """The settings under a heading."""
    return page.get_by_role("region", name=name)


def test_a_project_key_sets_what_happens_by_itself_for_all_and_for_one(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/settings/processing", key=library.key)
    whole, own = card(page, "The whole project"), card(page, "Only ines")
    expect(own).to_contain_text("Nothing is set")
    whole.get_by_label("Summarise transcripts").check()
    expect(own.get_by_label("Summarise transcripts")).to_be_checked()
    expect(own).to_contain_text("Same as the whole project.")
    expect(whole.get_by_label("Summarise transcripts")).to_be_focused()
    whole.get_by_label("Template").select_option("Sales call")
    expect(own.get_by_label("Template")).to_have_value("tmpl_sales_call")
    own.get_by_label("Summarise transcripts").uncheck()
    expect(own).to_contain_text("Set for this person")
    path = f"/v1/end-users/{library.end_user_id}/config/processing"
    assert library.api.get(path).json()["value"]["auto_summary"] == {"enabled": False, "template": "tmpl_sales_call"}
    own.get_by_role("button", name="Use the project's settings").click()
    expect(own.get_by_label("Summarise transcripts")).to_be_checked()
    assert library.api.get(path).json()["source"] == "project"


def test_a_person_sets_it_for_themselves_and_a_transcript_is_summarised(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/settings/processing", key=library.own_key())
    own = card(page, "Only ines")
    expect(own).to_be_visible()
    expect(card(page, "The whole project")).to_have_count(0)
    own.get_by_label("Summarise transcripts").check()
    expect(page.locator(".toasts")).to_contain_text("Saved.")
    library.record("Launch", MEETING)
    wait_until(lambda: bool(library.api.get("/v1/summaries").json()["data"]))


def test_the_settings_say_that_audio_added_in_the_console_is_transcribed_in_any_case(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/settings/processing", key=library.key)
    box = page.get_by_label("Transcribe audio").first
    expect(box).not_to_be_checked()
    expect(box).to_have_accessible_description(re.compile("added in this console is transcribed in any case"))


def test_a_setting_that_is_refused_is_shown_as_it_was(visitor: Visitor, library: Library) -> None:
    scopes = frozenset({"ask:read", "config:read", "end_users:read", "summaries:read"})
    key = elsewhere(lambda: new_bound_key(library.server.place, library.project_id, library.end_user_id, scopes=scopes))
    page = visitor.open("/settings/processing", key=key)
    page.get_by_label("Transcribe audio").click()
    expect(page.locator(".toasts")).to_contain_text("config:write")
    expect(page.get_by_label("Transcribe audio")).not_to_be_checked()


def test_a_token_for_an_assistant_is_made_shown_once_and_works(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/ask", key=library.own_key())
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Assistants and apps").click()
    expect(page.get_by_text("No tokens yet.")).to_be_visible()
    page.get_by_label("What is it for?").fill("Claude on my laptop")
    page.get_by_role("button", name="Create token").click()
    token = page.locator(".secret-note pre").inner_text()
    expect(page.locator(".row")).to_contain_text(f"ending in {token[-4:]}")
    with httpx.Client(base_url=library.server.base_url, headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/v1/recordings").status_code == 200
        page.reload()
        expect(page.locator(".row")).to_contain_text("Claude on my laptop")
        assert token not in page.content()
        page.get_by_role("button", name="Revoke “Claude on my laptop”").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("No tokens yet.")).to_be_visible()
        assert client.get("/v1/recordings").status_code == 401


def test_what_to_paste_is_what_the_command_prints(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/settings/apps", key=library.own_key())
    expect(page.locator(".client-config")).to_contain_text("TOKEN")
    page.get_by_label("What is it for?").fill("Editor")
    page.get_by_role("button", name="Create token").click()
    token = page.locator(".secret-note pre").inner_text()
    url = library.server.base_url
    program = LocalServer("earmark", ["mcp", "--url", url], {"EARMARK_MCP_TOKEN": token})
    for label, name in CLIENTS.items():
        page.get_by_label("Assistant", exact=True).select_option(label)
        shown = page.locator(".client-config pre").inner_text()
        assert shown == configure(name, RemoteServer(url, token, program))


@pytest.mark.parametrize("whose", ["person", "project"])
def test_an_app_that_signed_in_is_listed_and_disconnected(visitor: Visitor, library: Library, whose: str) -> None:
    other = library.api.post("/v1/end-users", json={"external_id": "klaas"}).json()["id"]
    tokens, _ = (
        elsewhere(lambda user=user: grant(library.server.place, library.project_id, user))
        for user in (library.end_user_id, other)
    )
    page = visitor.open("/settings/apps", key=library.own_key() if whose == "person" else library.key)
    if whose == "project":
        page.locator(".person", has_text="ines").click()
    apps = page.locator("connected-apps")
    expect(apps.locator(".row")).to_have_count(1)
    expect(apps.locator(".row")).to_contain_text("Lantern")
    expect(apps.locator(".row")).to_contain_text("Read transcripts")
    assert axe(page) == []
    with httpx.Client(base_url=library.server.base_url, headers={"Authorization": f"Bearer {tokens.access}"}) as client:
        assert post(client, rpc("ping")).status_code == 200
        apps.get_by_role("button", name="Disconnect “Lantern”").click()
        page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
        expect(apps.get_by_text("No app is connected.")).to_be_focused()
        assert post(client, rpc("ping")).status_code == 401
    assert [one["end_user_id"] for one in library.api.get("/v1/oauth/grants").json()["data"]] == [other]


def test_a_restricted_key_of_a_project_is_told_who_makes_tokens(visitor: Visitor, library: Library) -> None:
    scopes = ["ask:read", "end_users:read"]
    made = library.api.post("/v1/keys", json={"scopes": scopes}).raise_for_status().json()
    page = visitor.open("/settings/apps", key=made["key"])
    expect(page.get_by_text("Only ines and the project's owners can create tokens.")).to_be_visible()
    expect(page.locator(".card pre")).to_have_text(
        f"earmark console-link --project {library.project_id} --end-user ines"
    )


def test_an_owner_makes_a_token_of_the_person_whose_recordings_are_shown(visitor: Visitor, library: Library) -> None:
    mine = library.record("Board call", None)
    other = library.api.post("/v1/end-users", json={"external_id": "klaas"}).json()["id"]
    library.api.post("/v1/recordings", json={"end_user_id": other, "name": "Not hers"}).raise_for_status()
    page = visitor.open("/settings/apps", key=library.key)
    page.get_by_role("button", name=re.compile("^ines")).click()
    expect(page.get_by_text("answers from the recordings of ines")).to_be_visible()
    page.get_by_label("What is it for?").fill("Claude on my laptop")
    page.get_by_role("button", name="Create token").click()
    token = page.locator(".secret-note pre").inner_text()
    expect(page.locator(".client-config pre")).to_contain_text(token)
    assert axe(page) == []
    with httpx.Client(base_url=library.server.base_url, headers={"Authorization": f"Bearer {token}"}) as client:
        listed = post(client, call_of("list_my_recordings")).json()["result"]["structuredContent"]
        assert [one["id"] for one in listed["data"]] == [mine]
        tools = {one["name"] for one in post(client, rpc("tools/list")).json()["result"]["tools"]}
        assert {"ask", "search", "fetch"} <= tools
        assert "list_end_users" not in tools
        assert client.post("/v1/recordings", json={}).status_code == 403
        page.locator("app-settings").get_by_role("link", name="Keys").click()
        page.get_by_role("button", name="Revoke “Claude on my laptop”").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.locator("key-settings li").first).to_contain_text("revoked")
        assert post(client, rpc("ping")).status_code == 401


def test_chatgpt_gets_the_address_and_no_token(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/settings/apps", key=library.own_key())
    page.get_by_label("Assistant", exact=True).select_option("ChatGPT")
    expect(page.locator(".client-config pre")).to_have_text(f"{library.server.base_url}/mcp")
    expect(page.locator(".client-config")).to_contain_text("OAuth")
    expect(page.locator(".client-config")).to_contain_text("can't reach this address")
    assert axe(page) == []


@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_in_the_settings_of_tokens(
    visitor: Visitor, library: Library, window: dict[str, Any]
) -> None:
    page = visitor.open("/settings/apps", key=library.own_key(), **window)
    page.get_by_label("What is it for?").fill("Editor")
    page.get_by_role("button", name="Create token").click()
    expect(page.locator(".row")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]  # type: ignore[index]
