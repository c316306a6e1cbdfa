"""What counting requests and safe headers cost: `python -m bench.trust`.

Three servers on one database take turns; each one's processor time is read from the kernel, so that others
on the machine hardly matter. Per request of the sessions list, HTTP included.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.httpload import get, measure
from bench.results import table, write_section
from bench.server import serving
from bench.sites import filled_sites

_TICKS = os.sysconf("SC_CLK_TCK")
_PATH = "/v1/ask/sessions?limit=20"
_VARIANTS = {
    "as shipped": {},
    "without limits": {"EARMARK_RATE_LIMIT_OVERALL": "0"},
    "without safe headers": {"BENCH_WITHOUT_HEADERS": "1"},
}


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1.0)
    asked = parser.parse_args()
    with filled_sites("sqlite", [1_000]) as (site,), _servers(site.environment) as servers:
        spent = _take_turns(servers, get(_PATH, site.key), asked.rounds, asked.seconds)
    shipped = spent["as shipped"]
    rows = [[name, f"{one:.1f}", f"{(shipped / one - 1) * 100:+.1f} %"] for name, one in spent.items()]
    header = ["server", "processor time a request, µs", "as shipped costs, over this"]
    write_section("What trust costs", "python -m bench.trust", table(header, rows))


@contextmanager
def _servers(environment: dict[str, str]) -> Iterator[dict[str, tuple[int, int]]]:
    with ExitStack() as stack:
        constant = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "constant"
        constant.write_bytes(b"{}")
        yield {name: stack.enter_context(serving({**environment, **env}, constant)) for name, env in _VARIANTS.items()}


def _take_turns(servers: dict[str, tuple[int, int]], request: bytes, rounds: int, seconds: float) -> dict[str, float]:
    """Return microseconds of processor time a request, by server; the first round warms up."""
    ticks, requests = dict.fromkeys(servers, 0), dict.fromkeys(servers, 0)
    for number in range(rounds + 1):
        for name, (port, pid) in servers.items():
            before = _cpu_ticks(pid)
            measured = measure(port, [request], seconds=seconds)
            assert set(measured.statuses) == {200}, measured.statuses
            if number:
                ticks[name] += _cpu_ticks(pid) - before
                requests[name] += len(measured.latencies_ms)
    return {name: ticks[name] / _TICKS / requests[name] * 1e6 for name in servers}


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    main()
