"""`earmark demo`: its printed commands work, and a second run reuses the first one's data."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.server import EARMARK, Place

_LAST_LINE = "Ctrl-C"


@dataclass
class Demo:
    """A running demo and what it printed."""

    text: str
    process: subprocess.Popen[str]

    @property
    def key(self) -> str:
        """The key it printed."""
        return str(re.findall(r"sk_test_\w+", self.text)[0])

    @property
    def address(self) -> str:
        """The server's URL."""
        return str(re.findall(r"http://[0-9.:]+", self.text)[0])

    @property
    def link(self) -> str:
        """The console's link."""
        return str(re.findall(r"http://\S+/console#code=\w+", self.text)[0])

    @property
    def link_command(self) -> str:
        """The command that prints another link."""
        return next(line.strip() for line in self.text.splitlines() if " console-link " in line)

    @property
    def hearing_command(self) -> str:
        """The command that transcribes a recording."""
        return next(line.strip() for line in self.text.splitlines() if " transcribe " in line)

    @property
    def commands(self) -> list[str]:
        """The commands to paste."""
        return [line.strip() for line in self.text.splitlines() if line.strip().startswith("curl")]


@contextmanager
def _demo(place: Place) -> Iterator[Demo]:
    process = subprocess.Popen(
        [*EARMARK, "demo", "--port", "0"],
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(_LAST_LINE):
            break
    try:
        yield Demo("".join(lines), process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _paste(command: str) -> tuple[int, Any]:
    """Run a printed command as it is, in bash; return the status and the JSON."""
    done = subprocess.run(
        ["bash", "-c", command + r" -w '\n%{http_code}'"], capture_output=True, text=True, timeout=60, check=True
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def _follow(link: str) -> httpx.Response:
    """Exchange the code in a link's fragment, like the console."""
    address, _, code = link.partition("/console#code=")
    return httpx.post(f"{address}/v1/console/sign-in", json={"code": code})


@dataclass
class Runs:
    """Two runs on the same data."""

    first: Demo
    second: Demo
    answers: list[tuple[int, Any]]
    recordings: list[dict[str, Any]]
    sound: httpx.Response
    sessions_after: Any
    status_of_first_key: int
    status_of_second_key: int
    signed_in: list[httpx.Response]
    signed_in_again: httpx.Response
    heard: str
    heard_transcript: dict[str, Any]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    place = Place(tmp_path_factory.mktemp("demo") / "earmark")
    with _demo(place) as first:
        answers = [_paste(command) for command in first.commands]
        signed_in = [_follow(first.link) for _ in range(2)]
        bare = {name: value for name, value in os.environ.items() if not name.startswith("EARMARK_")}
        linked, heard = (
            subprocess.run(["bash", "-c", one], env=bare, capture_output=True, text=True, check=True)
            for one in (first.link_command, first.hearing_command)
        )
        signed_in_again = _follow(linked.stdout.strip())
        with httpx.Client(base_url=first.address, headers={"Authorization": f"Bearer {first.key}"}) as client:
            recordings = client.get("/v1/recordings", params={"limit": 100}).json()["data"]
            cited = next(part for part in answers[1][1]["message"]["parts"] if part["type"] == "citation")
            url = client.get(f"/v1/recordings/{cited['recording_id']}/download-url").json()["download_url"]
            named = str(re.findall(r"rec_\w+", first.hearing_command)[0])
            made = client.get(f"/v1/recordings/{named}").json()["transcription_id"]
            transcript = client.get(f"/v1/transcriptions/{made}").json()
        sound = httpx.get(url, headers={"Range": "bytes=0-3"})
    with _demo(place) as second:
        url = f"{second.address}/v1/ask/sessions"
        _, sessions = _paste(second.commands[0])
        old, new = (
            httpx.get(url, headers={"Authorization": f"Bearer {demo.key}"}).status_code for demo in (first, second)
        )
    return Runs(
        first, second, answers, recordings, sound, sessions, old, new, signed_in, signed_in_again, heard.stdout,
        transcript,
    )  # fmt: skip


def test_the_demo_prints_three_commands(runs: Runs) -> None:
    assert len(runs.first.commands) == 3


def test_each_printed_command_answers_200_with_json(runs: Runs) -> None:
    assert [status for status, _ in runs.answers] == [200, 200, 200]


def test_the_printed_question_gets_a_cited_answer(runs: Runs) -> None:
    _, result = runs.answers[1]
    assert any(part["type"] == "citation" for part in result["message"]["parts"])


def test_the_printed_search_finds_something(runs: Runs) -> None:
    _, found = runs.answers[2]
    assert len(found["results"]) == 3


def test_a_citations_audio_can_be_downloaded(runs: Runs) -> None:
    assert (runs.sound.status_code, runs.sound.content) == (206, b"OggS")
    assert runs.sound.headers["content-type"] == "audio/ogg"


def test_every_recording_of_the_demo_has_its_audio(runs: Runs) -> None:
    assert len(runs.recordings) == 18
    assert {(len(one["media"]), one["status"]) for one in runs.recordings} == {(1, "completed")}


def test_a_second_run_reuses_the_data(runs: Runs) -> None:
    assert "already imported" not in runs.first.text
    assert "already imported" in runs.second.text
    asked = runs.answers[1][1]["session_id"]
    assert [row["id"] for row in runs.sessions_after["data"]] == [asked]


def test_a_second_run_creates_a_key_and_revokes_the_first(runs: Runs) -> None:
    assert runs.first.key != runs.second.key
    assert (runs.status_of_first_key, runs.status_of_second_key) == (401, 200)


def test_the_printed_link_signs_in_once(runs: Runs) -> None:
    assert [one.status_code for one in runs.signed_in] == [200, 401]
    assert runs.signed_in[0].json()["key"].startswith("sk_test_")


def test_the_printed_command_prints_another_link(runs: Runs) -> None:
    assert runs.signed_in_again.status_code == 200
    assert runs.signed_in_again.json()["key"].startswith("sk_test_")


def test_the_printed_command_transcribes_a_recording_of_the_demo(runs: Runs) -> None:
    assert runs.heard.startswith("Transcribed: ")
    assert runs.heard_transcript["engine"] == "moonshine-tiny-en"
    assert runs.heard_transcript["word_count"] > 400
    assert "walking home" in runs.heard_transcript["full_text"]


def test_ctrl_c_ends_the_demo_without_an_error(runs: Runs) -> None:
    assert runs.first.process.returncode in (0, 130)
