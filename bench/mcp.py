"""Measures MCP beside HTTP: `python -m bench.mcp [--before CHECKOUT] [--seconds 5] [--rounds 3]`.

`search` over `POST /mcp`, in both eras of the protocol, against `POST /v1/recordings/search` with the same questions, in
turns on one worker. And what MCP costs who doesn't use it: start-up and idle memory, here and in another checkout
(`--before`), and memory after the first MCP request.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.httpload import measure
from bench.libraries import Talk, fill
from bench.results import circumstances, table, write_section
from bench.server import free_port, resident_mb, started
from earmark.config import Settings
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.runtime import open_runtime

OLD, NEW = "2025-11-25", "2026-07-28"
SERVE = [sys.executable, "-m", "earmark", "serve"]
CHUNKS = 1_000
STARTS = 5


async def filled(settings: Settings) -> str:
    """Fill one person's library; return a key bound to that person."""
    async with open_runtime(settings) as runtime:
        project = await create_project(runtime.operator, "measured")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        talk = Talk()
        owner = await fill(runtime, tenant, talk.recordings(), CHUNKS)
        assert owner.key.end_user_id is not None
        assert owner.key.end_user_no is not None
        return (await create_key(tenant, end_user=(owner.key.end_user_id, owner.key.end_user_no))).secret


def post(path: str, key: str, body: Any, headers: dict[str, str] | None = None) -> bytes:
    """Return a request's bytes."""
    data = orjson.dumps(body)
    given = {
        "Host": "bench",
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(data)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + data


def mcp_search(key: str, question: str, version: str) -> bytes:
    """Return a `search` by MCP."""
    params: dict[str, Any] = {"name": "search", "arguments": {"query": question}}
    headers = {"Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": version}
    if version == NEW:
        meta = {"protocolVersion": version, "clientCapabilities": {}}
        params["_meta"] = {f"io.modelcontextprotocol/{name}": value for name, value in meta.items()}
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": "search"}
    return post("/mcp", key, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers)


def throughput(port: int, key: str, questions: Sequence[str], seconds: float, rounds: int) -> dict[str, list[float]]:
    """Return searches a second by way, one number a round."""
    ways = {
        "HTTP": [post("/v1/recordings/search", key, {"query": one, "limit": 10}) for one in questions],
        f"MCP {OLD}": [mcp_search(key, one, OLD) for one in questions],
        f"MCP {NEW}": [mcp_search(key, one, NEW) for one in questions],
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, requests in ways.items():
            measured = measure(port, requests, seconds=seconds, connections=8)
            assert set(measured.statuses) == {200}, measured.statuses
            found[name].append(measured.per_second)
    return found


def starts(checkout: Path, folder: Path) -> tuple[float, float]:
    """Return the median seconds until healthy, and idle megabytes, of the sources in `checkout`."""
    seconds, memory = [], []
    for number in range(STARTS):
        env = {"PYTHONPATH": str(checkout / "src"), "EARMARK_DATA_DIR": str(folder / f"start-{number}")}
        subprocess.run([*SERVE[:-1], "projects", "create", "x"], env={**os.environ, **env}, check=True,
                       capture_output=True)  # fmt: skip
        port = free_port()
        began = time.perf_counter()
        with started([*SERVE, "--port", str(port)], env, port) as pid:
            seconds.append(time.perf_counter() - began)
            time.sleep(1)  # until memory has settled
            memory.append(resident_mb(pid))
    return statistics.median(seconds), statistics.median(memory)


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    here = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rows = [_start_row(name, one, place / name) for name, one in (("before", asked.before), ("now", here)) if one]
        settings = Settings(data_dir=place / "data", rate_limit_overall=0)
        key = asyncio.run(filled(settings))
        env = {"EARMARK_DATA_DIR": str(settings.data_dir), "EARMARK_RATE_LIMIT_OVERALL": "0"}
        port = free_port()
        with started([*SERVE, "--port", str(port)], env, port) as pid:
            first = _first_request(port, key, pid)
            found = throughput(port, key, Talk().questions(60), asked.seconds, asked.rounds)
    write_section("MCP", "python -m bench.mcp --before CHECKOUT", _section(rows, first, found))


def _start_row(name: str, checkout: Path, folder: Path) -> tuple[str, str, str]:
    folder.mkdir()
    seconds, memory = starts(checkout, folder)
    return name, f"{seconds:.2f}", f"{memory:.0f}"


def _first_request(port: int, key: str, pid: int) -> tuple[float, float, float]:
    """Return the milliseconds of the first MCP request, and megabytes before and after it."""
    before = resident_mb(pid)
    began = time.perf_counter()
    answer = httpx.post(
        f"http://127.0.0.1:{port}/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}},
        headers={"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1_000, before, resident_mb(pid)


def _section(rows: list[tuple[str, str, str]], first: tuple[float, float, float], found: dict[str, list[float]]) -> str:
    base = statistics.median(found["HTTP"])
    ways = [
        (name, f"{statistics.median(every):.0f}", f"{statistics.median(every) / base:.2f}")
        for name, every in found.items()
    ]
    return "\n\n".join([
        table(("search", "a second", "of HTTP"), ways),
        table(("a server that nobody uses by MCP", "healthy after, s", "idle, MB"), rows),
        f"The first MCP request took {first[0]:.0f} ms, and memory grew from {first[1]:.0f} to {first[2]:.0f} MB.",
        circumstances(),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
