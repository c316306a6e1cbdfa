"""What counting requests and safe headers cost: `python -m bench.trust`.

One process, the server's own HTTP protocol, and a connection that leads nowhere: processor time of the
sessions list from the bytes of a request to the bytes of its answer. What is compared takes turns, a hundred
requests at a time in random order, so that others on the machine hardly matter. Without the kernel's share
of a real connection the percentages are, if anything, too high.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bench.httpload import get
from bench.results import table, write_section
from bench.sites import Site, filled_sites
from earmark.api import app as app_module
from earmark.api.app import Edge, create_app

_NOTE = (
    "Of what limits cost, about a third each is the kernel's lock that makes them exact among processes, the three "
    "headers that tell of them, and the counting. The aim of 3 % is missed by about 3 µs a request."
)
_REQUEST = "/v1/ask/sessions?limit=20"
_BATCH = 100
_SHIPPED, _NO_LIMITS, _NO_HEADERS = "as shipped", "without limits", "without safe headers"


class _Nowhere(asyncio.Transport):
    """A connection that swallows what is written, and says when an answer has been."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2)})
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first = b""
        self._is_head = True

    def write(self, data: Any) -> None:
        self.first = self.first or bytes(data)
        if not self._is_head and not self.answered.done():
            self.answered.set_result(None)
        self._is_head = not self._is_head

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=150)
    asked = parser.parse_args()
    rows: list[list[str]] = []
    for database in ("sqlite", "postgresql"):
        with filled_sites(database, [1_000]) as (site,):
            spent = uvloop.run(_take_turns(site, asked.batches))
        for name, one in spent.items():
            rows.append([database, name, f"{one:.1f}", f"{(spent[_SHIPPED] / one - 1) * 100:+.1f} %"])
    header = ["database", "server", "processor time a request, µs (median)", "as shipped costs, over this"]
    write_section("What trust costs", "python -m bench.trust", f"{table(header, rows)}\n\n{_NOTE}")


async def _take_turns(site: Site, batches: int) -> dict[str, float]:
    edge = create_app(site.settings.model_copy(update={"rate_limit_overall": 1_000_000_000}))
    async with edge.fastapi.router.lifespan_context(edge.fastapi):
        assert edge.runtime is not None
        rates, headers = edge.runtime.rates, app_module.api_headers_for
        limits = dict(rates)

        def choose(name: str) -> None:
            rates.clear()
            rates.update({} if name == _NO_LIMITS else limits)
            app_module.api_headers_for = (lambda _: ()) if name == _NO_HEADERS else headers

        found = await _measure(edge, get(_REQUEST, site.key), choose, batches)
        choose(_SHIPPED)
    return found


async def _measure(edge: Edge, request: bytes, choose: Callable[[str], None], batches: int) -> dict[str, float]:
    """Return the median microseconds of processor time a request, by what was chosen."""
    names = [_SHIPPED, _NO_LIMITS, _NO_HEADERS]
    taken: dict[str, list[float]] = {name: [] for name in names}
    config = uvicorn.Config(edge, lifespan="off", access_log=False, server_header=False, log_level="critical")
    config.load()
    for number in range(batches + 5):
        for name in random.sample(names, len(names)):
            choose(name)
            started = time.process_time()
            for _ in range(_BATCH):
                await _ask(config, request)
            if number >= 5:
                taken[name].append((time.process_time() - started) / _BATCH * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


async def _ask(config: uvicorn.Config, request: bytes) -> None:
    transport = _Nowhere()
    protocol = HttpToolsProtocol(config, ServerState(), {})
    protocol.connection_made(transport)
    protocol.data_received(request)
    await transport.answered
    assert transport.first.startswith(b"HTTP/1.1 200"), transport.first
    protocol.connection_lost(None)


if __name__ == "__main__":
    main()
