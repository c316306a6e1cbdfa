"""Links lead somewhere: between pages and to their headings, in the repository as on the site that is built of them."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.meta.sources import REPOSITORY

ROOT_PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "bench/RESULTS.md"]
PAGES = [*(REPOSITORY / name for name in ROOT_PAGES), *sorted((REPOSITORY / "docs").rglob("*.md"))]
CODE = re.compile(r"^( *)```.*?^\1```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FETCHED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "audio": "src", "source": "src"}
"""Elements -> the attribute whose address a browser fetches by itself."""


def relative(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def headings(page: Path) -> set[str]:
    """The anchors of a page that are the same on the site and where the repository is shown."""
    text = re.sub(r"^( *)```.*?^\1```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = set()
    for title in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
        shown = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
        on_site = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip())
        if shown == on_site:
            found.add(shown)
    return found


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_each_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)
    assert broken == []


def test_every_page_that_a_source_names_is_there() -> None:
    named = re.compile(r"\bdocs/[\w/-]+\.(?:md|json|svg|png)\b")
    missing = []
    for folder in ("src", "bench", "scripts", "tests"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            found = named.findall(path.read_text(encoding="utf-8"))
            missing += [f"{relative(path)}: {one}" for one in found if not (REPOSITORY / one).exists()]
    assert missing == []


class Addresses(HTMLParser):
    """What a page of the site links to, fetches, and can be linked at."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if FETCHED.get(tag, "") in given:
            self.fetched.append(given[FETCHED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Addresses]:
    """The pages of the site, which a warning keeps from being built."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "properdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {page: Addresses(page) for page in folder.rglob("*.html")}


def test_the_site_has_every_page_of_the_documentation(site: dict[Path, Addresses]) -> None:
    names = {page.stem for page in site}
    assert {page.stem for page in (REPOSITORY / "docs").rglob("*.md")} <= names
    assert {"changelog", "contributing", "security", "measurements", "search"} <= names


def test_each_link_of_the_site_leads_to_a_page_and_an_anchor(site: dict[Path, Addresses]) -> None:
    broken = []
    for page, found in site.items():
        for link in [*found.links, *found.fetched]:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            anchors = site[target].anchors if target in site else set()
            if not target.exists() or (parts.fragment and parts.fragment not in anchors):
                broken.append(f"{page.name}: {link}")
    assert broken == []


def test_the_site_fetches_nothing_from_elsewhere(site: dict[Path, Addresses]) -> None:
    fetched = [one for found in site.values() for one in found.fetched]
    assert [one for one in fetched if urlsplit(one).netloc or urlsplit(one).scheme not in ("", "data")] == []
    styles = [path.read_text(encoding="utf-8") for page in site for path in page.parent.rglob("*.css")]
    assert styles
    assert [one for one in styles if re.search(r"@import|url\(|//[\w-]+\.", one)] == []
    scripts = [path.read_text(encoding="utf-8") for page in site for path in page.parent.rglob("*.js")]
    assert [one for one in scripts if re.search(r"(?:fetch|importScripts|open)\([^)]*https?:", one)] == []
