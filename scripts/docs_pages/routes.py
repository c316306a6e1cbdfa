"""The tables of routes in `docs/reference/api.md`; the words around them are written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from earmark.api.edge.app import create_app
from earmark.config import Settings

BEGIN, END = "<!-- routes: written by make docs -->", "<!-- end of routes -->"


def render_routes(page: Path) -> str:
    """Return the page with its tables made anew."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{_tables(create_app(Settings()).pages.openapi)}\n{END}{after}"


def _tables(openapi: dict[str, Any]) -> str:
    by_tag: dict[str, list[str]] = {}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            said = " ".join((operation.get("description") or operation["summary"]).split("\n\n")[0].split())
            row = f"| `{method.upper()} {path}` | {said.replace('|', chr(92) + '|')} |"
            by_tag.setdefault((operation.get("tags") or ["Other"])[0], []).append(row)
    tables = [f"### {tag}\n\n| route | does |\n|---|---|\n" + "\n".join(rows) for tag, rows in by_tag.items()]
    return "\n\n".join(tables) + "\n"
