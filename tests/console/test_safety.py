"""Hostile text in a title, name, transcript or answer is never executed."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, Route, expect

from earmark.text import printable
from tests.console.conftest import Library, Visitor, new_library
from tests.server import Server

PAYLOADS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg/onload=window.hit=1>",
    "\"><iframe src=javascript:window.hit=1>",
    "'-window.hit=1-'",
    "javascript:window.hit=1//",
    "[click](javascript:window.hit=1) ![x](https://evil.example/x.png)",
    "{{constructor.constructor('window.hit=1')()}} ${window.hit=1}",
    "<a href=\"javascript:window.hit=1\">x</a><style>*{display:none}</style>",
    "<math><mi//xlink:href=\"data:x,<script>window.hit=1</script>\">",
    "\u202e\u2066<b>reversed</b>\u2069\u202c \ue000 0\ue001",
    "</title></textarea></script><script>window.hit=1</script>",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(server: Server) -> Library:
    """A library in which an attacker chose every name."""
    library = new_library(server, person=PAYLOADS[1])
    library.api.patch(f"/v1/end-users/{library.end_user_id}", json={"name": PAYLOADS[0]}).raise_for_status()
    for payload in PAYLOADS:
        library.record(payload, [(payload[:128], f"The launch is on Monday. {payload}") for _ in range(2)])
        library.session(title=payload)
    folder = library.api.post("/v1/folders", json={"name": PAYLOADS[1], "end_user_id": library.end_user_id})
    folder.raise_for_status()
    library.session(question=f"When is the launch? {PAYLOADS[1]}")
    return library


def _is_harmless(page: Page) -> None:
    page.wait_for_timeout(100)
    assert page.evaluate("window.hit") is None
    foreign = "document.querySelectorAll('body script, img, iframe, svg [onload], math, body style, [href^=javascript], body [src]').length"
    assert page.evaluate(foreign) == 0


@pytest.mark.parametrize(
    "path",
    ["/ask", "/recordings", "/search?q=launch", "/overview", "/decisions", "/settings/processing", "/settings/apps"],
)
def test_each_view_shows_hostile_words_as_words(visitor: Visitor, hostile: Library, path: str) -> None:
    page = visitor.open(path, key=hostile.key)
    expect(page.locator("session-list a.session").first).to_be_visible()
    expect(page.locator(".side-name")).to_have_text(PAYLOADS[0])
    _is_harmless(page)


def test_titles_are_shown_exactly_as_written(visitor: Visitor, hostile: Library) -> None:
    page = visitor.open(key=hostile.key)
    expect(page.locator(".session-title").nth(len(PAYLOADS))).to_be_visible()
    shown = page.locator(".session-title").evaluate_all("all => all.map((one) => one.textContent)")
    assert set(PAYLOADS) <= set(shown)


def test_a_file_to_be_imported_is_plain_text(visitor: Visitor, library: Library) -> None:
    rows = [{"start": at, "end": at + 1, "speaker": one[:128], "text": one} for at, one in enumerate(PAYLOADS)]
    files = [
        (one, json.dumps({"name": one, "segments": [row, *rows]})) for one, row in zip(PAYLOADS, rows, strict=True)
    ]
    page = visitor.open("/recordings", key=library.key)
    expect(page.locator(".empty")).to_be_visible()
    take = (
        "(files) => void document.querySelector('drop-zone').take(files.map(([name, text]) => new File([text], name)))"
    )
    page.evaluate(take, files)
    expect(page.get_by_role("button", name=f"Import {len(PAYLOADS)} files")).to_be_enabled()
    expect(page.get_by_role("dialog").locator("dd").first).to_have_text(PAYLOADS[0])
    _is_harmless(page)


def test_a_transcript_and_its_speakers_are_plain_text(visitor: Visitor, hostile: Library) -> None:
    for recording in hostile.api.get("/v1/recordings").json()["data"][:3]:
        page = visitor.open(f"/recordings/{recording['id']}", key=hostile.key)
        expect(page.locator("h1")).to_have_text(recording["name"])
        page.get_by_label("Find in this transcript").fill("<")
        _is_harmless(page)


def test_an_answer_and_its_sources_are_plain_text(visitor: Visitor, hostile: Library) -> None:
    page = visitor.open(key=hostile.key)
    page.get_by_role("textbox", name="Question").fill(f"When is the launch? {PAYLOADS[2]}")
    page.keyboard.press("Enter")
    expect(page.locator(".citation").first).to_be_visible()
    _is_harmless(page)
    page.locator(".citation").first.click()
    expect(page.locator(".line.is-marked")).to_be_visible()
    _is_harmless(page)


def test_a_summary_its_quotes_and_its_items_are_plain_text(visitor: Visitor, library: Library) -> None:
    rows = [
        (one[:128], f"We decided that {one} stays as it is. I will call the printer on Monday.") for one in PAYLOADS
    ]
    recording = library.record(PAYLOADS[0], rows)
    summary = library.summary(recording)
    chapters = [{"title": one, "start_ms": 0, "end_ms": 1} for one in PAYLOADS]
    output = {**summary["output"], "overview": PAYLOADS[2], "open_questions": list(PAYLOADS), "chapters": chapters}
    output |= {one[:60]: list(PAYLOADS) for one in PAYLOADS}  # fields can have any name
    library.api.patch(f"/v1/summaries/{summary['id']}", json={"output": output}).raise_for_status()
    page = visitor.open(f"/recordings/{recording}", key=library.key)
    page.get_by_role("tab", name="Summary").click()
    expect(page.locator(".chapter").first).to_contain_text(PAYLOADS[0])
    page.locator(".moment").first.hover()
    expect(page.get_by_role("tooltip")).to_be_visible()
    _is_harmless(page)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.locator(".toasts")).to_contain_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == printable(copied)
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("textbox", name="Overview")).to_have_value(PAYLOADS[2])
    _is_harmless(page)
    page = visitor.open("/decisions?kind=open_question", key=library.key)
    expect(page.locator(".items li")).to_have_count(len(PAYLOADS))
    expect(page.locator(".items li").first).to_contain_text(PAYLOADS[0])
    _is_harmless(page)


def test_markdown_of_a_model_becomes_emphasis_and_lists_but_never_links_or_images(
    visitor: Visitor, hostile: Library
) -> None:
    words = (
        "# Heading\x1b[2J\x07\x9b31m\n\n**Bold** and *slanted* `code`\n\n- one\n- two\n\n1. first\n\n> said\n\n```\n<b>x</b>\n```\n"
        + "\n\n".join(PAYLOADS)
    )

    def with_words(route: Route) -> None:
        answer = route.fetch()
        page_of_messages = answer.json()
        for message in page_of_messages["data"]:
            if message["role"] == "assistant":
                message |= {"provider": "other", "content": words, "parts": [{"type": "text", "text": words}]}
        route.fulfill(response=answer, json=page_of_messages)

    page = visitor.open(key=hostile.key)
    page.route("**/messages?*", with_words)
    page.locator("a.session", has_text="When is the launch?").first.click()
    body = page.locator(".answer-body")
    expect(body.locator("strong")).to_have_text("Bold")
    expect(body.locator("ul li")).to_have_text(["one", "two"])
    expect(body.locator("pre")).to_contain_text("<b>x</b>")
    assert body.locator("a, img").count() == 0
    _is_harmless(page)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.locator(".toasts")).to_contain_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "<b>reversed</b>" in copied
    assert copied == printable(copied)


def test_the_browser_itself_refuses_html(visitor: Visitor, hostile: Library) -> None:
    page = visitor.open(key=hostile.key)
    tried = page.evaluate(
        "(() => { try { document.createElement('p').innerHTML = '<b>x</b>'; return 'taken'; } catch (e) { return e.name; } })()"
    )
    assert tried == "TypeError"
    visitor.trouble.clear()  # the refusal is written to the browser's log
