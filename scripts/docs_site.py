"""Hooks of the site's build: pages from outside `docs/`, and links between all of them.

Links are written as they are right in the repository. Those to files that are not pages of the site (sources, data) become
plain text there.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from properdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "bench/RESULTS.md": "project/measurements.md",
}
"""File of the repository -> page of the site."""
_SCROLLED = '<div class="table" tabindex="0" role="group" aria-label="Table">'
_SOURCES = {page: source for source, page in OUTSIDE.items()}
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside `docs/`."""
    for source, page in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the page with its links as they are right on the site."""
    uri: str = page.file.src_uri
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found.group())
        return f"\0{len(held) - 1}\0"

    linked = _LINK.sub(lambda found: _linked(found, uri), _CODE.sub(hold, markdown))
    return re.sub(r"\0(\d+)\0", lambda found: held[int(found.group(1))], linked)


def on_page_content(html: str, **_: Any) -> str:
    """Return the page with code and tables that scroll by keyboard, and no heading cell without words."""
    html = html.replace("<pre>", '<pre tabindex="0">').replace("<th></th>", "<td></td>")
    return html.replace("<table>", f"{_SCROLLED}<table>").replace("</table>", "</table></div>")


def _linked(found: re.Match[str], uri: str) -> str:
    mark, text, target = found.groups()
    if ":" in target or target.startswith("#"):
        return found.group()
    path, hash_, anchor = target.partition("#")
    origin = _SOURCES.get(uri, f"docs/{uri}")
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
    page = OUTSIDE.get(wanted) or (wanted.removeprefix("docs/") if wanted.startswith("docs/") else None)
    if page is None:
        return str(text)
    return f"{mark}[{text}]({posixpath.relpath(page, posixpath.dirname(uri) or '.')}{hash_}{anchor})"
