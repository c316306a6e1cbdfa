"""The README's commands work as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.server import Place, new_project

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_commands_work_in_order(fresh_place: Place, tmp_path: Path) -> None:
    block = re.search(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    commands = [line for line in block.group(1).splitlines() if line != "earmark serve"]
    assert len(commands) == 9
    (tmp_path / "meeting.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>We move the launch to June.\n")
    (tmp_path / "call.json").write_text('{"segments":[{"start":0,"end":2,"text":"The price is too high."}]}')
    (tmp_path / "notes.txt").write_text("Grace: I disagree about the price.\n")
    project = new_project(fresh_place).id
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", f'earmark() {{ "{sys.executable}" -m earmark "$@"; }}; {command}'],
            env={**fresh_place.environment, "PROJECT": project},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if " ask " in command:
            assert "We move the launch to June.” [meeting @ 00:01]" in done.stdout
        if " search " in command:
            assert "price" in done.stdout
