"""Repeatedly kills a working server: `python -m bench.crash [--kills 200] [--database sqlite]`.

Each round starts a server, lets several people load it concurrently (imports, questions, renames, deletes,
folders), and kills it with SIGKILL at a random moment. The next round first verifies everything that was
acknowledged; every few rounds, with no server running, all tables are recounted (`bench/recount.py`).
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.postgres import running_cluster
from tests.server import Place, Server, new_project, running

from bench.crash_load import Faults, Person
from bench.recount import recount
from bench.results import circumstances, table, write_section

RECOUNTED_EVERY = 10


@dataclass
class Report:
    """The counts and faults of a run."""

    kills: int
    acknowledged: int
    open_creates: int
    recounts: int
    faults: Sequence[str]
    took_s: float


def crash(place: Place, *, kills: int, people: int = 6, seed: int = 1) -> Report:
    """Run the rounds and return the report."""
    started, chance, faults = time.monotonic(), random.Random(seed), Faults()
    key = new_project(place).live
    crowd = _crowd(place, key, people, faults)
    recounts = open_creates = 0
    for number in range(kills):
        with running(place) as server:
            _each(server, key, crowd, lambda one, client: one.settle(client))
            _load_and_kill(server, key, crowd, chance.uniform(0.02, 1.2))
        open_creates += sum(len(one.pending) for one in crowd)
        if number % RECOUNTED_EVERY == RECOUNTED_EVERY - 1:
            faults += place.run(recount)
            recounts += 1
        if len(faults) > 20:
            break
    with running(place) as server:
        _each(server, key, crowd, _settle_all)
    faults += place.run(recount)
    acknowledged = sum(one.acknowledged for one in crowd)
    return Report(number + 1, acknowledged, open_creates, recounts + 1, faults, time.monotonic() - started)


def _crowd(place: Place, key: str, people: int, faults: Faults) -> list[Person]:
    with running(place) as server, server.client(key) as client:
        ids = [client.post("/v1/end-users", json={}).json()["id"] for _ in range(people)]
    return [Person(number, end_user_id, faults) for number, end_user_id in enumerate(ids)]


def _each(server: Server, key: str, crowd: Sequence[Person], do: object) -> None:
    def one(person: Person) -> None:
        with server.client(key) as client:
            do(person, client)  # type: ignore[operator]

    with ThreadPoolExecutor(len(crowd)) as pool:
        list(pool.map(one, crowd))


def _settle_all(person: Person, client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while True:
        person.settle(client, is_last=True)
        if not person.pending or time.monotonic() > deadline:
            break
        time.sleep(1)
    if person.pending:
        person.faults.append(f"{len(person.pending)} creates could not be finished by their retry")


def _load_and_kill(server: Server, key: str, crowd: Sequence[Person], after_s: float) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(len(crowd) + 1) as pool:
        work = pool.submit(_each, server, key, crowd, lambda one, client: one.work(client, stop))
        time.sleep(after_s)
        server.stop(signal.SIGKILL)
        stop.set()
        work.result()


@contextmanager
def new_place(database: str) -> Iterator[Place]:
    """Yield an empty place on one of the databases; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="ec") as name:
        folder = Path(name)
        if database == "sqlite":
            yield Place(folder / "earmark")
            return
        with running_cluster(folder / "pg") as cluster:
            yield Place(folder / "earmark", *cluster.new_database())


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows, faults = [], []
    for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        with new_place(database) as place:
            found = crash(place, kills=asked.kills, seed=asked.seed)
        faults += found.faults
        rows.append((database, found.kills, found.acknowledged, found.open_creates, found.recounts, len(found.faults),
                     f"{found.took_s:.0f} s"))  # fmt: skip
    header = ("database", "kills", "acknowledged writes", "creates cut off", "recounts", "faults", "took")
    body = f"{circumstances()}\n\n{table(header, rows)}"
    if faults:
        body += "\n\n" + "\n".join(f"- {one}" for one in faults[:20])
    write_section("Crash safety", f"python -m bench.crash --kills {asked.kills}", body)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
