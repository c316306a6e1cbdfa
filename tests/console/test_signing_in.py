"""Signing in: keys, one-time links, choosing a person, and expired keys."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from earmark.identity.keys import list_keys, revoke_key
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.console.conftest import Library, Visitor, elsewhere
from tests.server import new_bound_key


def test_a_key_opens_the_library_of_its_only_person(visitor: Visitor, ines: Library) -> None:
    page = visitor.open()
    page.get_by_label("Key or token").fill(ines.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    expect(page.locator(".side-person")).to_contain_text("ines")


def test_the_key_is_kept_in_this_tab_and_nowhere_else(visitor: Visitor, ines: Library) -> None:
    page = visitor.open()
    page.get_by_label("Key or token").fill(ines.key)
    page.keyboard.press("Enter")
    expect(page.locator("session-list")).to_be_visible()
    kept = page.evaluate(
        "[JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie, location.href]"
    )
    assert [ines.key in one for one in kept] == [True, False, False, False]
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_label("Key or token")).to_be_focused()
    assert ines.key not in page.evaluate("JSON.stringify(sessionStorage)")


def test_a_malformed_key_is_not_sent(visitor: Visitor) -> None:
    page = visitor.open()
    page.get_by_label("Key or token").fill("hello")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That doesn't look like a key. Keys begin with sk_, rk_ or eut_.")


def test_an_unknown_key_is_refused_with_a_message(visitor: Visitor) -> None:
    page = visitor.open()
    page.get_by_label("Key or token").fill("sk_live_" + "x" * 40)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This key is unknown")
    expect(page.get_by_label("Key or token")).to_be_focused()


def test_a_project_wide_key_lets_one_choose_a_person(visitor: Visitor, library: Library) -> None:
    library.api.post("/v1/end-users", json={"external_id": "mara", "name": "Mara Lind"})
    page = visitor.open(key=library.key)
    page.get_by_role("button", name=re.compile("^Mara Lind")).click()
    expect(page.locator(".side-person")).to_contain_text("Mara Lind")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Change person").click()
    page.get_by_label("Find by external id").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("No end user has this id.")
    page.get_by_label("Find by external id").fill("ines")
    page.keyboard.press("Enter")
    expect(page.locator(".side-person")).to_contain_text("ines")


def test_a_key_of_one_person_opens_that_library_at_once(visitor: Visitor, library: Library) -> None:
    library.api.post("/v1/end-users", json={"external_id": "mara"})
    key = elsewhere(lambda: new_bound_key(library.server.place, library.project_id, library.end_user_id))
    page = visitor.open(key=key)
    expect(page.locator(".side-person")).to_contain_text("ines")


def _revoke_all(library: Library) -> None:
    async def work(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, library.project_id, "live")
        for key in await list_keys(tenant):
            await revoke_key(tenant, key.id)

    elsewhere(lambda: library.server.place.run(work))


def test_after_an_expired_key_and_sign_in_the_page_and_the_question_are_restored(
    visitor: Visitor, library: Library
) -> None:
    other = elsewhere(lambda: new_bound_key(library.server.place, library.project_id, library.end_user_id))
    page = visitor.open("/ask", key=other)
    page.get_by_role("textbox", name="Question").fill("What did we decide about the launch?")
    _revoke_all(library)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Your key has expired or was revoked")
    fresh = elsewhere(lambda: new_bound_key(library.server.place, library.project_id, library.end_user_id))
    page.get_by_label("Key or token").fill(fresh)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Question")).to_have_value("What did we decide about the launch?")


def test_a_code_in_the_fragment_is_removed_from_the_url_and_an_invalid_one_is_reported(visitor: Visitor) -> None:
    page = visitor.open("#code=abcdefghijklmnopqrstuvwxyz012345")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "code" not in page.url
    expect(page.get_by_role("alert")).not_to_be_empty()


def test_a_console_link_signs_in_once(visitor: Visitor, library: Library) -> None:
    place = library.server.place
    link = json.loads(place.cli("console-link", "--project", library.project_id, "--json").stdout)["url"]
    fragment = link.partition("/console")[2]
    page = visitor.open(fragment)
    expect(page.locator(".side-person")).to_contain_text("ines")
    assert "#" not in page.url
    page.reload()
    expect(page.locator(".side-person")).to_contain_text("ines")
    again = visitor.open(fragment)
    expect(again.get_by_role("alert")).to_contain_text("This sign-in link has been used")


def test_a_link_for_one_person_opens_that_library(visitor: Visitor, library: Library) -> None:
    library.api.post("/v1/end-users", json={"external_id": "mara"})
    link = library.server.place.cli(
        "console-link", "--project", library.project_id, "--end-user", "mara"
    ).stdout.strip()
    page = visitor.open(link.partition("/console")[2])
    expect(page.locator(".side-person")).to_contain_text("mara")
