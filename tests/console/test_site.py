"""How the console's files are served: for good or not at all, compressed, under a strict policy."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import httpx
import pytest

from earmark.console.site import load_site
from tests.server import Server


@pytest.fixture
def site(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url) as client:
        yield client


def _asset(site: httpx.Client, name: str) -> str:
    found = re.search(rf"/console/assets/\w+/{re.escape(name)}", site.get("/console").text)
    assert found, name
    return found.group()


def test_the_page_comes_for_any_address_below_it(site: httpx.Client) -> None:
    page = site.get("/console").text
    assert "<earmark-app>" in page
    for path in ("/console/", "/console/ask/as_abc", "/console/recordings/rec_abc?at=100"):
        assert site.get(path).text == page


def test_a_name_that_only_begins_like_it_is_not_the_console(site: httpx.Client) -> None:
    assert site.get("/consoles").status_code == 404


def test_the_policy_allows_nothing_inline_and_nobody_else(site: httpx.Client) -> None:
    policy = site.get("/console").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    for rule in ("default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'",
                 "require-trusted-types-for 'script'", "trusted-types 'none'"):  # fmt: skip
        assert rule in policy


def test_the_page_itself_has_no_inline_script_or_style(site: httpx.Client) -> None:
    page = site.get("/console").text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []


def test_the_page_is_asked_for_each_time_and_told_when_unchanged(site: httpx.Client) -> None:
    first = site.get("/console")
    assert first.headers["cache-control"] == "no-cache"
    again = site.get("/console", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_assets_may_be_kept_for_good_under_their_digest(site: httpx.Client) -> None:
    path = _asset(site, "main.js")
    assert "immutable" in site.get(path).headers["cache-control"]
    assert site.get(path.replace(load_site().digest, "0123456789abcdef")).status_code == 404
    assert site.get(path.replace("main.js", "..%2Fsite.py")).status_code == 404
    assert site.get(path.replace("main.js", "unknown.js")).status_code == 404


def test_assets_are_compressed_for_who_takes_it(site: httpx.Client) -> None:
    path = _asset(site, "base.css")
    zipped = site.get(path, headers={"Accept-Encoding": "gzip"})
    plain = site.get(path, headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"])
    assert zipped.content == plain.content
    assert gzip.decompress(load_site().assets["base.css"].zipped) == plain.content


def test_head_answers_without_a_body(site: httpx.Client) -> None:
    assert site.head("/console").status_code == 200
    assert site.post("/console").status_code == 405


def test_a_first_view_weighs_less_than_100_kilobytes() -> None:
    site = load_site()
    assert len(site.page.zipped) + sum(len(asset.zipped) for asset in site.assets.values()) < 100_000


def test_every_module_is_short_enough_to_read() -> None:
    lengths = {name: asset.body.count(b"\n") for name, asset in load_site().assets.items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_no_module_can_write_html() -> None:
    for name, asset in load_site().assets.items():
        if name.endswith(".js"):
            assert not re.search(
                rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", asset.body
            ), name
