"""The console in German: the same texts as in English, chosen by the browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import earmark.console
from earmark.console.bundle import bundle
from earmark.console.site import LANGUAGES
from tests.console.conftest import Library, Visitor
from tests.console.test_access import axe

PAGE = Path(earmark.console.__file__).parent / "page"
SHAPES = """() => {
  const found = {};
  const walk = (value, path) => {
    if (typeof value === "function") found[path] = ["function", value.length];
    else if (typeof value === "string") found[path] = ["text", value];
    else for (const [name, one] of Object.entries(value)) walk(one, `${path}.${name}`);
  };
  walk(module_strings.strings, "");
  return found;
}"""


def texts(browser: Browser, language: str) -> dict[str, list[Any]]:
    """Return every text of a language by its place: what it says, or how many arguments it takes."""
    folders = [PAGE] if language == LANGUAGES[0] else [PAGE, PAGE / language]
    modules = {path.stem: path.read_text("utf-8") for folder in folders for path in folder.glob("*.js")}
    script = bundle(modules, "strings")[0].rpartition("export {")[0]
    page = browser.new_page()
    try:
        found: dict[str, list[Any]] = page.evaluate(f"() => {{ {script}; return ({SHAPES})(); }}")
    finally:
        page.close()
    return found


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_every_text_with_the_same_arguments(browser: Browser, language: str) -> None:
    english, other = texts(browser, LANGUAGES[0]), texts(browser, language)
    assert other.keys() == english.keys()
    kinds = {place: (one[0], one[1] if one[0] == "function" else None) for place, one in english.items()}
    assert {place: (one[0], one[1] if one[0] == "function" else None) for place, one in other.items()} == kinds
    said = {place: one[1] for place, one in other.items() if one[0] == "text"}
    same = {place: text for place, text in said.items() if english[place][1] == text}
    untranslated = {place: text for place, text in same.items() if len(re.findall(r"[a-z]{3,}", text)) > 2}
    assert untranslated == {}


UNUSUAL = r"\b(?:[Mm]akes?|whoever|for good|if you like|by itself|without being told)\b"


def test_english_uses_the_usual_words_create_and_not_make() -> None:
    """The words of the style guide: buttons and sentences say Create, automatically, permanently, optional."""
    said = [
        (path.name, text)
        for path in PAGE.glob("*strings.js")
        for text in re.findall(r'"[^"]*"|`[^`]*`', path.read_text("utf-8"))
    ]
    assert [(name, text) for name, text in said if re.search(UNUSUAL, text)] == []


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_language_writes_anew_only_modules_that_there_are(language: str) -> None:
    assert {path.name for path in (PAGE / language).iterdir()} <= {path.name for path in PAGE.iterdir()}


def test_a_german_browser_gets_german_pages(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key, locale="de-DE")
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_role("textbox", name="Frage").fill("When did we move the launch?")
    page.keyboard.press("Enter")
    expect(page.locator("answer-view")).to_contain_text("fourteenth of July")
    page.get_by_role("link", name="Aufnahmen", exact=True).click()
    expect(page.get_by_role("heading", name="Aufnahmen")).to_be_visible()
    expect(page.locator(".recording-facts").first).to_contain_text("26. Juni 2026")
    assert axe(page) == []
    page.goto("/console/settings/limits")
    expect(page.locator("limit-settings")).to_contain_text("Aufnahmen")
