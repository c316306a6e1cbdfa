"""Runs every bench in turn: `python -m bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHES = (
    "ingest",
    "sessions",
    "title_designs",
    "chat_search",
    "retrieval",
    "floor",
    "answers",
    "summaries",
    "search",
    "connections",
    "crash",
    "trust",
    "console",
    "load",
    "mcp",
    "mutations",
    "fuzz",
)


def main() -> None:
    """Run every bench."""
    for name in BENCHES:
        if (Path(__file__).parent / f"{name}.py").exists():
            print(f"== bench.{name}", flush=True)
            subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)


if __name__ == "__main__":
    main()
