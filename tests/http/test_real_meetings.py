"""The main use on real input: import meetings by CLI, get cited answers over HTTP, and restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.meetings import MeetingQuestion, by_owner, write_meetings
from tests.server import Place, ProjectKeys, new_project, running

MEETINGS = 8
QUESTIONS = 20


def import_all(place: Place, project: ProjectKeys, folder: Path) -> list[MeetingQuestion]:
    """Import by CLI, twice; return questions about the imported meetings."""
    meetings, questions = write_meetings(folder, limit=MEETINGS)
    assert len(meetings) >= MEETINGS
    for owner, paths in by_owner(meetings):
        done = place.cli("import", *map(str, paths), "--project", project.id, "--end-user", owner, "--json")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["status"] for row in rows] == ["imported"] * len(paths)
        again = place.cli("import", *map(str, paths), "--project", project.id, "--end-user", owner, "--json")
        repeated = [json.loads(line) for line in again.stdout.splitlines()]
        assert [row["status"] for row in repeated] == ["skipped"] * len(paths)
        assert [row["recording_id"] for row in repeated] == [row["recording_id"] for row in rows]
    return questions


class Reader:
    """Return what a client can see of the library, by name."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.users = {row["external_id"]: row["id"] for row in client.get("/v1/end-users?limit=100").json()["data"]}
        self.recordings = client.get("/v1/recordings?limit=100").json()["data"]
        self._segments: dict[str, dict[int, list[str]]] = {}

    def recording(self, owner: str, name: str) -> str:
        user = self.users[owner]
        found = [row["id"] for row in self.recordings if row["end_user_id"] == user and row["name"] == name]
        return str(found[0])

    def owned(self, owner: str) -> set[str]:
        return {row["id"] for row in self.recordings if row["end_user_id"] == self.users[owner]}

    def segments(self, recording_id: str) -> dict[int, list[str]]:
        """Texts by start in milliseconds."""
        if recording_id not in self._segments:
            row = next(row for row in self.recordings if row["id"] == recording_id)
            shown = self.client.get(f"/v1/transcriptions/{row['transcription_id']}").json()
            found: dict[int, list[str]] = {}
            for segment in shown["segments"]:
                found.setdefault(round(segment["start"] * 1_000), []).append(segment["text"])
            self._segments[recording_id] = found
        return self._segments[recording_id]


def check(reader: Reader, result: dict[str, Any], in_scope: set[str]) -> int:
    """Check an answer; return how many citations it has."""
    parts = result["message"]["parts"]
    citations = 0
    for index, part in enumerate(parts):
        if part["type"] != "citation":
            continue
        citations += 1
        assert part["recording_id"] in in_scope
        texts = reader.segments(part["recording_id"])[part["start_ms"]]
        assert any(parts[index - 1]["text"] in text for text in texts)
    scores = [source["score"] for source in result["sources"]]
    assert scores == sorted(scores, reverse=True)
    assert {source["recording_id"] for source in result["sources"]} <= in_scope
    return citations


@pytest.mark.slow
def test_real_meetings_are_imported_asked_cited_listed_and_survive_a_restart(
    tmp_path: Path, fresh_place: Place
) -> None:
    with running(fresh_place) as server:
        project = new_project(fresh_place)
        questions = import_all(fresh_place, project, tmp_path / "in")
        with server.client(project.live) as client:
            reader = Reader(client)
            asked = [one for one in questions if one.meeting is not None][:QUESTIONS]
            assert len(asked) == QUESTIONS
            citations = 0
            for number, one in enumerate(asked):
                owned = reader.owned(one.owner)
                scope: dict[str, Any] = {"type": "library"}
                if number % 2 == 0:
                    owned = {reader.recording(one.owner, one.meeting or "")}
                    scope = {"type": "recording", "recording_id": next(iter(owned))}
                body = {
                    "scope": scope,
                    "end_user_id": reader.users[one.owner],
                    "initial_message": {"content": one.text},
                }
                answer = client.post("/v1/ask/sessions", json=body)
                assert answer.status_code == 200, answer.text
                citations += check(reader, answer.json(), owned)
            assert citations >= QUESTIONS
            before = client.get("/v1/ask/sessions?limit=100").json()
            assert [row["message_count"] for row in before["data"]] == [2] * QUESTIONS
            activity = [row["last_message_at"] for row in before["data"]]
            assert activity == sorted(activity, reverse=True)
            messages = client.get(f"/v1/ask/sessions/{before['data'][0]['id']}/messages").json()
    with running(fresh_place) as server, server.client(project.live) as client:
        assert client.get("/v1/ask/sessions?limit=100").json() == before
        assert client.get(f"/v1/ask/sessions/{before['data'][0]['id']}/messages").json() == messages
