"""Prints one summary of `make test`: what failed in any of its streams, their times, and the slowest tests.

Usage: python scripts/summarize_tests.py FOLDER STREAM=STATUS...
FOLDER holds each stream's `STREAM.xml` (pytest's --junitxml) and `STREAM.log` (its output); STATUS is its exit status;
`STREAM-again.xml` tells how those of its tests that failed ended when `rerun_failed_tests.py` ran them alone.
Exits with 1 if a stream failed, wrote no report that can be read, or ran no test. Tests that passed alone are named as
unsteady, with the traceback of their failure, and fail nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

OUTCOMES = ("passed", "failed", "errors", "skipped")
_OUTCOME_OF_TAG = {"failure": "failed", "error": "errors", "skipped": "skipped"}
_SLOWEST = 10
_LOG_LINES = 60


@dataclass(frozen=True)
class Case:
    """One test of one stream; `details` is the traceback and what the test printed, if it failed."""

    stream: str
    name: str
    outcome: str
    time_s: float
    details: str
    is_unsteady: bool = False
    """Whether it failed beside the other streams and passed when it was run once more, alone."""

    @property
    def is_bad(self) -> bool:
        return self.outcome in ("failed", "errors")


@dataclass(frozen=True)
class Stream:
    """What one run of pytest did; no `cases` if its report is missing or cut off."""

    name: str
    status: int
    time_s: float
    cases: tuple[Case, ...]

    @property
    def is_bad(self) -> bool:
        # Of pytest's statuses, 1 says that tests failed; if each of those passed when run again, nothing failed.
        has_failed = self.status != 0 and not (self.status == 1 and any(case.is_unsteady for case in self.cases))
        return has_failed or not self.cases or any(case.is_bad for case in self.cases)

    @property
    def is_unexplained(self) -> bool:
        """Whether the stream failed although none of its tests did: only its output says why."""
        return self.is_bad and not any(case.is_bad for case in self.cases)


def read_stream(folder: Path, name: str, status: int) -> Stream:
    """Read a stream's report, and that of what was run again of it."""
    time_s, cases = _read_report(folder / f"{name}.xml", name)
    again = _read_report(folder / f"{name}-again.xml", name)[1]
    steady = {case.name for case in again if case.outcome == "passed"} - {case.name for case in again if case.is_bad}
    judged = (
        replace(case, outcome="passed", is_unsteady=True) if case.is_bad and case.name in steady else case
        for case in cases
    )
    return Stream(name, status, time_s, tuple(judged))


def _read_report(path: Path, stream: str) -> tuple[float, tuple[Case, ...]]:
    """Return how long the tests of a report took, and how each ended; none if it is missing or cut off."""
    try:
        suite = ElementTree.parse(path).getroot().find("testsuite")
    except (OSError, ElementTree.ParseError):
        suite = None
    if suite is None:
        return 0, ()
    return float(suite.get("time", 0)), tuple(_read_case(stream, element) for element in suite.iter("testcase"))


def _read_case(stream: str, element: ElementTree.Element) -> Case:
    """Read one test; where it failed and its teardown did too, pytest writes two."""
    bad = [child for child in element if child.tag in ("failure", "error")]
    skipped = [child for child in element if child.tag == "skipped"]
    outcome = _OUTCOME_OF_TAG[(bad or skipped)[0].tag] if bad or skipped else "passed"
    texts = [child.text or child.get("message", "") for child in bad]
    if bad:
        texts += [child.text or "" for child in element if child.tag in ("system-out", "system-err")]
    name = "::".join(part for part in (element.get("file"), element.get("name")) if part)
    return Case(stream, name, outcome, float(element.get("time", 0)), "\n".join(text.strip("\n") for text in texts))


def render(folder: Path, streams: list[Stream]) -> str:
    """Return the failures' tracebacks, then the summary."""
    cases = [case for stream in streams for case in stream.cases]
    bad = [case for case in cases if case.is_bad]
    unsteady = [case for case in cases if case.is_unsteady]
    lines = [f"{_rule(f'{case.name} ({case.stream})')}\n{case.details}" for case in [*unsteady, *bad]]
    lines += [_last_lines(folder, stream) for stream in streams if stream.is_unexplained]
    lines += [_rule("slowest tests")]
    slowest = sorted(cases, key=lambda case: -case.time_s)[:_SLOWEST]
    lines += [f"{case.time_s:8.1f} s  {case.name} ({case.stream})" for case in slowest]
    lines += [_rule("summary"), *map(_stream_line, streams)]
    lines += [f"UNSTEADY {case.name} ({case.stream}): failed beside the others, passed alone" for case in unsteady]
    lines += [f"{'FAILED' if case.outcome == 'failed' else 'ERROR'} {case.name} ({case.stream})" for case in bad]
    return "\n".join([*lines, _totals(cases)])


def _rule(title: str) -> str:
    return f" {title} ".center(120, "=")


def _last_lines(folder: Path, stream: Stream) -> str:
    log = folder / f"{stream.name}.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    reason = f"{stream.name} ended with status {stream.status}, none of its tests failed; the end of its output"
    return "\n".join([_rule(reason), *lines[-_LOG_LINES:]])


def _stream_line(stream: Stream) -> str:
    said = _totals(stream.cases) if stream.cases else "no report of its tests"
    return f"{stream.name + ':':12} {stream.time_s:6.0f} s  {said}" + (" (FAILED)" if stream.is_bad else "")


def _totals(cases: list[Case] | tuple[Case, ...]) -> str:
    counts = Counter(case.outcome for case in cases)
    return ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in OUTCOMES)


def main(folder: Path, statuses: list[str]) -> int:
    """Print the summary; return the exit status."""
    named = [one.split("=", 1) for one in statuses]
    streams = [read_stream(folder, name, int(status)) for name, status in named]
    sys.stdout.write(render(folder, streams) + "\n")
    return int(not streams or any(stream.is_bad for stream in streams))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
