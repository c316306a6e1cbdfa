"""`earmark import` of audio and `earmark transcribe`, with an engine that follows a script."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from earmark.cli.transcribing import transcribe_here
from earmark.identity.projects import get_tenant
from earmark.library.types import Transcription
from earmark.runtime import Runtime
from earmark.speech.types import Asked
from tests.cli.test_cli import json_lines
from tests.http.hearing import Script, hearing, script
from tests.scripted_engine import AUDIO_START
from tests.server import Place, ProjectKeys, new_project, wait_until

COMMAND = [sys.executable, "-m", "tests.hearing_earmark"]


@pytest.fixture
def project(fresh_place: Place) -> ProjectKeys:
    return new_project(fresh_place)


def _earmark(place: Place, *arguments: str, code: int = 0) -> str:
    """Run a command whose engines follow scripts; return what it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments], env=place.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def _file(folder: Path, one: Script, name: str = "call.m4a") -> str:
    (folder / name).write_bytes(AUDIO_START + one.audio)
    return str(folder / name)


def test_imported_audio_is_transcribed_and_can_be_asked(
    fresh_place: Place, project: ProjectKeys, tmp_path: Path
) -> None:
    file = _file(tmp_path, script(tmp_path))
    whose = ("--project", project.id, "--end-user", "ada")
    (line,) = json_lines(_earmark(fresh_place, "import", file, *whose, "--json"))
    assert (line["file"], line["status"]) == (file, "imported")
    assert line["transcription"]["status"] == "completed"
    assert line["transcription"]["duration_ms"] == 12_000
    assert "forty euros" in _earmark(fresh_place, "ask", "What does it cost?", *whose)
    (again,) = json_lines(_earmark(fresh_place, "import", file, *whose, "--json"))
    assert again == {"file": file, "status": "skipped", "recording_id": line["recording_id"]}


def test_one_file_that_cannot_be_heard_does_not_stop_the_others(
    fresh_place: Place, project: ProjectKeys, tmp_path: Path
) -> None:
    silent = script(tmp_path, ["", ""], name="silent")
    files = [_file(tmp_path, silent, "silent.wav"), _file(tmp_path, script(tmp_path), "talk.mov")]
    shown = _earmark(fresh_place, "import", *files, "--project", project.id, "--end-user", "ada", code=1)
    assert "Not transcribed: Nobody speaks in the audio." in shown
    assert "Transcribed: 19 words in 00:12, by moonshine-tiny-en." in shown


def test_a_recording_is_transcribed_again_by_command(fresh_place: Place, project: ProjectKeys, tmp_path: Path) -> None:
    file = _file(tmp_path, script(tmp_path))
    whose = ("--project", project.id, "--end-user", "ada", "--json")
    (line,) = json_lines(_earmark(fresh_place, "import", file, *whose, "--no-transcribe"))
    assert "transcription" not in line
    asked = ("transcribe", line["recording_id"], "--project", project.id, "--json")
    (made,) = json_lines(_earmark(fresh_place, *asked))
    assert (made["status"], made["engine"], made["recording_id"]) == (
        "completed", "moonshine-tiny-en", line["recording_id"])  # fmt: skip
    (new,) = json_lines(_earmark(fresh_place, *asked, "--provider", "deepgram"))
    assert new["engine"] == "deepgram/nova"
    assert new["transcription_id"] != made["transcription_id"]


def test_an_engine_that_crashes_again_and_again_ends_the_command_without_a_server(
    fresh_place: Place, project: ProjectKeys, tmp_path: Path
) -> None:
    audio = script(tmp_path)
    audio.chunks[1]["does"] = "crash"
    whose = ("--project", project.id, "--end-user", "ada", "--json")
    (line,) = json_lines(_earmark(fresh_place, "import", _file(tmp_path, audio), *whose, code=1))
    assert line["transcription"]["status"] == "failed"
    assert line["transcription"]["error"] == "The speech engine stopped repeatedly."
    assert audio.heard() == [0]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--language", "de"), 1, "transcribes en only"),
        (("--provider", "elevenlabs"), 1, "No engine is configured for the provider elevenlabs."),
        (("--provider", "nobody"), 2, "--provider must be one of"),
    ],
)
def test_what_no_engine_does_is_refused_in_one_sentence(
    fresh_place: Place, project: ProjectKeys, tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    file = _file(tmp_path, script(tmp_path))
    whose = ("--project", project.id, "--end-user", "ada", "--json", "--no-transcribe")
    (line,) = json_lines(_earmark(fresh_place, "import", file, *whose))
    done = subprocess.run(
        [*COMMAND, "transcribe", line["recording_id"], "--project", project.id, *options],
        env=fresh_place.environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_transcription_that_a_server_makes_is_followed_to_its_end(
    fresh_place: Place, project: ProjectKeys, tmp_path: Path
) -> None:
    one = script(tmp_path, waits_at=1)
    whose = ("--project", project.id, "--end-user", "ada", "--json")
    (line,) = json_lines(_earmark(fresh_place, "import", _file(tmp_path, one), *whose, "--no-transcribe"))
    with hearing(fresh_place) as server, server.client(project.live) as client:
        client.post("/v1/transcriptions", json={"recording_id": line["recording_id"]})
        wait_until(lambda: len(one.heard()) == 1)

        async def follow(runtime: Runtime) -> Transcription:
            tenant = await get_tenant(runtime.operator, project.id, "live")
            return await transcribe_here(runtime, tenant, line["recording_id"], Asked(), lambda share: one.open())

        assert fresh_place.run(follow).status == "completed"
    assert one.heard() == [0, 4_000, 8_000]


def test_imported_audio_waits_for_the_engine_of_a_busy_server_and_says_so(
    fresh_place: Place, project: ProjectKeys, tmp_path: Path
) -> None:
    """One engine runs on a machine, whoever starts it."""
    busy, mine = script(tmp_path, waits_at=1, name="busy"), script(tmp_path, name="mine")
    whose = ("--project", project.id, "--end-user", "ada", "--json")
    (line,) = json_lines(_earmark(fresh_place, "import", _file(tmp_path, busy, "busy.m4a"), *whose, "--no-transcribe"))
    with hearing(fresh_place) as server, server.client(project.live) as client:
        client.post("/v1/transcriptions", json={"recording_id": line["recording_id"]})
        wait_until(lambda: len(busy.heard()) == 1)
        command = [*COMMAND, "import", _file(tmp_path, mine), *whose]
        with subprocess.Popen(
            command, env=fresh_place.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as importing:
            assert importing.stdout is not None
            assert importing.stderr is not None
            said = importing.stderr.readline()
            assert said.startswith("Waiting for another transcription to end"), said
            assert mine.notes() == []
            busy.open()
            printed = importing.stdout.read()
            assert importing.stderr.read() == ""
    (line,) = json_lines(printed)
    assert line["transcription"]["status"] == "completed"
    assert mine.heard() == [0, 4_000, 8_000]
    assert busy.heard() == [0, 4_000, 8_000]


def test_imported_audio_waits_for_a_transcription_of_another_command_where_no_server_runs(
    fresh_place: Place, project: ProjectKeys, tmp_path: Path
) -> None:
    busy, mine = script(tmp_path, waits_at=1, name="busy"), script(tmp_path, name="mine")
    whose = ("--project", project.id, "--end-user", "ada", "--json")
    first = [*COMMAND, "import", _file(tmp_path, busy, "busy.m4a"), *whose]
    second = [*COMMAND, "import", _file(tmp_path, mine), *whose]
    with subprocess.Popen(first, env=fresh_place.environment, stdout=subprocess.PIPE) as importing, ExitStack() as ends:
        ends.callback(busy.open)
        wait_until(lambda: len(busy.heard()) == 1)
        with subprocess.Popen(
            second, env=fresh_place.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as waiting:
            assert waiting.stderr is not None
            assert waiting.stderr.readline().startswith("Waiting for another transcription to end")
            assert mine.notes() == []
            busy.open()
            assert importing.wait(60) == 0
            assert waiting.wait(60) == 0
    assert mine.heard() == [0, 4_000, 8_000]
