"""What tests of transcriptions share: scripts that stand for audio, and shorthand for their way through the API."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from earmark.jobs import outbox
from earmark.jobs.queue import list_jobs
from earmark.jobs.types import Job
from earmark.runtime import Runtime
from tests.http.conftest import Library
from tests.server import Place, Server, running, wait_until

COMMAND = [sys.executable, "-m", "tests.hearing_server"]
LINES = ["We harvest the honey on Friday.", "The price stays at forty euros.", "Ada takes the jars to the market."]
_MS = 4_000


@contextmanager
def hearing(place: Place, **env: Any) -> Iterator[Server]:
    """Run a server whose engines follow scripts."""
    with running(place, command=COMMAND, **env) as one:
        yield one


@dataclass
class Script:
    """ "Audio": what the scripted engine says, when, and what it noted of it."""

    folder: Path
    chunks: list[dict[str, Any]]
    more: dict[str, Any] = field(default_factory=dict)
    name: str = "one"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def gate(self) -> Path:
        return self.folder / f"{self.name}.gate"

    @property
    def audio(self) -> bytes:
        return json.dumps({"log": str(self.log), "chunks": self.chunks, **self.more}).encode()

    def open(self) -> None:
        """Let the engine go on."""
        self.gate.touch()

    def notes(self) -> list[dict[str, Any]]:
        with suppress(FileNotFoundError):
            return [json.loads(line) for line in self.log.read_text().splitlines()]
        return []

    def heard(self) -> list[int]:
        """Return the starts of all chunks that an engine heard, in any process."""
        return [one["heard_ms"] for one in self.notes() if "heard_ms" in one]

    def children(self) -> list[int]:
        """Return the engines' processes that live."""
        return [pid for pid in {one["pid"] for one in self.notes()} if _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def script(
    folder: Path, texts: Sequence[str] = LINES, *, waits_at: int | None = None, name: str = "one", **more: Any
) -> Script:
    """Return a script that says these lines; it waits for its gate before line `waits_at`."""
    made = Script(folder, [{"ms": _MS, "text": text} for text in texts], more, name)
    if waits_at is not None:
        made.chunks[waits_at]["gate"] = str(made.gate)
    return made


@dataclass
class Desk:
    """One caller of a server."""

    server: Server
    client: httpx.Client

    @property
    def library(self) -> Library:
        return Library(self.client)

    def upload(self, audio: bytes, user: str | None = None, recording: str | None = None) -> str:
        """Upload "audio" as a new recording's, or as that of one that is there; return the recording's id."""
        recording = recording or self.library.recording(user or self.library.user())
        begun = self.client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"}).json()
        assert httpx.put(begun["upload_url"], content=audio, headers=begun["headers"]).status_code == 200
        done = self.client.post(f"/v1/recordings/{recording}/upload-complete")
        assert done.json()["status"] == "uploaded", done.text
        return recording

    def transcribe(self, recording: str, **asked: Any) -> dict[str, Any]:
        answer = self.client.post("/v1/transcriptions", json={"recording_id": recording, **asked})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def get(self, transcription: str, **query: str) -> dict[str, Any]:
        answer = self.client.get(f"/v1/transcriptions/{transcription}", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def recording(self, recording: str) -> dict[str, Any]:
        return dict(self.client.get(f"/v1/recordings/{recording}").json())

    def recording_of(self, transcription: str) -> str:
        return str(self.get(transcription)["recording_id"])

    def listed(self, recording: str) -> list[tuple[str, str]]:
        rows = self.client.get("/v1/transcriptions", params={"recording_id": recording}).json()["data"]
        return [(row["id"], row["status"]) for row in rows]

    def until(self, transcription: str, *states: str) -> dict[str, Any]:
        """Wait for a state of a transcription."""
        wait_until(lambda: self.get(transcription)["status"] in states, most_s=60)
        return self.get(transcription)

    def until_heard(self, transcription: str, count: int) -> None:
        """Wait until so many segments of a running transcription are stored."""
        wait_until(lambda: len(self.get(transcription, include="partial").get("partial_segments", ())) >= count)

    def ended(self, transcription: str) -> dict[str, Any]:
        return self.until(transcription, "completed", "failed")

    def words(self, transcription: str) -> list[str]:
        return [one["text"] for one in self.get(transcription)["segments"]]


def jobs_of(place: Place, transcription: str) -> list[Job]:
    """Return the jobs of a transcription."""

    async def work(runtime: Runtime) -> list[Job]:
        found = await list_jobs(runtime.operator, limit=10_000)
        return [one for one in found if one.payload.get("transcription_id") == transcription]

    return place.run(work)


def events_of(place: Place, transcription: str) -> list[str]:
    """Return the events about a transcription, in order."""

    async def work(runtime: Runtime) -> list[str]:
        found = await outbox.read_after(runtime.operator, 0, 100_000)
        return [one.type for one in found if one.data.get("transcription_id") == transcription]

    return place.run(work)
