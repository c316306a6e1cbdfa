"""Compares designs for substring search in titles on SQLite: `python -m bench.title_designs`.

Each design stores the same titles of one tenant, newest first, and returns the newest 21 matches.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from bench import titles
from bench.results import write_section
from earmark.ask.sessions.title_index import BLOCK, _choose, _intersect, grams_of, index_block
from earmark.text import fold

COUNT = 200_000
WANTED = {
    "in half": titles.COMMON, "in three": titles.RARE, "in none": titles.ABSENT,
    "in none, common trigrams": titles.ABSENT_COMMON, "1 character, rare": titles.ONE_RARE, "CJK, rare": titles.CJK_RARE,
}  # fmt: skip
Search = Callable[[sqlite3.Connection, str], list[int]]


def scan(db: sqlite3.Connection, wanted: str) -> list[int]:
    """Scan titles in list order."""
    rows = db.execute("SELECT seq FROM titles WHERE instr(title, ?) > 0 ORDER BY seq DESC LIMIT 21", (wanted,))
    return [row[0] for row in rows]


def fts5(db: sqlite3.Connection, wanted: str) -> list[int]:
    """Search by FTS5 with its trigram tokenizer, which needs at least three characters."""
    if len(wanted) < 3:
        return scan(db, wanted)
    quoted = '"' + wanted.replace('"', '""') + '"'
    rows = db.execute("SELECT rowid FROM fts WHERE fts MATCH ? ORDER BY rowid DESC LIMIT 21", (quoted,))
    return [row[0] for row in rows]


def rows_of_grams(db: sqlite3.Connection, wanted: str) -> list[int]:
    """Search one row per trigram and title: candidates of the first trigram that have all others."""
    if len(wanted) < 3:
        return scan(db, wanted)
    first, *others = _choose(wanted)
    tests = "".join(" AND EXISTS (SELECT 1 FROM grams h WHERE h.gram = ? AND h.seq = g.seq)" for _ in others)
    words = (
        f"SELECT t.seq FROM grams g JOIN titles t ON t.seq = g.seq WHERE g.gram = ?{tests}"
        " AND instr(t.title, ?) > 0 ORDER BY g.seq DESC LIMIT 21"
    )
    return [row[0] for row in db.execute(words, (first, *others, wanted))]


def blocks(db: sqlite3.Connection, wanted: str) -> list[int]:
    """Search by the chosen design: a bounded scan, then packed blocks."""
    near = db.execute(
        "SELECT seq FROM (SELECT seq, title FROM titles ORDER BY seq DESC LIMIT 1000) WHERE instr(title, ?) > 0 LIMIT 21",
        (wanted,),
    ).fetchall()
    if len(near) == 21:
        return [row[0] for row in near]
    if len(wanted) < 3:
        end = wanted + "\U0010ffff"
        rows = db.execute(
            "SELECT gram, block, offsets FROM blocks WHERE gram >= ? AND gram < ?", (wanted, end)
        ).fetchall()
        found = _intersect(rows, 1, COUNT)
    else:
        grams = _choose(wanted)
        marks = ", ".join("?" * len(grams))
        rows = db.execute(f"SELECT gram, block, offsets FROM blocks WHERE gram IN ({marks})", grams).fetchall()
        found = _intersect(rows, len(grams), COUNT)
    found += list(range(COUNT // BLOCK * BLOCK, COUNT))
    marks = ", ".join(map(str, found))
    words = f"SELECT seq FROM titles WHERE seq IN ({marks}) AND instr(title, ?) > 0 ORDER BY seq DESC LIMIT 21"
    return [row[0] for row in db.execute(words, (wanted,))]


def fill(db: sqlite3.Connection) -> dict[str, float]:
    """Write all designs; return the megabytes that each adds."""
    make = titles.make_titler(COUNT, Random(4))
    made = [(seq, fold(make(seq))) for seq in range(COUNT)]
    sizes: dict[str, float] = {}

    def added(name: str, work: Callable[[], object]) -> None:
        before = _size(db)
        work()
        db.commit()
        sizes[name] = (_size(db) - before) / 1e6

    db.execute("CREATE TABLE titles (seq INTEGER PRIMARY KEY, title TEXT)")
    added("titles", lambda: db.executemany("INSERT INTO titles VALUES (?, ?)", made))
    db.execute("CREATE VIRTUAL TABLE fts USING fts5(title, content='titles', content_rowid='seq', tokenize='trigram')")
    added("fts5", lambda: db.execute("INSERT INTO fts(fts) VALUES ('rebuild')"))
    db.execute("CREATE TABLE grams (gram TEXT, seq INTEGER, PRIMARY KEY (gram, seq)) WITHOUT ROWID")
    pairs = ((gram, seq) for seq, title in made for gram in sorted(grams_of(title)))
    added("rows", lambda: db.executemany("INSERT INTO grams VALUES (?, ?)", pairs))
    db.execute("CREATE TABLE blocks (gram TEXT, block INTEGER, offsets BLOB, PRIMARY KEY (gram, block)) WITHOUT ROWID")
    full = [made[first : first + BLOCK] for first in range(0, COUNT - BLOCK + 1, BLOCK)]
    packed = [(gram, at, offsets) for at, part in enumerate(full) for gram, offsets in index_block(part).items()]
    added("blocks", lambda: db.executemany("INSERT INTO blocks VALUES (?, ?, ?)", packed))
    return sizes


def _size(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0])


def main() -> None:
    """Measure and print."""
    designs: dict[str, Search] = {"scan": scan, "fts5": fts5, "rows": rows_of_grams, "blocks": blocks}
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "titles.db")
        sizes = fill(db)
        lines = [
            f"{COUNT:,} titles ({sizes['titles']:.0f} MB); median of 9, in milliseconds.", "",
            "| text | " + " | ".join(designs) + " |", "|---|" + "---|" * len(designs),
        ]  # fmt: skip
        for name, wanted in WANTED.items():
            expected = scan(db, fold(wanted))
            cells = []
            for search in designs.values():
                assert search(db, fold(wanted)) == expected, (name, search)
                cells.append(f"{statistics.median(_time(db, search, fold(wanted)) for _ in range(9)):.2f}")
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        added = ["–", *(f"{sizes[name]:.0f} MB" for name in ("fts5", "rows", "blocks"))]
        lines.append("| added to the file | " + " | ".join(added) + " |")
        db.close()
    write_section("Designs of title search", "python -m bench.title_designs", "\n".join(lines))


def _time(db: sqlite3.Connection, search: Search, wanted: str) -> float:
    started = time.perf_counter()
    search(db, wanted)
    return (time.perf_counter() - started) * 1_000


if __name__ == "__main__":
    main()
