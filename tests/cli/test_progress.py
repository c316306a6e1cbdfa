"""What a person sees on a terminal while files are imported and heard: how far it is, and how long it still takes."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.http.hearing import script
from tests.scripted_engine import AUDIO_START
from tests.server import Place, new_project

COMMAND = [sys.executable, "-m", "tests.hearing_earmark"]
NAME = "A call with everybody about the lanterns of the whole street, part one.m4a"
"""Longer than a terminal has room for beside a bar."""
_STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(place: Place, *arguments: str) -> str:
    """Run a command on a terminal; return all that it drew, without colours."""
    ours, theirs = pty.openpty()
    env = {**place.environment, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen([*COMMAND, *arguments], env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    drawn = b""
    with suppress(OSError):  # EIO: the command closed its side
        while piece := os.read(ours, 65_536):
            drawn += piece
    os.close(ours)
    assert process.wait(60) == 0, drawn.decode()
    return _STYLES.sub("", drawn.decode())


def test_importing_and_hearing_show_how_far_they_are_and_what_is_left(fresh_place: Place, tmp_path: Path) -> None:
    one = script(tmp_path)
    for chunk in one.chunks:
        chunk["pause_s"] = 1.5  # progress is looked at twice a second
    (tmp_path / NAME).write_bytes(AUDIO_START + one.audio)
    (tmp_path / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>We light the lantern.\n")
    files = [str(tmp_path / name) for name in (NAME, "talk.vtt")]
    whose = ("--project", new_project(fresh_place).id, "--end-user", "ada")
    drawn = on_a_terminal(fresh_place, "import", *files, *whose)
    assert re.search(r"importing .*[0-2]/2 +\d:\d\d:\d\d +(-:--:--|\d:\d\d:\d\d)", drawn), drawn
    hearing = re.findall(r"transcribing [^%]*? (\d+)% +(-:--:--|\d:\d\d:\d\d)", drawn)
    assert {"0", "33"} <= {share for share, _ in hearing}, drawn
    assert any(left != "-:--:--" for share, left in hearing if share not in ("0", "100")), drawn
    assert "transcribing A call" in drawn
    assert "Transcribed: 19 words in 00:12" in drawn


def test_no_bar_is_drawn_where_the_output_is_for_programs(fresh_place: Place, tmp_path: Path) -> None:
    (tmp_path / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>We light the lantern.\n")
    whose = ("--project", new_project(fresh_place).id, "--end-user", "ada")
    drawn = on_a_terminal(fresh_place, "import", str(tmp_path / "talk.vtt"), *whose, "--json")
    assert drawn.strip().startswith("{")
    assert "importing" not in drawn
