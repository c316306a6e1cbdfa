"""200 clients with a model of 0.2 s: `python -m bench.mixed [--seconds 60] [--clients 200] [--database both]`.

They list, search, ask and import, pausing half a second to one and a half between requests. The model is a server of
its own that streams its answer after 0.2 s. Clients and model run on the last core where there are several, the server
on the others. Counted: sends that were not answered, other failures, and the list's 95th percentile over its idle one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.http.conftest import Library
from tests.server import Place, new_project, running

from bench.crash import new_place
from bench.fairness import CORE, percentile
from bench.load import Client, Tally, run_clients
from bench.results import circumstances, table, write_section

MODEL_S = 0.2
AIM = 3.0
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def _chunk(**fields: Any) -> bytes:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    return f"data: {json.dumps({**base, **fields})}\n\n".encode()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        await asyncio.sleep(MODEL_S)
        writer.write(_HEAD)
        for delta, finish in (({"role": "assistant", "content": "We spoke of it [1]."}, None), ({}, "stop")):
            writer.write(_chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}]))
        writer.write(
            _chunk(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14})
            + b"data: [DONE]\n\n"
        )
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


def _serve_model(ports: Any) -> None:
    if CORE is not None:
        os.sched_setaffinity(0, {CORE})

    async def serve() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=512)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def fake_model() -> Iterator[int]:
    """Run the model for the block; yield its port."""
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    process = context.Process(target=_serve_model, args=(ports,), daemon=True)
    process.start()
    try:
        yield ports.get(timeout=60)
    finally:
        process.kill()
        process.join()


def _load(results: Any, seconds: float, *given: Any) -> None:
    if CORE is not None:
        os.sched_setaffinity(0, {CORE})
    results.put(asyncio.run(_both(seconds, *given)))


async def _both(seconds: float, clients: int, port: int, key: str, sessions: list[str], user: str) -> Any:
    await run_clients(port, key, 4, 3.0, sessions, user)
    idle = []
    client = Client(port, key)
    for _ in range(300):
        started = time.perf_counter()
        await client.call("GET", f"/v1/ask/sessions?end_user_id={user}&limit=20")
        idle.append((time.perf_counter() - started) * 1_000)
    client.close()
    return idle, await run_clients(port, key, clients, seconds, sessions, user)


def measure(place: Place, seconds: float, clients: int) -> tuple[list[tuple[str, str]], bool]:
    """Return the results, and whether all sends were answered and the aim is met."""
    key = new_project(place).live
    with fake_model() as model:
        settings = {
            "EARMARK_SERVERS__FAKE__BASE_URL": f"http://127.0.0.1:{model}/v1",
            "EARMARK_SERVERS__FAKE__MODEL": "fake",
            "EARMARK_DEFAULT_PROVIDER": "fake",
        }
        with running(place, **settings) as server, server.client(key) as http:
            if CORE is not None:
                _keep_off(server.process.pid)
            library, port = Library(http), int(server.base_url.rpartition(":")[2])
            user = library.user()
            sessions = [library.session(user)["id"] for _ in range(clients)]
            idle, tally = _in_a_process(seconds, clients, port, key, sessions, user)
    lists = tally.latencies.get("list", [])
    ratio = percentile(lists, 0.95) / max(0.1, percentile(idle, 0.95))
    rows = [
        (f"requests in {seconds:.0f} s", f"{sum(tally.statuses.values())}, {dict(sorted(tally.statuses.items()))}"),
        ("sends answered", f"{tally.answered('send')} of {tally.sent['send']}"),
        ("no answer in 60 s, or none at all", str(tally.timeouts)),
        *((f"{kind}: p50 · p95 · p99, ms", _shown(times)) for kind, times in sorted(tally.latencies.items())),
        ("list when idle: p50 · p95 · p99, ms", _shown(idle)),
        ("list's p95 over its idle p95", f"{ratio:.1f}"),
    ]
    return rows, not tally.timeouts and tally.answered("send") == tally.sent["send"] and ratio <= AIM


def _shown(times: list[float]) -> str:
    return " · ".join(f"{percentile(times, part):.1f}" for part in (0.5, 0.95, 0.99))


def _keep_off(pid: int) -> None:
    """Leave the clients' core to the clients, all threads."""
    others = os.sched_getaffinity(0) - {CORE or 0}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), others)


def _in_a_process(seconds: float, *given: Any) -> tuple[list[float], Tally]:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_load, args=(results, seconds, *given))
    process.start()
    found: tuple[list[float], Tally] = results.get(timeout=seconds + 300)
    process.join()
    return found


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    asked = parser.parse_args()
    parts, is_well = [circumstances()], True
    for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        with new_place(database) as place:
            rows, is_good = measure(place, asked.seconds, asked.clients)
        is_well &= is_good
        parts += [f"### {database}", table(("seen", "value"), rows)]
    command = f"python -m bench.mixed --seconds {asked.seconds:.0f} --clients {asked.clients}"
    write_section("Mixed load with a model", command, "\n\n".join(parts))
    sys.exit(not is_well)


if __name__ == "__main__":
    main()
