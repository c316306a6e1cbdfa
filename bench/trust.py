"""Measures the cost of request counting and security headers: `python -m bench.trust`.

Measures a server's CPU time per request of the sessions list, the kernel's share included: one server, one
connection over loopback, the client in another process. Variants alternate, twenty requests at a time in random
order, and are compared within each round, so that other load on the machine hardly matters.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import uvicorn
import uvloop

from bench.httpload import get
from bench.results import table, write_section
from bench.sites import Site, filled_sites
from earmark.api.edge import app as app_module
from earmark.api.edge.app import Edge, create_app
from earmark.api.edge.protocol import PatientProtocol
from earmark.limits.counters import SharedCounts

_NOTE = (
    "Of what limits cost a process that is alone, two thirds are the three headers that tell of them. With other "
    "processes on the host the file's lock comes on top; with PostgreSQL, leases that other hosts respect."
)
_REQUEST = "/v1/ask/sessions?limit=20"
_BATCH = 20
_WARM = 20
_SHIPPED, _SHARED = "as shipped", "as shipped, other processes beside"
_NO_LIMITS, _NO_HEADERS = "without limits", "without safe headers"
_CLIENT = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for line in sys.stdin:
    for _ in range(int(line)):
        connection.sendall(bytes.fromhex(sys.argv[2]))
        got = b""
        while b"\\r\\n\\r\\n" not in got:
            got += connection.recv(65536)
        head, _, body = got.partition(b"\\r\\n\\r\\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        missing = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0]) - len(body)
        while missing:
            missing -= len(connection.recv(65536))
    print(flush=True)
"""


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=1_500)
    asked = parser.parse_args()
    rows: list[list[str]] = []
    for database in ("sqlite", "postgresql"):
        with filled_sites(database, [1_000]) as (site,):
            for names in ((_SHIPPED, _NO_LIMITS, _NO_HEADERS), (_SHARED, _NO_LIMITS)):
                rows += _rows(database, uvloop.run(_take_turns(site, names, asked.batches)))
    header = ["database", "server", "processor time a request, µs (median)", "more than without limits"]
    write_section("What trust costs", "python -m bench.trust", f"{table(header, rows)}\n\n{_NOTE}")


def _rows(database: str, spent: dict[str, list[float]]) -> list[list[str]]:
    without = spent[_NO_LIMITS]
    rows = []
    for name, times in spent.items():
        more = statistics.median(one - other for one, other in zip(times, without, strict=True))
        share = more / statistics.median(without) * 100
        rows.append([database, name, f"{statistics.median(times):.1f}", f"{share:+.1f} %"])
    return rows


async def _take_turns(site: Site, names: Sequence[str], batches: int) -> dict[str, list[float]]:
    edge = create_app(site.settings.model_copy(update={"rate_limit_overall": 1_000_000_000}))
    async with _served(edge) as port:
        assert edge.runtime is not None
        rates, headers = edge.runtime.rates.by_name, app_module.api_headers_for
        limits = dict(rates)
        if _SHARED in names:  # to the counter file's locks this looks like another process
            await asyncio.to_thread(SharedCounts(site.settings.data_dir / "rates.bin").join)

        def choose(name: str) -> None:
            rates.clear()
            rates.update({} if name == _NO_LIMITS else limits)
            app_module.api_headers_for = (lambda _: ()) if name == _NO_HEADERS else headers

        async with _client(port, get(_REQUEST, site.key)) as send:
            return await _measure(send, choose, names, batches)


async def _measure(
    send: Callable[[int], Awaitable[None]], choose: Callable[[str], None], names: Sequence[str], batches: int
) -> dict[str, list[float]]:
    """Return microseconds of CPU time per request, by variant and round."""
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(batches + _WARM):
        for name in random.sample(names, len(names)):
            choose(name)
            await send(1)
            started = time.process_time()
            await send(_BATCH)
            if number >= _WARM:
                taken[name].append((time.process_time() - started) / _BATCH * 1e6)
    return taken


@asynccontextmanager
async def _served(edge: Edge) -> AsyncIterator[int]:
    config = uvicorn.Config(
        edge, port=0, http=PatientProtocol, access_log=False, server_header=False, log_level="critical"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.05)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


@asynccontextmanager
async def _client(port: int, request: bytes) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    command = (sys.executable, "-c", _CLIENT, str(port), request.hex())
    process = await asyncio.create_subprocess_exec(*command, stdin=-1, stdout=-1)
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout

    async def send(times: int) -> None:
        to.write(b"%d\n" % times)
        assert await back.readline(), "the client gave up"

    yield send
    to.close()
    await process.wait()


if __name__ == "__main__":
    main()
