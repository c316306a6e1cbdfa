"""Measures speed and memory of search at every size, on either database.

    python -m bench.search [--database postgresql] [--size 100000] [--others 1000000] [--questions 60]

Libraries are generated (`bench/libraries.py`); questions go through the real encoder. Cases alternate per question,
so that machine drift affects all alike. In the process: one end user's search, alone and next to other people's
chunks, against the bare computation (encoding, scan, ranking of rows in memory). Over loopback, one worker:
memory, eight concurrent searches against sequential ones, and the sessions list during searches.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
from tests.postgres import Cluster, running_cluster

from bench.libraries import Talk, fill
from bench.results import circumstances, table, write_section
from bench.server import resident_mb, serving
from earmark.ask.sessions.sessions import create_session
from earmark.ask.types import Scope
from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.retrieval.index.quantize import quantize
from earmark.retrieval.index.vector_cache import VectorCache
from earmark.retrieval.reading import read_index, store_vectors, to_library
from earmark.retrieval.snapshot import rank_library
from earmark.retrieval.types import SearchRequest
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant

MONTH = 1_000
AT_ONCE = 8
Times = dict[str, list[float]]


@dataclass
class Site:
    """A filled database: a small and a large library of two end users."""

    settings: Settings
    key: str
    tenant_key: Any
    month: tuple[str, int]
    large: tuple[str, int]

    @property
    def environment(self) -> dict[str, str]:
        env = {"EARMARK_DATA_DIR": str(self.settings.data_dir), "EARMARK_RATE_LIMIT_OVERALL": "0"}
        for name in ("database_url", "migration_database_url"):
            if value := getattr(self.settings, name):
                env[f"EARMARK_{name.upper()}"] = value
        return env


def settings_in(folder: Path, cluster: Cluster | None) -> Settings:
    folder.mkdir()
    urls = cluster.new_database() if cluster else (None, None)
    return Settings(data_dir=folder, database_url=urls[0], migration_database_url=urls[1], rate_limit_overall=0)


async def filled(settings: Settings, talk: Talk, size: int, others: int) -> Site:
    """Fill a database; other chunks belong to ten end users of another project."""
    prepared = talk.recordings()
    async with open_runtime(settings) as runtime:
        project = await create_project(runtime.operator, "measured")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        month, large = [await fill(runtime, tenant, prepared, count) for count in (MONTH, size)]
        await create_session(large, scope=Scope("library", ()), title="A chat")
        if others:
            strangers = await create_project(runtime.operator, "others")
            theirs = await get_tenant(runtime.operator, strangers.id, "live")
            for _ in range(10):
                await fill(runtime, theirs, prepared, others // 10)
        key = (await create_key(tenant)).secret
    if settings.migration_database_url:
        await _analyze(settings.migration_database_url)
    users = [(str(one.key.end_user_id), int(one.key.end_user_no or 0)) for one in (month, large)]
    return Site(settings, key, tenant.key, users[0], users[1])


async def _analyze(owner_url: str) -> None:
    """Analyze now, as autovacuum does within minutes of a large load."""
    connection = await asyncpg.connect(owner_url)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


# ---- inside ----------------------------------------------------------------------------------------


async def inside(sites: dict[str, Site], questions: Sequence[str]) -> Times:
    """Return milliseconds by case; cases alternate."""
    times: Times = defaultdict(list)
    read = VectorCache(1_000_000_000)
    async with AsyncExitStack() as stack:
        runtimes = {name: await stack.enter_async_context(open_runtime(one.settings)) for name, one in sites.items()}
        for number, question in enumerate(questions):
            for name, site in sites.items():
                whole = Tenant(runtimes[name].database, site.tenant_key)
                for label, user in (("month", site.month), ("large", site.large)):
                    taken = await _search(runtimes[name], whole.acting_for(*user), question)
                    if number > 1:
                        times[f"{label}, {name}"].append(taken)
            bare = await _bare(runtimes["alone"], _large(runtimes["alone"], sites["alone"]), question, read)
            if number > 1:
                times["bare"].append(bare)
    return {name: sorted(found) for name, found in times.items()}


def _large(runtime: Runtime, site: Site) -> Tenant:
    return Tenant(runtime.database, site.tenant_key).acting_for(*site.large)


async def _search(runtime: Runtime, owner: Tenant, question: str) -> float:
    started = time.perf_counter()
    assert await runtime.searcher.search(owner, SearchRequest(question))
    return (time.perf_counter() - started) * 1_000


async def _bare(runtime: Runtime, owner: Tenant, question: str, cache: VectorCache) -> float:
    """Time encoder and ranking on a worker thread, with all rows in memory."""
    embedder = await runtime.embedders.in_use()
    wanted = {embedder.name: quantize(embedder.embed_query(question))}
    index = await read_index(owner, cache, SearchRequest(question), wanted)
    assert index is not None
    library = to_library(index)
    store_vectors(cache, index, library)

    def work() -> None:
        embedder.embed_query(question)
        rank_library(index.query, library, 8)

    started = time.perf_counter()
    await asyncio.to_thread(work)
    return (time.perf_counter() - started) * 1_000


# ---- outside ---------------------------------------------------------------------------------------


def outside(site: Site, questions: Sequence[str], folder: Path) -> tuple[Times, dict[str, float]]:
    """Return the list's milliseconds, idle and during searches; and seconds and megabytes."""
    constant = folder / "constant.json"
    constant.write_bytes(orjson.dumps({}))
    figures: dict[str, float] = {}
    with serving(site.environment, constant) as (port, pid), _client(port, site) as client:
        for _ in range(2):  # with pgvector, vectors are cached from the second query on
            _ask(client, site, questions[0])
        figures["one after the other, s"] = _timed(lambda: [_ask(client, site, one) for one in questions[:AT_ONCE]])
        figures["at once, s"] = _at_once(port, site, questions[:AT_ONCE])
        quiet = _list_times(client, site, 200)
        stop = threading.Event()
        load = [threading.Thread(target=_keep_asking, args=(port, site, questions, stop)) for _ in range(2)]
        for thread in load:
            thread.start()
        busy = _list_times(client, site, 200)
        stop.set()
        for thread in load:
            thread.join()
        figures["resident, MB"] = resident_mb(pid)
    return {"quiet": quiet, "while two search": busy}, figures


def _client(port: int, site: Site) -> httpx.Client:
    headers = {"Authorization": f"Bearer {site.key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", headers=headers, timeout=120)


def _ask(client: httpx.Client, site: Site, question: str) -> None:
    answer = client.post("/recordings/search", json={"query": question, "end_user_id": site.large[0]})
    assert answer.status_code == 200, answer.text


def _at_once(port: int, site: Site, questions: Sequence[str]) -> float:
    """Return the seconds that all take concurrently, on open connections."""
    clients = [_client(port, site) for _ in questions]
    for client in clients:
        client.get("/ask/sessions").raise_for_status()
    threads = [
        threading.Thread(target=_ask, args=(one, site, question))
        for one, question in zip(clients, questions, strict=True)
    ]

    def together() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    taken = _timed(together)
    for client in clients:
        client.close()
    return taken


def _keep_asking(port: int, site: Site, questions: Sequence[str], stop: threading.Event) -> None:
    with _client(port, site) as client:
        while not stop.is_set():
            for question in questions:
                if not stop.is_set():
                    _ask(client, site, question)


def _list_times(client: httpx.Client, site: Site, count: int) -> list[float]:
    def once() -> float:
        taken = _timed(lambda: client.get("/ask/sessions", params={"end_user_id": site.large[0]}).raise_for_status())
        time.sleep(0.005)
        return taken * 1_000

    return sorted(once() for _ in range(count))


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


# ---- report ----------------------------------------------------------------------------------------


def report(times: Times, lists: Times, figures: dict[str, float], size: int, others: int) -> str:
    """Render the results table."""

    def p(name: str, share: float) -> float:
        found = times[name]
        return found[min(len(found) - 1, int(share * len(found)))]

    ratio = statistics.median(times["large, alone"]) / statistics.median(times["bare"])
    beside = statistics.median(times["large, beside others"]) / statistics.median(times["large, alone"])
    at_once = figures["at once, s"] / figures["one after the other, s"]
    rows = [
        [f"{size:,} chunks, p50 / p95, ms", f"{p('large, alone', 0.5):.1f} / {p('large, alone', 0.95):.1f}", "≤ 50 / 120 at 100,000"],
        ["over the bare arithmetic (p50)", f"{ratio:.2f} ×, bare {p('bare', 0.5):.1f} ms", "≤ 1.5 ×"],
        [f"beside {others:,} chunks of other people (p50)", f"{beside:.2f} ×", "≤ 1.1 ×"],
        [f"{MONTH:,} chunks, p50 / p95, ms", f"{p('month, alone', 0.5):.1f} / {p('month, alone', 0.95):.1f}", "≤ 12"],
        [f"{AT_ONCE} at once over {AT_ONCE} in turn", f"{at_once:.2f} × ({figures['at once, s']:.2f} s)", "≤ 1"],
        ["resident memory of the server, MB", f"{figures['resident, MB']:.0f}", "≤ 500 at 100,000"],
        *(
            [f"sessions list, {name}, p50 / p95, ms", f"{found[len(found) // 2]:.1f} / {found[int(0.95 * len(found))]:.1f}", ""]
            for name, found in lists.items()
        ),
    ]  # fmt: skip
    return f"{circumstances()}\n\n{table(['case', 'measured', 'aim'], rows)}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--others", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=60)
    asked = parser.parse_args()
    talk = Talk()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eb")))
        cluster = stack.enter_context(running_cluster(folder / "pg")) if asked.database == "postgresql" else None
        sites = {
            name: asyncio.run(filled(settings_in(folder / name.split()[0], cluster), Talk(), asked.size, others))
            for name, others in (("alone", 0), ("beside others", asked.others))
        }
        questions = talk.questions(asked.questions + 2)
        times = asyncio.run(inside(sites, questions))
        lists, figures = outside(sites["alone"], questions, folder)
        body = report(times, lists, figures, asked.size, asked.others)
    arguments = f"--database {asked.database} --size {asked.size} --others {asked.others}"
    write_section(f"Search on {asked.database}", f"python -m bench.search {arguments}", body)


if __name__ == "__main__":
    main()
