"""Measures latencies inside the server, at the ASGI application, alternating between sizes."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlencode

import orjson

from bench.list_cases import DEEP, FILTERS, FIRST, FIRST_100, TITLES, TITLES_OF_HEAVY, Case, Params
from bench.sites import Site
from earmark.api.edge.app import Edge, create_app
from earmark.ask.sessions.title_index import BLOCK

PATH = "/v1/ask/sessions"
DEPTH = 50_000
_BUDGET_S = 4.0

Times = dict[str, list[float]]
"""Sorted milliseconds by case."""


class Asker:
    """Calls the ASGI application of one site."""

    def __init__(self, edge: Edge, site: Site) -> None:
        self._edge = edge
        self.site = site
        self._headers = [(b"authorization", f"Bearer {site.key}".encode()), (b"content-type", b"application/json")]

    async def call(self, method: str, params: Params, body: bytes = b"") -> tuple[float, dict[str, Any]]:
        """Return milliseconds and the response."""
        scope = {"type": "http", "method": method, "path": PATH, "headers": self._headers,
                 "query_string": urlencode(params).encode()}  # fmt: skip
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        started = time.perf_counter()
        await self._edge(scope, receive, send)
        elapsed_ms = (time.perf_counter() - started) * 1_000
        answer = orjson.loads(sent[1]["body"])
        assert sent[0]["status"] < 300, answer
        return elapsed_ms, answer

    async def cursor_at(self, depth: int) -> str:
        """Page down the list, and return the cursor at this depth."""
        params: Params = {"limit": 100}
        for _ in range(max(1, depth // 100)):
            _, page = await self.call("GET", params)
            params["cursor"] = page["next_cursor"]
        return str(params["cursor"])


async def time_sites(sites: Sequence[Site], count: int) -> list[Times]:
    """Time every case of every site `count` times (pages four times), alternating sites."""
    async with AsyncExitStack() as stack:
        askers = []
        for site in sites:
            edge = create_app(site.settings)
            await stack.enter_async_context(edge.opened())
            askers.append(Asker(edge, site))
        found: list[Times] = [{} for _ in askers]
        await _time_pages(askers, count * 4, found)
        for group, cases in (("", FILTERS), ("q ", TITLES), ("heavy q ", TITLES_OF_HEAVY)):
            for case in cases:
                await _time_cases({group + case.name: [case] * len(askers)}, askers, count, found)
    return found


async def _time_pages(askers: Sequence[Asker], count: int, found: list[Times]) -> None:
    cursors = [await asker.cursor_at(min(DEPTH, asker.site.plan.count // 2)) for asker in askers]
    deep = [Case(DEEP, lambda _, __, cursor=cursor: {"limit": 100, "cursor": cursor}) for cursor in cursors]  # type: ignore[misc]
    first = [Case(FIRST, lambda _, __: {"limit": 20})] * len(askers)
    first_100 = [Case(FIRST_100, lambda _, __: {"limit": 100})] * len(askers)
    await _time_cases({FIRST: first, FIRST_100: first_100, DEEP: deep}, askers, count, found)


async def _time_cases(
    cases: dict[str, list[Case]], askers: Sequence[Asker], count: int, found: Sequence[Times]
) -> None:
    """Time cases (one per site) alternately; slow ones less often, at least five times."""
    spent: defaultdict[tuple[str, int], float] = defaultdict(float)
    taken: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for number in range(-2, count):
        for name, of_sites in cases.items():
            for place, (case, asker) in enumerate(zip(of_sites, askers, strict=True)):
                if spent[name, place] < _BUDGET_S or number < 5:
                    elapsed_ms, _ = await asker.call("GET", case.params(asker.site.plan, abs(number)))
                    spent[name, place] += elapsed_ms / 1_000
                    if number >= 0:
                        taken[name, place].append(elapsed_ms)
    for (name, place), times in taken.items():
        found[place][name] = sorted(times)


async def time_creates(site: Site) -> tuple[float, float]:
    """Create sessions until one indexes titles; return the median and that one, in ms."""
    edge = create_app(site.settings)
    async with edge.opened():
        asker = Asker(edge, site)
        body = {"scope": {"type": "library"}, "end_user_id": site.plan.heavy, "title": "Written while others read"}
        times = [(await asker.call("POST", {}, orjson.dumps(body)))[0] for _ in range(BLOCK + 1)]
    return statistics.median(times), max(times)
