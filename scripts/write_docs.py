"""Write the pages of `docs/` that are generated from the program (`PAGES`). A test fails when they are stale."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from earmark.api.edge.app import create_app  # noqa: E402
from earmark.config import Settings  # noqa: E402
from scripts.docs_pages.commands import render_commands  # noqa: E402
from scripts.docs_pages.errors import render_errors  # noqa: E402
from scripts.docs_pages.routes import render_routes  # noqa: E402
from scripts.docs_pages.settings import render_settings  # noqa: E402

DOCS = ROOT / "docs"
ROOMS = (
    "api", "cli", "mcp", "console", "runtime", "processing", "sharing", "oauth", "oidc", "webhooks", "summaries", "ask", "imports", "speech",
    "corrections", "answers", "llm", "retrieval", "media", "library", "transcripts", "idempotency", "limits", "identity",
    "jobs", "storage", "outbound", "computing", "config",
)  # fmt: skip
"""Top to bottom, as they stand in the drawing."""


def render_openapi() -> str:
    """Return the served OpenAPI document."""
    return json.dumps(create_app(Settings()).pages.openapi, indent=1, ensure_ascii=False) + "\n"


def render_map() -> str:
    """Render the drawing, a paragraph per room from its package's docstring, and the tree, a line per module."""
    lines = [(ROOT / "scripts/docs_pages/rooms.md").read_text(encoding="utf-8").rstrip(), ""]
    for room in ROOMS:
        docstring = ast.get_docstring(ast.parse((ROOT / f"src/earmark/{room}/__init__.py").read_text("utf-8"))) or ""
        lines += [f"**{room}/** " + " ".join(docstring.split()), ""]
    lines += ["## Modules", "", "Every module in a line, from its own docstring. Written by `make docs`.", ""]
    for root in ("src/earmark", "bench", "scripts", "tests"):
        folder = DOCS.parent / root
        for package in sorted({path.parent for path in folder.rglob("*.py")}):
            if "versions" in package.parts:
                continue
            lines += [f"### {package.relative_to(DOCS.parent)}", ""]
            lines += [f"- `{path.name}`: {_summary(path)}" for path in sorted(package.glob("*.py")) if _summary(path)]
            lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def _summary(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def render_decisions() -> str:
    """Return the list of decisions, newest first, by the title of each."""
    lines = [
        "# Decisions",
        "",
        "What was chosen, against what, and the numbers, newest first. Written by `make docs`.",
        "",
    ]
    for path in sorted((DOCS / "decisions").glob("20*.md"), reverse=True):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- {path.name[:10]}: [{title}]({path.name})")
    return "\n".join(lines) + "\n"


PAGES = {
    "openapi.json": render_openapi,
    "map.md": render_map,
    "decisions/index.md": render_decisions,
    "reference/settings.md": render_settings,
    "reference/cli.md": render_commands,
    "reference/errors.md": render_errors,
    "reference/api.md": lambda: render_routes(DOCS / "reference" / "api.md"),
}


def main(*names: str) -> None:
    """Write the pages, or only the named ones."""
    for name in names or PAGES:
        render = PAGES[name]
        (DOCS / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
