"""Jobs: 200 SIGKILLs while three kinds run, and 100,000 pending jobs of one tenant beside another's first.

    python -m bench.jobs [--kills 200] [--pending 100000]

A process that runs jobs is killed at a random moment and started again while jobs are added; in the end every job must
have ended, each effect must be there once. On both databases.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import asyncpg
from tests.postgres import running_cluster
from tests.server import Place

from bench.job_kinds import KINDS, LEASE_S, effects_of, run_until_killed
from bench.results import circumstances, table, write_section
from earmark.config import Settings
from earmark.identity.projects import create_project, get_tenant
from earmark.jobs import outbox, queries, queue
from earmark.jobs.claiming import Claimer, new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob
from earmark.jobs.worker import Worker
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator, Tenant

_LONGEST_MS = 150
_PAYLOADS = {"single": {}, "in pieces": {}, "chained": {"left": 2}}
Found = dict[str, float | int | str]


async def _open(settings: Settings) -> tuple[Operator, Tenant, Tenant]:
    operator = Operator(await open_database(settings))
    tenants = [await get_tenant(operator, (await create_project(operator, name)).id, "live") for name in ("one", "two")]
    return operator, tenants[0], tenants[1]


# ---- killed ----------------------------------------------------------------------------------------


async def kill_often(settings: Settings, kills: int) -> Found:
    """Return what became of the jobs that were added while their process was killed."""
    operator, tenant, _ = await _open(settings)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.job_kinds"])
    dice = random.Random(5)
    added: Counter[str] = Counter()
    died_with = 0
    for kill in range(kills):
        is_up = context.Event()
        process = context.Process(target=run_until_killed, args=(settings, is_up))
        process.start()
        await asyncio.to_thread(is_up.wait)
        for kind in KINDS:
            await _add(tenant, kind.name, f"{kind.name} {kill}")
            added[kind.name] += 1
        await asyncio.sleep(dice.randrange(_LONGEST_MS) / 1_000)
        process.kill()
        process.join()
        died_with += len(await queue.list_jobs(operator, state="running", limit=1_000))
    is_up = context.Event()
    process = context.Process(target=run_until_killed, args=(settings, is_up))
    process.start()
    took_s = await _until_done(operator)
    process.kill()
    process.join()
    result = await _judge(operator, added)
    await operator.database.close()
    return {
        "kills": kills,
        "jobs killed while they ran": died_with,
        **result,
        "all done after, leases": took_s / LEASE_S,
    }


async def _add(tenant: Tenant, kind: str, name: str) -> None:
    async with tenant.writing() as work:
        await queue.enqueue(work, NewJob(kind, payload={"name": name, **_PAYLOADS[kind]}))


async def _until_done(operator: Operator) -> float:
    """Return the seconds until nothing waits or runs."""
    began_s = time.monotonic()
    while True:  # in one statement: between two a job may go from one state to the other
        counts = await operator.fetch_all(queries.select_job_counts, {"now_us": 1 << 62})
        if not {"pending", "running"} & {row[0] for row in counts}:
            return time.monotonic() - began_s
        await asyncio.sleep(0.05)


async def _judge(operator: Operator, added: Counter[str]) -> Found:
    effects: Counter[tuple[str, int]] = Counter()
    position = 0
    while events := await outbox.read_after(operator, position):
        effects.update((event.data["job"], event.data["piece"]) for event in events)
        position = events[-1].position or position
    wanted = sum(count * effects_of(kind) for kind, count in added.items())
    failed = len(await queue.list_jobs(operator, state="failed", limit=1_000))
    return {
        "jobs added": sum(added.values()), "jobs failed": failed, "effects wanted": wanted,
        "effects missing": wanted - len(effects), "effects doubled": sum(one - 1 for one in effects.values()),
    }  # fmt: skip


# ---- crowded ---------------------------------------------------------------------------------------


async def crowd(place: Place, pending: int) -> Found:
    """Return times of single steps with an empty queue, and beside `pending` jobs of one tenant."""
    settings, owner_url = place.settings, place.owner_url
    operator, busy, other = await _open(settings)
    found: Found = {}
    for name, count in (("empty", 0), ("crowded", pending)):
        for start in range(0, count, 1_000):
            async with busy.writing() as work:
                for _ in range(min(1_000, count - start)):
                    await queue.enqueue(work, NewJob("single", payload={"name": "x"}))
        if owner_url is not None:
            await _analyze(owner_url)
        found[f"enqueue, {name}"] = await _times(lambda: _add(busy, "single", "x"))
        claimer = Claimer(operator, KINDS, new_process("bench", 600, 1))
        found[f"claim, {name}"] = await _times(partial(claimer.claim, 1))
        found[f"another tenant's first job starts after, {name}"] = await _first_of(operator, other)
    await operator.database.close()
    return found


async def _analyze(owner_url: str) -> None:
    """Renew PostgreSQL's statistics, as its autovacuum does within a minute of so many new rows."""
    connection = await asyncpg.connect(owner_url)
    await connection.execute("ANALYZE jobs")
    await connection.close()


async def _times(work: Callable[[], Awaitable[object]], count: int = 200) -> str:
    taken = []
    for _ in range(count):
        began_s = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - began_s) * 1_000)
    return f"{statistics.median(taken):.1f} ({statistics.quantiles(taken, n=20)[-1]:.1f})"


async def _first_of(operator: Operator, other: Tenant) -> str:
    """A worker is busy with the crowd's jobs; measure from the commit of another tenant's job to its start."""
    started = asyncio.Event()

    async def busy(_: RunningJob) -> None:
        await asyncio.sleep(0.05)

    async def note(_: RunningJob) -> None:
        started.set()

    kinds = [JobKind("single", busy), JobKind("first", note)]
    worker = Worker(operator, kinds, new_process("bench", 600, 1))
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.5)
    taken = []
    for _ in range(30):
        started.clear()
        began_s = time.perf_counter()
        async with other.writing() as work:
            await queue.enqueue(work, NewJob("first"))
        await started.wait()
        taken.append((time.perf_counter() - began_s) * 1_000)
        await asyncio.sleep(0.02)
    await worker.stop(2)
    running.cancel()
    await asyncio.wait({running})
    return f"{statistics.median(taken):.0f} ({statistics.quantiles(taken, n=20)[-1]:.0f})"


def main() -> None:
    """Measure both, print and store the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pending", type=int, default=100_000)
    asked = parser.parse_args()
    killed, crowded = {}, {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(running_cluster(folder / "pg"))
        for name in ("SQLite", "PostgreSQL"):
            urls = cluster.new_database if name == "PostgreSQL" else tuple
            killed[name] = asyncio.run(kill_often(Place(folder / f"{name}1", *urls()).settings, asked.kills))
            crowded[name] = asyncio.run(crowd(Place(folder / f"{name}2", *urls()), asked.pending))
    rows = [(row, *(_shown(killed[name][row]) for name in killed)) for row in killed["SQLite"]]
    steps = [(row, *(crowded[name][row] for name in crowded)) for row in crowded["SQLite"]]
    body = (
        f"{circumstances()} Lease {LEASE_S:.0f} s.\n\n{table(('killed', *killed), rows)}\n\n"
        f"{asked.pending:,} pending jobs of one tenant; p50 (p95) in ms of 200 steps (30 first jobs):\n\n"
        f"{table(('step', *crowded), steps)}"
    )
    print(body)
    write_section("Jobs", f"python -m bench.jobs --kills {asked.kills} --pending {asked.pending}", body)


def _shown(value: float | int | str) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
