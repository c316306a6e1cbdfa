"""Benches still run; what they measure is not judged here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.results import write_section

ROOT = Path(__file__).parents[2]


def test_sessions_bench_quick_writes_its_section(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    done = subprocess.run(
        [sys.executable, "-m", "bench.sessions", "--quick", "--sizes", "200,400", "--database", "sqlite"],
        cwd=ROOT,
        env={**os.environ, "EARMARK_BENCH_RESULTS": str(results)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = results.read_text(encoding="utf-8")
    assert "## Sessions list on sqlite\n" in text
    assert "| first page, p50 at 400 over 200 |" in text
    assert "| in none, common trigrams |" in text


def test_write_section_replaces_its_own_and_keeps_others(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    results.write_text("# Results\n\n## Theirs\n\n```\n## not a heading\n```\n\n## Mine\n\nold\n\n## Last\n\nkept\n")
    write_section("Mine", "python -m bench.mine", "new", path=results)
    write_section("New", "python -m bench.new", "first", path=results)
    assert results.read_text() == (
        "# Results\n\n## Theirs\n\n```\n## not a heading\n```\n\n## Mine\n\n`python -m bench.mine`\n\nnew\n"
        "\n## Last\n\nkept\n\n## New\n\n`python -m bench.new`\n\nfirst\n"
    )
