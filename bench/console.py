"""Measures the console in a browser: size, load time, smoothness. `python -m bench.console` (needs Chromium)."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright
from tests.console.conftest import CHROMIUM, FLAGS
from tests.server import Place, new_project, running

from bench.results import circumstances, table, write_section

SESSIONS = 10_000
SEGMENTS = 20_000
ROUNDS = 9
_TOPICS = ("launch", "price", "covers", "hitch", "dealers", "warranty", "board", "bank", "Arnhem", "summer")

SCROLL = """async ([selector, seconds, step]) => {
  const list = document.querySelector(selector);
  const frames = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  await new Promise((done) => {
    const frame = () => {
      const now = performance.now();
      frames.push(now - last);
      last = now;
      list.scrollTop += step;
      if (now < end) requestAnimationFrame(frame); else done();
    };
    requestAnimationFrame(frame);
  });
  return {frames: frames.slice(2), rows: list.count, drawn: list.querySelectorAll("[aria-posinset]").length, top: list.scrollTop};
}"""
TYPE = """([text, expected]) => new Promise((done) => {
  const list = document.querySelector("session-list windowed-list");
  const field = document.querySelector(".sessions-find input");
  const began = performance.now();
  const isThere = () => {
    const titles = [...list.querySelectorAll(".session-title")].map((one) => one.textContent);
    return titles.length > 0 && titles.every((one) => one.includes(expected));
  };
  const watch = new MutationObserver(() => {
    if (!isThere()) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  watch.observe(list, {childList: true, subtree: true});
  field.value = text;
  field.dispatchEvent(new Event("input", {bubbles: true}));
})"""
OPEN = """(selector) => new Promise((done) => {
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (!document.querySelector("transcript-lines .line-text")) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  watch.observe(document.body, {childList: true, subtree: true});
  document.querySelector(selector).click();
})"""
READY = """addEventListener("DOMContentLoaded", () => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector("question-box textarea") || !document.querySelector("a.session")) return;
    watch.disconnect();
    requestAnimationFrame(() => { window.usableMs = performance.now(); });
  });
  watch.observe(document.body, {childList: true, subtree: true});
});"""


@dataclass(frozen=True)
class Site:
    """A person with many sessions and one long recording."""

    base_url: str
    key: str


@contextmanager
def _site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="ec") as folder:
        place = Place(Path(folder) / "earmark")
        with running(place) as server:
            key = new_project(place).live
            with server.client(key) as api:
                _fill(api)
            yield Site(server.base_url, key)


def _fill(api: httpx.Client) -> None:
    user = api.post("/v1/end-users", json={"external_id": "ines"}).json()["id"]
    recording = api.post("/v1/recordings", json={"end_user_id": user, "name": "A long day"}).json()["id"]
    segments = [{"start": at * 2.0, "end": at * 2.0 + 1.8, "speaker": f"Speaker {at // 3 % 5}",
                 "text": f"Number {at}: we talked about the {_TOPICS[at % 10]} and then about the {_TOPICS[at * 7 % 10]} again."}
                for at in range(SEGMENTS)]  # fmt: skip
    put = api.put(f"/v1/recordings/{recording}/transcript", json={"segments": segments}, timeout=900)
    put.raise_for_status()
    for number in range(SESSIONS):
        title = f"{_TOPICS[number % 10].capitalize()} question {number}"
        body = {"scope": {"type": "library"}, "end_user_id": user, "title": title}
        api.post("/v1/ask/sessions", json=body).raise_for_status()


def _page(browser: Browser, site: Site, path: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=site.base_url)
    context.add_init_script(f"sessionStorage.setItem('earmark.key', '{site.key}');{READY}")
    page = context.new_page()
    page.goto(f"/console{path}")
    return page


def _first_view(browser: Browser, site: Site) -> tuple[float, list[float], list[float]]:
    """Return kilobytes transferred, and milliseconds until usable with an empty and with a warm cache."""
    cold, warm, weight = [], [], 0
    for _ in range(ROUNDS):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=site.base_url)
        context.add_init_script(f"sessionStorage.setItem('earmark.key', '{site.key}');{READY}")
        page = context.new_page()
        sizes: list[int] = []
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event, sizes=sizes: sizes.append(int(event["encodedDataLength"])))
        for times in (cold, warm):
            page.goto("/console/ask")
            page.locator("a.session").first.wait_for()
            page.wait_for_timeout(100)
            times.append(float(page.evaluate("window.usableMs")))
            weight = weight or sum(sizes)
        context.close()
    return weight / 1_000, cold, warm


def _typing(browser: Browser, site: Site) -> list[float]:
    page = _page(browser, site, "/ask")
    page.locator("a.session").first.wait_for()
    times = []
    for number in range(ROUNDS):
        topic = _TOPICS[number % 10].capitalize()
        times.append(float(page.evaluate(TYPE, [topic, topic])))
    page.context.close()
    return times


def _opening(browser: Browser, site: Site) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        page = _page(browser, site, "/recordings")
        page.locator(".recording").first.wait_for()
        times.append(float(page.evaluate(OPEN, ".recording")))
        page.context.close()
    return times


def _scrolling(browser: Browser, site: Site) -> list[tuple[str, dict[str, Any]]]:
    page = _page(browser, site, "/ask")
    page.locator("a.session").first.wait_for()
    sessions = page.evaluate(SCROLL, ["session-list windowed-list", 20, 600])
    page.goto("/console/recordings")
    page.locator(".recording").first.click()
    page.locator(".line").first.wait_for()
    transcript = page.evaluate(SCROLL, ["transcript-lines", 8, 1_500])
    page.context.close()
    return [("chats", sessions), ("transcript", transcript)]


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Measure, and write the section."""
    with _site() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        weight_kb, cold, warm = _first_view(browser, site)
        typing, opening, scrolling = _typing(browser, site), _opening(browser, site), _scrolling(browser, site)
        browser.close()
    rows = [("first view, over the wire, with its first API answers", f"{weight_kb:.0f} KB", "", "100 KB")]
    for name, times, aim in (("usable, nothing kept", cold, "1,000 ms"), ("usable, assets kept", warm, ""),
                             (f"a letter typed to a filtered list of {SESSIONS:,} chats", typing, "100 ms"),
                             (f"click to a transcript of {SEGMENTS:,} segments", opening, "500 ms")):  # fmt: skip
        rows.append((name, f"{statistics.median(times):.0f} ms", f"{max(times):.0f} ms", aim))
    frames = [(f"{name}, {shown['rows']:,} rows, at most {shown['drawn']} in the page", len(shown["frames"]),
               *(f"{_percentile(shown['frames'], share):.1f}" for share in (0.5, 0.95, 0.99)), f"{max(shown['frames']):.1f}")
              for name, shown in scrolling]  # fmt: skip
    body = "\n\n".join((
        circumstances(), table(("what", "median", "worst", "aim"), rows),
        "Frames while scrolling, in milliseconds (16.7 is every frame of a 60 Hz display; software rendering):",
        table(("list", "frames", "p50", "p95", "p99", "worst"), frames)))  # fmt: skip
    write_section("The console", "python -m bench.console", body)


if __name__ == "__main__":
    main()
