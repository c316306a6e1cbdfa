"""Writes the generated pages of `docs/`: openapi.json, settings.md, map.md. A test fails if they are stale."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from earmark.api.app import create_app
from earmark.config import ServerSettings, Settings, VendorSettings

DOCS = Path(__file__).parent.parent / "docs"


def render_openapi() -> str:
    """Return the served OpenAPI document."""
    return json.dumps(create_app(Settings()).fastapi.openapi(), indent=1, ensure_ascii=False) + "\n"


def render_settings() -> str:
    """Render a table of every setting, from the settings class and its field docstrings."""
    meanings = dict(_FIELD.findall(inspect.getsource(Settings)))
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
        if isinstance(one.default, VendorSettings):
            lines += _render_nested(name, one.default)
            continue
        default = "" if one.default is None else f"`{one.default}`"
        lines.append(f"| `EARMARK_{name.upper()}` | {default} | {meanings.get(name, '')} |")
    lines += ["", "Each server of `EARMARK_SERVERS` has, after `EARMARK_SERVERS__NAME__`:", "", *_SERVER_HEAD]
    meanings = dict(_FIELD.findall(inspect.getsource(VendorSettings) + inspect.getsource(ServerSettings)))
    for name, one in ServerSettings.model_fields.items():
        default = "" if one.default in (None, PydanticUndefined) else f"`{one.default}`"
        lines.append(f"| `{name.upper()}` | {default} | {meanings[name]} |")
    return "\n".join(lines) + "\n"


_FIELD = re.compile(r'^    (\w+): .*\n    """(.*?)"""', re.MULTILINE)
_SERVER_HEAD = ["| variable | default | meaning |", "|---|---|---|"]


def _render_nested(vendor: str, defaults: VendorSettings) -> list[str]:
    meanings = dict(_FIELD.findall(inspect.getsource(VendorSettings)))
    shown = []
    for name in VendorSettings.model_fields:
        value = getattr(defaults, name)
        default = "" if value is None else f"`{value}`"
        shown.append(f"| `EARMARK_{vendor.upper()}__{name.upper()}` | {default} | {meanings[name]} |")
    return shown


def render_map() -> str:
    """Render the tree, a line per module: the first sentence of its docstring."""
    lines = ["# Map", "", "Every module in a line, from its own docstring. Written by `make docs`.", ""]
    for root in ("src/earmark", "bench", "scripts", "tests"):
        folder = DOCS.parent / root
        for package in sorted({path.parent for path in folder.rglob("*.py")}):
            if "versions" in package.parts:
                continue
            lines += [f"## {package.relative_to(DOCS.parent)}", ""]
            lines += [f"- `{path.name}`: {_summary(path)}" for path in sorted(package.glob("*.py")) if _summary(path)]
            lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def _summary(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


PAGES = {"openapi.json": render_openapi, "settings.md": render_settings, "map.md": render_map}


def main() -> None:
    """Write the pages."""
    for name, render in PAGES.items():
        (DOCS / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
