"""Two hosts that share nothing but PostgreSQL, behind a pooler in transaction mode."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.http.conftest import TALK, Library
from tests.pooler import CONNECTIONS, pooling
from tests.server import Place, Server, new_project, running
from tests.zygote import run_forked

QUESTION = "When is the launch?"
_POOLED = {"EARMARK_DATABASE_IS_POOLED": "true", "EARMARK_SECRETS_KEY": "q" * 43 + "="}
"""Sealed secrets are read on every host, which have the key by setting."""


@pytest.fixture
def pooled_url(fresh_place: Place) -> Iterator[str]:
    assert fresh_place.database_url is not None
    with tempfile.TemporaryDirectory(prefix="pool") as folder:
        Path(folder).chmod(0o755)  # PgBouncer is another user's where root runs the tests
        with pooling(Path(folder) / "p", fresh_place.database_url) as url:
            yield url


@contextmanager
def host(place: Place, pooled_url: str, folder: Path, *, hears: bool = True) -> Iterator[Server]:
    """Run a server with a data folder of its own."""
    direct = {"EARMARK_DATABASE_DIRECT_URL": str(place.database_url)} if hears else {}
    with running(replace(place, data_dir=folder, database_url=pooled_url), **_POOLED, **direct) as server:
        yield server


def test_hosts_behind_a_pooler_serve_one_installation(fresh_place: Place, pooled_url: str, tmp_path: Path) -> None:
    key = new_project(fresh_place).live
    with (
        host(fresh_place, pooled_url, tmp_path / "one") as one,
        host(fresh_place, pooled_url, tmp_path / "two") as two,
        one.client(key) as first,
        two.client(key) as second,
    ):
        library = Library(first)
        user = library.user()
        library.recording(user, TALK)
        keyed = {"Idempotency-Key": "once"}
        body = {"scope": {"type": "library"}, "end_user_id": user, "initial_message": {"content": QUESTION}}
        made = first.post("/v1/ask/sessions", json=body, headers=keyed)
        assert made.status_code == 200
        assert second.post("/v1/ask/sessions", json=body, headers=keyed).json() == made.json()
        session = made.json()["session_id"]
        path = f"/v1/ask/sessions/{session}/messages"

        def send(number: int) -> int:
            return (first, second)[number % 2].post(path, json={"content": f"{QUESTION} {number}"}).status_code

        def read(number: int) -> list[str]:
            return [one["id"] for one in (first, second)[number % 2].get("/v1/ask/sessions").json()["data"]]

        with ThreadPoolExecutor(12) as threads:
            sent, listed = threads.map(send, range(8)), list(threads.map(read, range(100)))
            assert list(sent) == [200] * 8
        assert listed == [[session]] * 100
        messages = second.get(path, params={"limit": 100}).json()["data"]
        assert [one["role"] for one in messages] == ["user", "assistant"] * 9
        assert second.get("/ready").status_code == 200


def test_a_stream_of_one_host_is_followed_on_another(fresh_place: Place, pooled_url: str, tmp_path: Path) -> None:
    key = new_project(fresh_place).live
    with (
        host(fresh_place, pooled_url, tmp_path / "one") as one,
        host(fresh_place, pooled_url, tmp_path / "two") as two,
        one.client(key) as first,
        two.client(key) as second,
    ):
        library = Library(first)
        user = library.user()
        library.recording(user, TALK)
        session = library.session(user)["id"]
        path = f"/v1/ask/sessions/{session}/messages"
        asked = first.post(path, json={"content": QUESTION}).json()
        question = first.get(path).json()["data"][0]["id"]
        with second.stream("GET", f"{path}/{question}/events") as stream:
            events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
        assert events[-1]["message"]["id"] == asked["message"]["id"]


def test_without_a_url_past_the_pooler_hosts_look_for_changes_and_doctor_says_so(
    fresh_place: Place, pooled_url: str, tmp_path: Path
) -> None:
    key = new_project(fresh_place).live
    with (
        host(fresh_place, pooled_url, tmp_path / "one", hears=False) as one,
        host(fresh_place, pooled_url, tmp_path / "two", hears=False) as two,
        one.client(key) as first,
        two.client(key) as second,
    ):
        library = Library(first)
        user = library.user()
        recording = first.post("/v1/recordings", json={"end_user_id": user}).json()["id"]
        queued = second.put(f"/v1/recordings/{recording}/transcript", params={"wait": "false"}, json={"segments": TALK})
        assert queued.status_code == 202
        until = time.monotonic() + 60
        while first.get(f"/v1/transcriptions/{queued.json()['id']}").json()["status"] != "completed":
            assert time.monotonic() < until
            time.sleep(0.05)
        done = run_forked(("doctor",), {**one.place.environment, **_POOLED}, timeout=60)
        assert "set EARMARK_DATABASE_DIRECT_URL" in done.stdout + done.stderr


def test_more_requests_than_the_pooler_has_connections_are_all_answered(
    fresh_place: Place, pooled_url: str, tmp_path: Path
) -> None:
    key = new_project(fresh_place).live
    with host(fresh_place, pooled_url, tmp_path / "one") as one, one.client(key) as client:
        user = Library(client).user()

        def make(number: int) -> int:
            sent = {"scope": {"type": "library"}, "end_user_id": user, "title": f"Chat {number}"}
            with one.client(key) as another:
                return another.post("/v1/ask/sessions", json=sent).status_code

        with ThreadPoolExecutor(10 * CONNECTIONS) as threads:
            assert list(threads.map(make, range(60))) == [201] * 60
