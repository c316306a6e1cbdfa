"""Write the generated pages: `docs/openapi.json` and `docs/settings.md`. A test fails when they are stale."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

from earmark.api.app import create_app
from earmark.config import Settings

DOCS = Path(__file__).parent.parent / "docs"


def render_openapi() -> str:
    """Return the OpenAPI document as it is served."""
    return json.dumps(create_app(Settings()).fastapi.openapi(), indent=1, ensure_ascii=False) + "\n"


def render_settings() -> str:
    """Return a table of every setting, from the class that reads them and the strings under its fields."""
    meanings = dict(re.findall(r'^    (\w+): .*\n    """(.*?)"""', inspect.getsource(Settings), re.MULTILINE))
    lines = [
        "# Settings",
        "",
        "Each is an environment variable, or a line of the TOML file that `EARMARK_CONFIG` names (there without the",
        "prefix and in lower case). The environment wins. Written by `make docs` from `src/earmark/config.py`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, one in Settings.model_fields.items():
        default = "" if one.default is None else f"`{one.default}`"
        lines.append(f"| `EARMARK_{name.upper()}` | {default} | {meanings.get(name, '')} |")
    return "\n".join(lines) + "\n"


PAGES = {"openapi.json": render_openapi, "settings.md": render_settings}


def main() -> None:
    """Write the pages."""
    for name, render in PAGES.items():
        (DOCS / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
