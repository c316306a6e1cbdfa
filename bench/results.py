"""Writes `bench/RESULTS.md`: each bench replaces its own section, found by its heading."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

TITLE = "# Results"


def results_path() -> Path:
    """Return the file's path; `EARMARK_BENCH_RESULTS` overrides it."""
    return Path(os.environ.get("EARMARK_BENCH_RESULTS") or Path(__file__).with_name("RESULTS.md"))


def write_section(heading: str, command: str, body: str, *, path: Path | None = None) -> None:
    """Print a bench's section and replace the one with this heading, or append it."""
    section = f"## {heading}\n\n`{command}`\n\n{body.strip()}\n"
    print(section, flush=True)
    target = path or results_path()
    text = target.read_text(encoding="utf-8") if target.exists() else f"{TITLE}\n"
    sections = list(_split(text))
    found = [index for index, one in enumerate(sections) if one.split("\n", 1)[0].strip() == f"## {heading}"]
    if found:
        sections[found[0]] = section
    else:
        sections.append(section)
    whole = "\n".join(one.rstrip("\n") + "\n" for one in sections if one.strip())
    beside = target.with_suffix(".part")
    beside.write_text(whole, encoding="utf-8")
    beside.replace(target)


def _split(text: str) -> Iterator[str]:
    """Split at `## ` headings outside code: the text before the first, then each section."""
    lines: list[str] = []
    is_code = False
    for line in text.splitlines(keepends=True):
        is_code ^= line.startswith("```")
        if not is_code and line.startswith("## "):
            yield "".join(lines)
            lines = []
        lines.append(line)
    yield "".join(lines)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table with numbers right-aligned."""
    cells = [[str(cell) for cell in row] for row in rows]
    rules = ["---" if index == 0 else "---:" for index in range(len(header))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(header), rules, *cells])


def circumstances() -> str:
    """Return a line that says where and when this was measured."""
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({platform.machine()}), load {load:.1f}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}."
    )
