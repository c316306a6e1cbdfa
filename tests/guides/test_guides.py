"""The quick start and the guides do what they say: each is pasted, in order, into a shell in an empty folder.

A page's `sh` blocks are one shell session, its `python` blocks the file `ask.py`, its `js` blocks `ask.mjs` (`receiver.*` in that about webhooks). A `text` block is
what the block before it prints, `…` being anything. Blocks after a comment `not run` are not run, for its reason.
`earmark` is a quicker start of the same (`forked_earmark.py`); `tests/cli/test_readme.py` starts the installed command itself.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.guides import forked_earmark
from tests.guides.pages import DOCS, OUTPUT, SHELL, Block, blocks_of, missing_line
from tests.meta.sources import REPOSITORY
from tests.zygote import zygote_address

FILES = {"python": "ask.py", "js": "ask.mjs"}
RECEIVERS = {"python": "receiver.py", "js": "receiver.mjs"}
"""The files of the page about webhooks."""
SHOWN_ONLY = {"", "toml", "ini", "nginx", "sql", "json", OUTPUT}
PAGES = [DOCS / "quickstart.md", *sorted((DOCS / "guides").glob("*.md"))]
RUN = [page for page in PAGES if any(one.language == SHELL and not one.why_not_run for one in blocks_of(page))]
ABOUT_AN_INSTALLATION = {"embedders", "upgrade"}
"""Pages whose reader has an installation already."""
_MARK = "---- end of block ----"


def name_of(page: Path) -> str:
    return page.stem


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder for PATH with what a reader has installed; `browser/` has a browser in place of Node."""
    folder, python, root = tmp_path / "bin", shlex.quote(sys.executable), shlex.quote(str(REPOSITORY))
    programs = {
        "earmark": f"{python} -SE {shlex.quote(str(Path(forked_earmark.__file__)))}",
        "python": python,
        "python3": python,
        "browser/node": f"env PYTHONPATH={root} {python} -m tests.guides.node_in_chromium",
    }
    for name, command in programs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def paste(blocks: list[Block], path: str, folder: Path, *, before: str = "") -> list[str]:
    """Run the blocks in a shell that stops at the first command that fails; return what each printed.

    Args:
        before: commands that the reader has run on an earlier day.
    """
    port = str(free_port())
    folder.mkdir()
    forked = folder.with_name("forked")
    is_receiver = any("WEBHOOK_SECRET" in one.text for one in blocks)
    for language, file in (RECEIVERS if is_receiver else FILES).items():
        code = [one.text for one in blocks if one.language == language]
        (folder / file).write_text("\n".join(code).replace("8787", port), encoding="utf-8") if code else None
    run = [one.text for one in blocks if one.language == SHELL]
    script = f"set -euo pipefail\n{before}\n" + "".join(f"{text}\necho {shlex.quote(_MARK)}\n" for text in run)
    env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}", "EARMARK_PORT": port, "HOME": str(folder)}
    env |= {"ZYGOTE": zygote_address(), "FORKED": str(forked)}
    process = subprocess.Popen(
        ["bash", "-c", script.replace("8787", port)],
        cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        printed, said = process.communicate(timeout=180)
    finally:
        if process.returncode != 0:
            end_all(process.pid, forked)
    assert process.returncode == 0, (printed, said)
    return printed.split(f"{_MARK}\n")


def end_all(shell: int, forked: Path) -> None:
    """End what a script left running when it failed."""
    with suppress(ProcessLookupError):
        os.killpg(shell, signal.SIGKILL)
    for pid in forked.read_text().split() if forked.exists() else ():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def check(page: Path, path: str, folder: Path) -> None:
    """Paste a page and compare what it prints with what it shows."""
    blocks = [one for one in blocks_of(page) if one.why_not_run is None]
    before = "earmark setup --project-name Mine --person ada > /dev/null" if page.stem in ABOUT_AN_INSTALLATION else ""
    printed = paste(blocks, path, folder, before=before)
    done = -1
    for one in blocks:
        if one.language == SHELL:
            done += 1
        elif one.language == OUTPUT:
            missing = missing_line(one.text, printed[done])
            assert missing is None, f"{page.name} shows {missing!r}, but the command printed:\n{printed[done]}"


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_a_page_can_be_pasted_and_prints_what_it_shows(page: Path, commands: Path, tmp_path: Path) -> None:
    check(page, str(commands) if shutil.which("node") else f"{commands}:{commands}/browser", tmp_path / "empty")


def test_the_javascript_of_its_guide_runs_in_a_browser(commands: Path, tmp_path: Path) -> None:
    check(DOCS / "guides" / "api-javascript.md", f"{commands}/browser:{commands}", tmp_path / "empty")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_is_run_or_says_why_not(page: Path) -> None:
    known = {SHELL, *FILES, *SHOWN_ONLY}
    assert [one.language for one in blocks_of(page) if one.language not in known] == []
    unrun = [one for one in blocks_of(page) if one.language == SHELL and one.why_not_run]
    assert all(len(one.why_not_run or "") > 20 for one in unrun)


def test_the_quick_start_and_the_guides_by_task_are_run() -> None:
    wanted = {
        "quickstart",
        "import",
        "ask",
        "api-curl",
        "api-python",
        "api-javascript",
        "operate",
        "upgrade",
        "webhooks",
    }
    assert wanted <= {name_of(page) for page in RUN}


@pytest.mark.parametrize(
    ("expected", "printed", "missing"),
    [
        ("a…c\nd", "abc\nd\n", None),
        ("a\nd", "d\na\n", "d"),
        ("…\nx (1)", "more\nx (1)\n", None),
        ("x (2)", "x (1)\n", "x (2)"),
        ("a…c", "a\nc\n", "a…c"),
    ],
)
def test_shown_lines_are_looked_for_in_order(expected: str, printed: str, missing: str | None) -> None:
    assert missing_line(expected, printed) == missing
