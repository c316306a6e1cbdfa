"""The README's commands work as printed, pasted in order in an empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.server import Place, running

README = Path(__file__).parents[2] / "README.md"
INSTALLED = [
    'export PATH="$PWD/.venv/bin:$PATH"                       # in this folder',
    "mkdir -p ~/recordings && cd ~/recordings",
]
EARMARK = f'earmark() {{ "{sys.executable}" -m earmark "$@"; }}; '


def _paste(commands: str, place: Place, folder: Path) -> str:
    """Run commands in bash; return what they print."""
    done = subprocess.run(
        ["bash", "-ec", EARMARK + commands], env=place.environment, cwd=folder, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (commands, done.stdout, done.stderr)
    return done.stdout


def test_the_readmes_commands_work_in_order(fresh_place: Place, tmp_path: Path) -> None:
    """The first two lines put the installed command on the path and make the folder that the others run in."""
    first, second = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    commands = first.splitlines()
    assert commands.pop() == "earmark serve"
    assert commands[:2] == INSTALLED
    del commands[:2]
    assert len(commands) == 12
    shown = {command.partition("  #")[0].strip(): _paste(command, fresh_place, tmp_path) for command in commands}
    answer = shown['earmark ask "When did we move the launch?"']
    assert re.search(r"move the launch to June\.” \[meeting @ 00:0\d\]", answer)
    assert "price is too high" in shown['earmark search "who disagreed about the price"']
    assert "move the launch to June" in shown["earmark digest --since 7d"]
    assert "meeting" in shown["earmark recordings list"]
    with running(fresh_place) as server:
        listed = _paste(second.replace("http://127.0.0.1:8787", server.base_url), fresh_place, tmp_path)
    assert '"title":"When did we move the launch?","message_count":4' in listed
