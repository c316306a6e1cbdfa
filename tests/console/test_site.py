"""Serving the console's files: caching, compression, content security policy, bundling."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import earmark.console
from earmark.console.bundle import CircularImportError, bundle
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


def test_the_page_is_served_for_any_path_below_it(site: httpx.Client) -> None:
    page = site.get("/console").text
    assert "<earmark-app>" in page
    for path in ("/console/", "/console/ask/as_abc", "/console/recordings/rec_abc?at=100"):
        assert site.get(path).text == page


def test_a_path_that_only_starts_like_it_is_not_the_console(site: httpx.Client) -> None:
    assert site.get("/consoles").status_code == 404


def test_the_content_security_policy_allows_nothing_inline_or_external(site: httpx.Client) -> None:
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


def test_the_page_is_revalidated_each_time(site: httpx.Client) -> None:
    first = site.get("/console")
    assert first.headers["cache-control"] == "no-cache"
    again = site.get("/console", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_assets_are_cached_permanently_under_their_digest(site: httpx.Client) -> None:
    path = _asset(site, "console.js")
    assert "immutable" in site.get(path).headers["cache-control"]
    assert site.get(path.replace(load_site().digest, "0123456789abcdef")).status_code == 404
    assert site.get(path.replace("console.js", "..%2Fsite.py")).status_code == 404
    assert site.get(path.replace("console.js", "unknown.js")).status_code == 404


def test_assets_are_compressed_if_the_client_accepts_it(site: httpx.Client) -> None:
    path = _asset(site, "console.css")
    zipped = site.get(path, headers={"Accept-Encoding": "gzip"})
    plain = site.get(path, headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"])
    assert zipped.content == plain.content
    assert gzip.decompress(load_site().assets["console.css"].zipped) == plain.content


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("", "en"), ("de", "de"), ("de-CH,de;q=0.9,en;q=0.8", "de"), ("en-GB,de;q=0.5", "en"), ("fr,de;q=0.4,en;q=0.3", "de"),
     ("fr, *;q=0.1", "en"), ("de;q=0, en", "en"), ("fr, de; q=0.5", "de"), ("de;q=x, ;;,", "en"), ("en;q=0.1,de;q=0.2", "de")],
)  # fmt: skip
def test_the_page_is_in_the_language_that_the_browser_wants_most(
    site: httpx.Client, wanted: str, language: str
) -> None:
    page = site.get("/console", headers={"Accept-Language": wanted})
    assert f'<html lang="{language}">' in page.text
    assert "accept-language" in page.headers["vary"]
    digest = load_site(language).digest
    assert f"/console/assets/{digest}/console.js" in page.text
    assert site.get(f"/console/assets/{digest}/console.js").status_code == 200


def test_head_answers_without_a_body(site: httpx.Client) -> None:
    assert site.head("/console").status_code == 200
    assert site.post("/console").status_code == 405


def test_a_first_view_weighs_less_than_100_kilobytes() -> None:
    site = load_site()
    first = [site.page, *(asset for name, asset in site.assets.items() if name != "later.js")]
    assert sum(len(asset.zipped) for asset in first) < 100_000


PAGE = Path(earmark.console.__file__).parent / "page"
MODULES = {path.stem: path.read_text(encoding="utf-8") for path in PAGE.glob("*.js")}


def test_every_file_is_short_enough_to_read() -> None:
    lengths = {path.name: path.read_text(encoding="utf-8").count("\n") for path in PAGE.rglob("*.*")}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_and_can_write_no_html(name: str) -> None:
    assert MODULES[name].startswith("// ")
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTML"
    assert re.findall(forbidden, MODULES[name]) == []


def test_the_bundle_has_all_code_and_no_module_syntax() -> None:
    first, later = bundle(MODULES, "main")
    for name in MODULES:
        times = sum(one.count(f"const module_{name.replace('-', '_')} = ") for one in (first, later))
        assert times == 1, f"{name}.js is imported by nobody, or sent twice"
    code = "\n".join([*first.splitlines()[:-1], *later.splitlines()[1:-1]])
    assert re.findall(r"^\s*(?:import|export)\b.*|.*\bimport\((?!\"\./later\.js\"\)).*", code, re.MULTILINE) == []
    assert re.findall(r"^\s*(?://|/\*).*", code, re.MULTILINE) == []


def test_modules_run_after_what_they_import_and_only_once() -> None:
    modules = {"main": 'import { a } from "./one.js";\nimport "./two.js";\n// why\na();\n',
               "one": 'import { b as c } from "./two.js";\nexport function a() { return c; }\n',
               "two": "/** b */\nexport const b = 1;\n"}  # fmt: skip
    assert bundle(modules, "main")[0] == (
        "const module_two = (() => {\nconst b = 1;\nreturn { b };\n})();\n"
        "const module_one = (() => {\nconst { b: c } = module_two;\nfunction a() { return c; }\nreturn { a };\n})();\n"
        "const module_main = (() => {\nconst { a } = module_one;\na();\nreturn {  };\n})();\n"
        "export { module_two, module_one, module_main };\n"
    )


def test_what_is_imported_later_is_in_the_second_script_and_shares_the_modules_of_the_first() -> None:
    modules = {"main": 'import { a } from "./one.js";\nconst { c } = await import("./three.js");\na(c);\n',
               "one": "export const a = (b) => b;\n", "two": "export const b = 1;\n",
               "three": 'import { a } from "./one.js";\nimport { b } from "./two.js";\nexport const c = a(b);\n'}  # fmt: skip
    first, later = bundle(modules, "main")
    assert 'const { c } = await (import("./later.js").then((all) => all.module_three));' in first
    assert later == (
        'import { module_one, module_main } from "./console.js";\n'
        "const module_two = (() => {\nconst b = 1;\nreturn { b };\n})();\n"
        "const module_three = (() => {\nconst { a } = module_one;\nconst { b } = module_two;\nconst c = a(b);\nreturn { c };\n})();\n"
        "export { module_two, module_three };\n"
    )


def test_modules_that_import_each_other_are_refused() -> None:
    with pytest.raises(CircularImportError, match="one → two → one"):
        bundle({"one": 'import "./two.js";\n', "two": 'import "./one.js";\n'}, "one")


def test_every_string_is_used() -> None:
    said = "".join(text for name, text in MODULES.items() if name != "strings")
    names = re.findall(r"^    (\w+): ", MODULES["strings"], re.MULTILINE)
    assert [name for name in names if not re.search(rf"\.{name}\b", said)] == []
