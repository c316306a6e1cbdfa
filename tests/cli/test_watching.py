"""`earmark watch` as its user runs it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from tests.cli.transcripts import LAUNCH, PRICE, native
from tests.server import Place, wait_until
from tests.zygote import Forked

QUICK = ("--settle", "0.2", "--every", "0.05", "--json")


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_there_is_imported_once_and_what_fails_is_reported(desk: Place, project: str, tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "launch.json").write_text(native((0, LAUNCH)))
    (tmp_path / "broken.vtt").write_text("WEBVTT\n\nno times here")
    command = ("watch", str(tmp_path), "--project", project, "--end-user", "watcher", "--once", *QUICK)
    first = desk.cli(*command, check=False)
    assert first.returncode == 1
    by_name = {Path(one["file"]).name: one for one in lines_of(first.stdout)}
    assert by_name["launch.json"]["status"] == "imported"
    assert by_name["broken.vtt"]["status"] == "failed"
    (tmp_path / "broken.vtt").unlink()
    again = desk.cli(*command)
    assert again.stdout == ""
    listed = desk.cli("recordings", "list", "--project", project, "--end-user", "watcher", "--json").stdout
    assert len(lines_of(listed)) == 1


def test_what_arrives_while_it_runs_is_imported_and_ctrl_c_ends_it(desk: Place, project: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = tmp_path / "arriving"
    folder.mkdir()
    arguments = ["watch", str(folder), "--project", project, "--end-user", "arrivals", *QUICK]
    with out.open("w") as stdout:
        process = Forked(arguments, desk.environment, stdout=stdout, stderr=stdout)
    for name, said in (("launch.json", LAUNCH), ("price.json", PRICE)):
        (folder / name).write_text(native((0, said)))
        wait_until(lambda name=name: name in out.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert [one["status"] for one in lines_of(out.read_text())] == ["imported", "imported"]


def test_a_folder_that_is_none_is_refused_in_a_sentence(desk: Place, project: str, tmp_path: Path) -> None:
    refused = desk.cli("watch", str(tmp_path / "nowhere"), "--project", project, "--end-user", "x", check=False)
    assert refused.returncode == 1
    assert refused.stderr == f"earmark: {tmp_path / 'nowhere'} is not a folder.\n"
