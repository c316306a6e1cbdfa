"""Recording in the browser: a microphone that reads a file of speech, interruptions, and a closed tab."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Library, Visitor, elsewhere
from tests.console.test_access import axe
from tests.server import wait_until

STORED = """async () => {
  const open = await new Promise((done) => { const asked = indexedDB.open("earmark-sound"); asked.onsuccess = () => done(asked.result); });
  const count = (name) => new Promise((done) => { const asked = open.transaction(name).objectStore(name).count(); asked.onsuccess = () => done(asked.result); });
  const counts = [await count("drafts"), await count("pieces")];
  open.close();
  return counts;
}"""


def recorder(page: Page) -> Any:
    return page.locator("sound-recorder")


def begin(page: Page, name: str = "Reading aloud") -> None:
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.get_by_role("button", name="Record", exact=True).click()
    dialog = page.get_by_role("dialog", name="Record")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Begin recording").click()
    expect(recorder(page)).to_contain_text("Recording")


def seconds(page: Page) -> int:
    minutes, _, rest = recorder(page).get_by_role("timer").inner_text().partition(":")
    return int(minutes or 0) * 60 + int(rest or 0)


def until_recorded(page: Page, least_s: int) -> None:
    for _ in range(600):
        if seconds(page) >= least_s:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{seconds(page)} s were recorded")


def rows(library: Library) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = library.api.get("/v1/recordings").json()["data"]
    return found


def words_of(library: Library, recording_id: str) -> str:
    transcription = library.api.get(f"/v1/recordings/{recording_id}").json()["transcription_id"]
    return " ".join(one["text"] for one in library.api.get(f"/v1/transcriptions/{transcription}").json()["segments"])


def test_what_is_said_into_the_microphone_becomes_a_transcript(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.headers.get("content-range", "")))
    begin(page)
    until_recorded(page, 8)
    assert axe(page) == []
    assert any(re.fullmatch(r"bytes 0-\d+/\*", one) for one in sent), sent  # it is sent while it is recorded
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    expect(page.locator(".recording-title")).to_have_text("Reading aloud")
    (row,) = rows(library)
    assert row["status"] == "completed"
    assert row["recorded_at"] is not None
    assert len(words_of(library, row["id"]).split()) > 5
    assert page.evaluate(STORED) == [0, 0]
    recorder(page).get_by_role("link", name="Added. Open it").click()
    expect(page.locator(".line").first).to_be_visible()
    expect(recorder(page)).to_have_count(0)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def test_a_pause_is_left_out(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    begin(page)
    until_recorded(page, 2)
    recorder(page).get_by_role("button", name="Pause").click()
    expect(recorder(page)).to_contain_text("Paused")
    page.wait_for_timeout(400)
    before = seconds(page)
    page.wait_for_timeout(2_000)
    assert seconds(page) == before
    recorder(page).get_by_role("button", name="Continue").click()
    until_recorded(page, before + 1)
    page.get_by_role("link", name="Search", exact=True).click()  # it goes on while other pages are looked at
    expect(recorder(page)).to_contain_text("Recording")
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    (row,) = rows(library)
    assert row["duration_ms"] < 1_000 * (before + 2)


def test_what_is_discarded_leaves_nothing_here_or_there(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    begin(page)
    until_recorded(page, 7)
    wait_until(lambda: len(rows(library)) == 1)
    recorder(page).get_by_role("button", name="Discard").click()
    page.get_by_role("dialog", name="Discard the recording?").get_by_role("button", name="Discard").click()
    expect(recorder(page)).to_have_count(0)
    assert rows(library) == []
    assert page.evaluate(STORED) == [0, 0]


def test_what_a_closed_tab_recorded_is_offered_at_the_next_visit(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    begin(page, "Interrupted")
    until_recorded(page, 7)
    context = page.context
    page.close()
    page = context.new_page()
    page.add_init_script(f"sessionStorage.setItem('earmark.key', '{library.key}')")
    page.goto("/console/recordings")
    expect(recorder(page)).to_contain_text("not saved yet")
    recorder(page).get_by_role("button", name="Save").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    (row,) = rows(library)
    assert (row["name"], row["status"]) == ("Interrupted", "completed")
    assert row["duration_ms"] >= 5_000


def test_nobody_else_is_offered_what_a_person_recorded(visitor: Visitor, library: Library, ines: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    begin(page)
    until_recorded(page, 2)
    context = page.context
    page.close()
    page = context.new_page()
    page.add_init_script(f"sessionStorage.setItem('earmark.key', '{ines.key}')")
    page.goto("/console/recordings")
    expect(page.locator(".recording").first).to_be_visible()
    assert page.evaluate(STORED)[0] == 1
    other = context.new_page()
    other.add_init_script(f"sessionStorage.setItem('earmark.key', '{library.key}')")
    other.goto("/console/recordings")
    expect(recorder(other)).to_contain_text("not saved yet")
    expect(recorder(page)).to_have_count(0)


def test_what_two_tabs_offer_is_saved_by_one(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    begin(page, "Interrupted")
    until_recorded(page, 3)
    context = page.context
    page.close()
    tabs = [context.new_page(), context.new_page()]
    for tab in tabs:
        tab.add_init_script(f"sessionStorage.setItem('earmark.key', '{library.key}')")
        tab.goto("/console/recordings")
        expect(recorder(tabs[0])).to_contain_text("not saved yet")  # the first that looks holds it
    expect(tabs[1].get_by_role("heading", name="Recordings")).to_be_visible()
    expect(recorder(tabs[1])).to_have_count(0)
    recorder(tabs[0]).get_by_role("button", name="Save").click()
    expect(recorder(tabs[0]).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    assert len(rows(library)) == 1


def test_what_the_server_has_already_is_not_sent_again(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    answers: list[int] = []

    def lose(route: Route) -> None:
        answers.append(route.fetch().status)
        route.abort()

    page.route("**/upload-complete", lose, times=1)
    begin(page, "Answer lost")
    until_recorded(page, 3)
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(recorder(page)).to_contain_text("still in this browser")
    assert answers[0] in (200, 425)
    wait_until(lambda: bool(rows(library)[0]["media"]))
    recorder(page).get_by_role("button", name="Try again").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    assert [one["name"] for one in rows(library)] == ["Answer lost"]
    assert page.evaluate(STORED) == [0, 0]


def test_a_recording_deleted_meanwhile_is_made_anew(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    begin(page, "Deleted too soon")
    until_recorded(page, 7)
    wait_until(lambda: len(rows(library)) == 1)
    assert library.api.delete(f"/v1/recordings/{rows(library)[0]['id']}").status_code == 204
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    assert [(one["name"], one["status"]) for one in rows(library)] == [("Deleted too soon", "completed")]


def test_a_recording_goes_on_without_the_server_and_is_sent_when_it_is_back(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    begin(page, "Offline")
    until_recorded(page, 1)
    page.context.set_offline(True)
    until_recorded(page, 7)
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(recorder(page)).to_contain_text("The recording is still in this browser.")
    page.context.set_offline(False)
    recorder(page).get_by_role("button", name="Try again").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    assert [(one["name"], one["status"]) for one in rows(library)] == [("Offline", "completed")]


def test_an_upload_that_the_server_refuses_meanwhile_is_made_good_at_the_end(
    visitor: Visitor, library: Library
) -> None:
    page = visitor.open("/recordings", key=library.key)

    def refuse(route: Route) -> None:
        is_part = route.request.headers.get("content-range", "").endswith("/*")
        route.fulfill(
            status=403, json={"error": {"code": "forbidden", "message": "expired"}}
        ) if is_part else route.fallback()

    page.route("**/v1/media/*", refuse)
    begin(page, "Long")
    until_recorded(page, 7)
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(recorder(page).get_by_role("link", name="Added. Open it")).to_be_visible(timeout=60_000)
    assert [one["status"] for one in rows(library)] == ["completed"]


def test_a_browser_that_may_not_record_says_so(visitor: Visitor, library: Library) -> None:
    page = visitor.open("/recordings", key=library.key)
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }; }"
    )
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("button", name="Begin recording").click()
    expect(page.locator(".toasts")).to_contain_text("The browser wasn't allowed to record.")
    expect(recorder(page)).to_have_count(0)
    assert page.evaluate(STORED) == [0, 0]
    assert rows(library) == []


def test_a_recording_goes_into_the_folder_in_which_it_was_begun(visitor: Visitor, library: Library) -> None:
    folder = library.api.post("/v1/folders", json={"end_user_id": library.end_user_id, "name": "Reading"}).json()
    page = visitor.open(f"/recordings?folder={folder['id']}", key=library.key)
    begin(page)
    until_recorded(page, 2)
    recorder(page).get_by_role("button", name="Stop and save").click()
    expect(page.locator(".recording-title")).to_have_text("Reading aloud")
    inside = elsewhere(lambda: library.api.get(f"/v1/recordings?folder_id={folder['id']}").json()["data"])
    assert [one["name"] for one in inside] == ["Reading aloud"]
