"""`bench/RESULTS.md`: each bench owns one section, found by its heading; the rest of the file is left as it is."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

TITLE = "# Results"


def results_path() -> Path:
    """Return the file; `EARMARK_BENCH_RESULTS` names another one."""
    return Path(os.environ.get("EARMARK_BENCH_RESULTS") or Path(__file__).with_name("RESULTS.md"))


def write_section(heading: str, command: str, body: str, *, path: Path | None = None) -> None:
    """Print a bench's section, and put it into the file in place of the one of this heading, or at its end."""
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
    """Yield what stands before the first `## ` heading, then each section; headings in code don't count."""
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
    """Return a Markdown table; numbers stand right."""
    cells = [[str(cell) for cell in row] for row in rows]
    rules = ["---" if index == 0 else "---:" for index in range(len(header))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(header), rules, *cells])


def circumstances() -> str:
    """Say in a line where and when this was measured."""
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({platform.machine()}), load {load:.1f}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}."
    )
