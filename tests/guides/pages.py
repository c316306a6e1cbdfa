"""The fenced blocks of a page: commands, files and what they print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.meta.sources import REPOSITORY

DOCS = REPOSITORY / "docs"
SHELL, OUTPUT = "sh", "text"
_BLOCK = re.compile(r"(<!-- not run: (?P<why>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    text: str
    why_not_run: str | None


def blocks_of(page: Path) -> list[Block]:
    """Return a page's blocks in order."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(one["language"], one["text"], one["why"]) for one in found]


def missing_line(expected: str, printed: str) -> str | None:
    """Return the first line of `expected` that does not stand in `printed` after those before it; `…` is anything."""
    at = 0
    for line in expected.splitlines():
        wanted = r"[^\n]*".join(re.escape(piece) for piece in line.split("…"))
        found = re.compile(wanted).search(printed, at)
        if found is None:
            return line
        at = found.end()
    return None
