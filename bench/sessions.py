"""The founding list at every size, on both databases: issue "as fast at a million sessions".

    python -m bench.sessions [--sizes 1000,…] [--database sqlite|postgresql|both] [--quick]

Latencies are taken inside the server, around the ASGI application; throughput over loopback, against a
constant-bytes FastAPI route of the same server, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from tests.postgres import running_cluster

from bench import titles
from bench.bulk import TenantPlan, load_postgres, load_sqlite
from bench.chart import Series, write_chart
from bench.httpload import get, measure
from bench.results import write_section
from bench.server import CONSTANT_PATH, resident_mb, serving
from bench.writers import writing_in_background
from earmark.api.app import Edge, create_app
from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.runtime import open_runtime

PATH = "/v1/ask/sessions"
DEPTH = 50_000


@dataclass
class Site:
    """A filled database and what it takes to ask it."""

    settings: Settings
    plan: TenantPlan
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """The same settings for a server's process."""
        env = {"EARMARK_DATA_DIR": str(self.settings.data_dir), "EARMARK_RATE_LIMIT_OVERALL": "1000000000"}
        for name in ("database_url", "migration_database_url"):
            value = getattr(self.settings, name)
            if value:
                env[f"EARMARK_{name.upper()}"] = value
        return env


@dataclass
class Figures:
    """What one size on one database gave, in milliseconds but for the last three."""

    size: int
    first_p50: float = 0.0
    deep_p50: float | None = None
    filters_p95: dict[str, float] = field(default_factory=dict)
    titles_p95: dict[str, float] = field(default_factory=dict)
    ratio: float | None = None
    writes_p99_ratio: float | None = None
    walk_mb: tuple[float, float, float] | None = None


# ---- filling ---------------------------------------------------------------------------------------


async def _prepare(settings: Settings, size: int) -> tuple[str, list[TenantPlan]]:
    """Make the measured project and another of the same size; return the key and what to load."""
    async with open_runtime(settings) as runtime:
        plans, key = [], ""
        for name in ("measured", "others"):
            project = await create_project(runtime.operator, name)
            tenant = await get_tenant(runtime.operator, project.id, "live")
            key = key or (await create_key(tenant)).secret
            plans.append(TenantPlan(tenant.key.tenant_id, size))
    return key, plans


@contextmanager
def sites(database: str, size: int) -> Iterator[Site]:
    """Fill a database and take it away at the end."""
    with tempfile.TemporaryDirectory(prefix="eb") as folder:
        data_dir = Path(folder) / "data"
        if database == "sqlite":
            settings = Settings(data_dir=data_dir, rate_limit_overall=1_000_000_000)
            key, plans = asyncio.run(_prepare(settings, size))
            load_sqlite(settings.database_path, plans)
            yield Site(settings, plans[0], key)
            return
        with running_cluster(Path(folder) / "pg") as cluster:
            url, owner_url = cluster.new_database()
            settings = Settings(
                data_dir=data_dir, database_url=url, migration_database_url=owner_url, rate_limit_overall=1_000_000_000
            )
            key, plans = asyncio.run(_prepare(settings, size))
            load_postgres(url.replace("earmark_app@", "postgres@"), plans)
            yield Site(settings, plans[0], key)


# ---- asking inside the server ----------------------------------------------------------------------


class Asker:
    """Calls the ASGI application without a network."""

    def __init__(self, edge: Edge, key: str) -> None:
        self._edge = edge
        self._headers = [(b"authorization", f"Bearer {key}".encode())]

    async def get(self, **params: Any) -> tuple[float, dict[str, Any]]:
        """Return milliseconds and the page."""
        scope = {"type": "http", "method": "GET", "path": PATH, "headers": self._headers,
                 "query_string": urlencode(params).encode()}  # fmt: skip
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        started = time.perf_counter()
        await self._edge(scope, receive, send)
        elapsed_ms = (time.perf_counter() - started) * 1_000
        page = orjson.loads(sent[1]["body"])
        assert sent[0]["status"] == 200, page
        return elapsed_ms, page

    async def sample(self, count: int, **params: Any) -> list[float]:
        """Return the sorted milliseconds of some identical requests, the first of which is not counted."""
        await self.get(**params)
        return sorted([(await self.get(**params))[0] for _ in range(count)])


def p95(sorted_ms: list[float]) -> float:
    """The value that 95 of 100 stay within."""
    return sorted_ms[int(len(sorted_ms) * 0.95)]


def filters_of(plan: TenantPlan) -> dict[str, dict[str, Any]]:
    """The filters that are timed."""
    heavy, light = plan.heavy, plan.users[1]
    recording = plan.recordings[heavy][0]
    return {
        "end_user_id (heavy)": {"end_user_id": heavy},
        "end_user_id (light)": {"end_user_id": light},
        "scope_type=selected": {"scope_type": "selected"},
        "scope_type=folder (none)": {"scope_type": "folder"},
        "recording_id (favourite)": {"recording_id": recording},
        "recording_id + scope_type": {"recording_id": recording, "scope_type": "selected"},
        "end_user_id + scope_type": {"end_user_id": heavy, "scope_type": "recording"},
        "end_user_id + recording_id": {"end_user_id": heavy, "recording_id": recording},
        "active_after + active_before": {
            "active_after": "2026-01-01T00:00:00Z", "active_before": "2026-06-01T00:00:00Z"},
    }  # fmt: skip


TITLES = {
    "in half": titles.COMMON, "in a quarter, old ones only": titles.OLD, "in 1 of 1,000": titles.PERMILLE,
    "in three": titles.RARE, "in none": titles.ABSENT, "in none, common trigrams": titles.ABSENT_COMMON,
    "1 character, common": titles.ONE_COMMON, "1 character, rare": titles.ONE_RARE,
    "1 character, none": titles.ONE_ABSENT, "2 characters, rare": titles.TWO_RARE,
    "2 characters, none": titles.TWO_ABSENT, "CJK, common": titles.CJK_COMMON, "CJK, rare": titles.CJK_RARE,
}  # fmt: skip


async def time_inside(site: Site, count: int) -> Figures:
    """Take all latencies of one site."""
    figures = Figures(site.plan.count)
    edge = create_app(site.settings)
    async with edge.fastapi.router.lifespan_context(edge.fastapi):
        asker = Asker(edge, site.key)
        figures.first_p50 = statistics.median(await asker.sample(count * 4, limit=20))
        cursor = await _walk(asker, min(DEPTH, site.plan.count // 2))
        figures.deep_p50 = statistics.median(await asker.sample(count * 4, limit=100, cursor=cursor))
        figures.deep_p50 /= statistics.median(await asker.sample(count * 4, limit=100))
        for name, params in filters_of(site.plan).items():
            figures.filters_p95[name] = p95(await asker.sample(count, **params))
        for name, wanted in TITLES.items():
            figures.titles_p95[name] = p95(await asker.sample(count, q=wanted))
            figures.titles_p95[f"{name}, heavy user"] = p95(
                await asker.sample(count, q=wanted, end_user_id=site.plan.heavy)
            )
    return figures


async def _walk(asker: Asker, depth: int) -> str:
    cursor, seen = None, 0
    while seen < depth:
        _, page = await asker.get(limit=100, **({"cursor": cursor} if cursor else {}))
        seen += len(page["data"])
        cursor = page["next_cursor"]
    assert cursor is not None
    return str(cursor)


# ---- asking over loopback --------------------------------------------------------------------------


def time_outside(site: Site, figures: Figures, seconds: float) -> None:
    """Throughput against the constant route, latency under writes, memory over a whole walk."""
    page = get(f"{PATH}?limit=20", site.key)
    constant = site.settings.data_dir / "constant.json"
    constant.write_bytes(b"{}")
    with serving(site.environment, constant) as (port, _):
        constant.write_bytes(_body(port, site.key))
    with serving(site.environment, constant) as (port, pid):
        ratios = []
        for _ in range(3):
            base = measure(port, [get(CONSTANT_PATH)], seconds=seconds).per_second
            ratios.append(measure(port, [page], seconds=seconds).per_second / base)
        figures.ratio = statistics.median(ratios)
        quiet = measure(port, [page], seconds=seconds * 2, connections=4).percentile(0.99)
        with writing_in_background(port, site.key, site.plan.users[2], per_second=50):
            busy = measure(port, [page], seconds=seconds * 2, connections=4).percentile(0.99)
        figures.writes_p99_ratio = busy / quiet
        figures.walk_mb = _memory_of_a_walk(port, pid, site.key)


def _body(port: int, key: str) -> bytes:
    import httpx

    return httpx.get(f"http://127.0.0.1:{port}{PATH}?limit=20", headers={"Authorization": f"Bearer {key}"}).content


def _memory_of_a_walk(port: int, pid: int, key: str) -> tuple[float, float, float]:
    """Walk every session; return resident megabytes at the start, at the most and at the end."""
    import httpx

    start = most = resident_mb(pid)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as client:
        cursor = None
        while True:
            page = client.get(PATH, params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
            most = max(most, resident_mb(pid))
            cursor = page["next_cursor"]
            if cursor is None:
                return start, most, resident_mb(pid)


# ---- the table -------------------------------------------------------------------------------------


def render(database: str, all_figures: list[Figures]) -> str:
    """Return one database's table, against the aims."""
    smallest, largest = all_figures[0], all_figures[-1]
    rows = [
        ("first page, p50", " · ".join(f"{one.size:,}: {one.first_p50:.2f} ms" for one in all_figures), ""),
        (
            f"first page at {largest.size:,} over {smallest.size:,}",
            f"{largest.first_p50 / smallest.first_p50:.2f}",
            "≤ 1.2",
        ),
        (
            f"page at depth {min(DEPTH, largest.size // 2):,} over first page (limit 100)",
            f"{largest.deep_p50:.2f}",
            "≤ 1.2",
        ),
    ]
    rows += [(f"{name}, p95", f"{ms:.2f} ms", "≤ 10 ms") for name, ms in largest.filters_p95.items()]
    rows += [(f"q {name}, p95", f"{ms:.2f} ms", "≤ 25 ms") for name, ms in largest.titles_p95.items()]
    if largest.ratio is not None and largest.walk_mb is not None:
        aim = "≥ 0.5" if database == "sqlite" else "≥ 0.2"
        rows += [
            ("list requests a second over a constant route's", f"{largest.ratio:.2f}", aim),
            ("p99 with 50 writes a second over without", f"{largest.writes_p99_ratio:.2f}", "≤ 3"),
            (
                "resident memory of a whole walk: start, most, end",
                " · ".join(f"{mb:.0f} MB" for mb in largest.walk_mb),
                "flat",
            ),
        ]
    lines = [
        f"At {largest.size:,} sessions of one project and as many of another:",
        "",
        "| case | measured | aim |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {case} | {value} | {aim} |" for case, value, aim in rows)])


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--quick", action="store_true", help="few samples, no throughput, no picture")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    series: list[Series] = []
    for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        all_figures = []
        for size in sizes:
            with sites(database, size) as site:
                figures = asyncio.run(time_inside(site, 5 if asked.quick else 40))
                if not asked.quick and size == sizes[-1]:
                    time_outside(site, figures, 3.0)
            all_figures.append(figures)
        write_section(f"Sessions list on {database}", "python -m bench.sessions", render(database, all_figures))
        series += _series(database, all_figures)
    if not asked.quick:
        write_chart(Path("docs/sessions-latency.svg"), "Sessions list: milliseconds against sessions", series)


def _series(database: str, all_figures: list[Figures]) -> list[Series]:
    def points(pick: Any) -> list[tuple[float, float]]:
        return [(float(one.size), float(pick(one))) for one in all_figures]

    return [
        Series(f"first page, {database}", points(lambda one: one.first_p50)),
        Series(f"q in half, {database}", points(lambda one: one.titles_p95["in half"])),
        Series(f"q in three, {database}", points(lambda one: one.titles_p95["in three"])),
    ]


if __name__ == "__main__":
    main()
