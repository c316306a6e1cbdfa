"""Measures the sessions list at every size, on both databases.

    python -m bench.sessions [--sizes 1000,…] [--database sqlite|postgresql|both] [--quick]

Latencies are measured inside the server, at the ASGI application, alternating between sizes; throughput over
loopback, alternating with a constant-bytes Starlette route of the same server.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop

from bench.chart import Series, write_chart
from bench.inside import DEPTH, Times, time_creates, time_sites
from bench.list_cases import DEEP, FILTERS, FIRST, FIRST_100, TITLES
from bench.outside import WRITES_PER_SECOND, Outside, time_outside
from bench.results import circumstances, table, write_section
from bench.sites import DATABASES, filled_sites

_LEAST_RATIO = {"sqlite": "≥ 0.5", "postgresql": "≥ 0.2"}
_DRAWN = {"first page": FIRST, "deep page of 100": DEEP, "q in half": "q in half", "q in three": "q in three"}

Row = tuple[str, str, str]


def p95(sorted_ms: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * 0.95))]


def _p95_p50(sorted_ms: Sequence[float]) -> str:
    return f"{p95(sorted_ms):.1f} ({statistics.median(sorted_ms):.1f})"


def _pages(sizes: Sequence[int], times: Sequence[Times]) -> Iterator[Row]:
    medians = [statistics.median(one[FIRST]) for one in times]
    for size, median in zip(sizes, medians, strict=True):
        yield f"first page, p50 at {size:,}", f"{median:.2f} ms", ""
    yield f"first page, p50 at {sizes[-1]:,} over {sizes[0]:,}", f"{medians[-1] / medians[0]:.2f}", "≤ 1.2"
    deep, first = (statistics.median(times[-1][name]) for name in (DEEP, FIRST_100))
    depth = min(DEPTH, sizes[-1] // 2)
    yield f"page at depth {depth:,} over first page (limit 100, {first:.2f} ms)", f"{deep / first:.2f}", "≤ 1.2"


def _outside(database: str, seen: Outside) -> Iterator[Row]:
    spread = f"{min(seen.ratios):.2f}–{max(seen.ratios):.2f}"
    yield (
        f"list requests a second ({seen.per_second:,.0f}) over a constant route's",
        f"{seen.ratio:.2f} ({spread})", _LEAST_RATIO[database],
    )  # fmt: skip
    yield (
        f"p99 with {seen.written_per_second:.0f} of {WRITES_PER_SECOND} writes a second over without",
        f"{seen.busy_ratio:.2f} ({seen.busy_p99_ms:.1f} / {seen.quiet_p99_ms:.1f} ms)", "≤ 3",
    )  # fmt: skip
    walked = " · ".join(f"{mb:.0f}" for mb in seen.walk_mb)
    yield "resident MB while a client walks all, twice: start, half of the first, most, end", walked, "flat"


def _render(database: str, sizes: Sequence[int], times: Sequence[Times], rest: Sequence[Row]) -> str:
    """Render one database's tables, with the targets."""
    largest = times[-1]
    rows = [*_pages(sizes, times)]
    rows += [(f"{case.name}, p95 (p50)", f"{_p95_p50(largest[case.name])} ms", "≤ 10") for case in FILTERS]
    asked = [
        (case.name, *(_p95_p50(largest[kind + case.name]) for kind in ("q ", "heavy q ")), "≤ 25") for case in TITLES
    ]
    return "\n\n".join(
        [
            f"{circumstances()} At {sizes[-1]:,} sessions of one project and as many of another, if not said otherwise.",
            table(("case", "measured", "aim"), [*rows, *rest]),
            table(("`q`, p95 (p50) in ms", "whole project", "the end user with a tenth", "aim"), asked),
        ]
    )


def run(database: str, sizes: Sequence[int], *, is_quick: bool) -> list[Series]:
    """Measure one database, write its section, and return its lines of the chart."""
    with filled_sites(database, sizes) as sites:
        times = uvloop.run(time_sites(sites, 5 if is_quick else 40))
        rest: list[Row] = []
        if not is_quick:
            rest += _outside(database, time_outside(sites[-1], 3.0))
            usual, filling = uvloop.run(time_creates(sites[-1]))
            rest.append(
                ("a new session, p50 · the one in 4,096 that indexes a block", f"{usual:.1f} · {filling:.0f} ms", "")
            )
    command = shlex.join(["python", "-m", "bench.sessions", *sys.argv[1:]])
    write_section(f"Sessions list on {database}", command, _render(database, sizes, times, rest))
    return [
        Series(
            f"{name}, {database}",
            [(size, statistics.median(one[case])) for size, one in zip(sizes, times, strict=True)],
            is_dashed=database != DATABASES[0],
        )
        for name, case in _DRAWN.items()
    ]


def main() -> None:
    """Measure and write the sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--quick", action="store_true", help="few samples, nothing over loopback, no picture")
    parser.add_argument("--picture", type=Path, default=Path("docs/sessions-latency.svg"), help="drawn for both only")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    databases = DATABASES if asked.database == "both" else (asked.database,)
    series = [line for database in databases for line in run(database, sizes, is_quick=asked.quick)]
    if asked.database == "both" and not asked.quick:
        write_chart(asked.picture, "Sessions list, p50 in the server: milliseconds against sessions", series)


if __name__ == "__main__":
    main()
