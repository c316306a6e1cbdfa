"""A full disk, an unusable data folder, a clock that steps back: one clear error each, and no data loss."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench.recount import recount

from tests.http.conftest import TALK, Library, error_of
from tests.server import SERVE, Place, new_project, running

# ---- the disk is full ------------------------------------------------------------------------------


def _limited(kib: int) -> list[str]:
    """`earmark serve` in a process with a limit on the size of files."""
    return ["bash", "-c", f'ulimit -f {kib}; exec "$@"', "bash", *SERVE]


@pytest.fixture
def on_sqlite(is_postgresql: bool, tmp_path: Path, fresh_place: Place) -> Place:
    """A place on SQLite in both runs, because PostgreSQL's disk belongs to another process."""
    return Place(tmp_path / "earmark") if is_postgresql else fresh_place


def test_on_a_full_disk_writes_are_503_reads_go_on_and_nothing_acknowledged_is_lost(on_sqlite: Place) -> None:
    project = new_project(on_sqlite)
    with running(on_sqlite, command=_limited(3_000)) as server, server.client(project.live) as client:
        user = Library(client).user()
        made, refused = _fill(client, user)
        assert (refused.status_code, error_of(refused)["code"]) == (503, "unavailable")
        assert error_of(refused)["message"] == "The server can't write to its disk."
        assert "retry-after" in refused.headers
        assert _names(client) == made
        assert client.get("/health").status_code == 200
    assert on_sqlite.run(recount) == []
    with running(on_sqlite) as server, server.client(project.live) as client:
        assert _names(client) == made
        library = Library(client)
        recording = library.recording(user, TALK)
        answer = client.post("/v1/ask/sessions", json={"scope": {"type": "recording", "recording_id": recording},
                                                       "initial_message": {"content": "When is the launch?"}})  # fmt: skip
        assert answer.status_code == 200


def _fill(client: httpx.Client, user: str) -> tuple[set[str], httpx.Response]:
    """Write until it fails; return the acknowledged writes and the refusal."""
    made: set[str] = set()
    for number in range(2_000):
        body = {"end_user_id": user, "name": f"r{number}", "metadata": {"filling": "x" * 15_000}}
        answer = client.post("/v1/recordings", json=body, headers={"Idempotency-Key": f"k{number}"})
        if answer.status_code != 201:
            return made, answer
        made.add(f"r{number}")
    raise AssertionError("the limit was never reached")


def _names(client: httpx.Client) -> set[str]:
    names: set[str] = set()
    cursor: dict[str, Any] = {}
    while True:
        page = client.get("/v1/recordings", params={"limit": 100, **cursor}).json()
        names |= {row["name"] for row in page["data"]}
        if page["next_cursor"] is None:
            return names
        cursor = {"cursor": page["next_cursor"]}


# ---- the data folder can't be used -----------------------------------------------------------------


def test_a_data_folder_that_is_a_file_is_reported_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("not a folder")
    done = Place(path).cli("serve", "--port", "0", check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"earmark: The data folder {path} can't be used: ")
    assert done.stderr.count("\n") == 1


# ---- the clock steps back --------------------------------------------------------------------------


def test_after_the_clock_steps_back_activity_still_advances_and_nothing_waits(
    fresh_place: Place, tmp_path: Path
) -> None:
    shift = tmp_path / "shift"
    shift.write_text("7200")
    command = [sys.executable, "-m", "tests.shifted_server", str(shift)]
    key = new_project(fresh_place).live
    with running(fresh_place, command=command) as server, server.client(key) as client:
        library = Library(client)
        user = library.user()
        library.recording(user, TALK)
        older, newer = (library.session(user)["id"] for _ in range(2))
        first = client.post(f"/v1/ask/sessions/{newer}/messages", json={"content": "When is the launch?"})
        assert first.status_code == 200
        page = client.get("/v1/ask/sessions?limit=1").json()
        before = page["data"][0]
        shift.write_text("0")
        assert client.post(f"/v1/ask/sessions/{newer}/messages", json={"content": "And the price?"}).status_code == 200
        after = client.get(f"/v1/ask/sessions/{newer}").json()
        assert after["last_message_at"] >= before["last_message_at"]
        assert after["updated_at"] >= before["updated_at"]
        messages = client.get(f"/v1/ask/sessions/{newer}/messages").json()["data"]
        assert [row["role"] for row in messages] == ["user", "assistant"] * 2
        assert sorted(row["created_at"] for row in messages) == [row["created_at"] for row in messages]
        rest = client.get("/v1/ask/sessions", params={"limit": 1, "cursor": page["next_cursor"]}).json()
        assert [row["id"] for row in rest["data"]] == [older]
        key_of_the_future = {"Idempotency-Key": "k"}
        bodies = [client.post("/v1/end-users", json={}, headers=key_of_the_future).content for _ in range(2)]
        assert bodies[0] == bodies[1]
    assert fresh_place.run(recount) == []
