"""Shutdown: running requests finish, new ones get 503, and those that take too long fail cleanly."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from bench.recount import recount

from tests.http.conftest import TALK, Library, error_of
from tests.server import Place, ProjectKeys, Server, new_project, running

SLOW = [sys.executable, "-m", "tests.slow_server"]
QUESTION = {"content": "When is the launch of the lantern?"}


@contextmanager
def asking(place: Place, pause_s: float, *options: str, **env: str) -> Iterator[tuple[Server, httpx.Client, str, Any]]:
    """Yield a server with a running turn, a client, the session's path and the future answer."""
    key = new_project(place).live
    with (
        running(place, str(pause_s), *options, command=SLOW, **env) as server,
        server.client(key) as client,
        server.client(key) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        user = Library(client).user()
        Library(client).recording(user, TALK)
        path = f"/v1/ask/sessions/{Library(client).session(user)['id']}"
        answer: Future[httpx.Response] = pool.submit(other.post, f"{path}/messages", json=QUESTION)
        while client.get(path).json().get("active_turn") is None:  # which a refusal doesn't name: it says too little
            if answer.done():  # it arrived during the check, as one request too many
                assert answer.result().status_code in (429, 503)
                answer = pool.submit(other.post, f"{path}/messages", json=QUESTION)
            time.sleep(0.02)
        yield server, client, path, answer


def test_during_shutdown_a_running_turn_finishes_and_new_requests_get_503(fresh_place: Place) -> None:
    with asking(fresh_place, 2.0) as (server, client, path, answer):
        server.process.send_signal(signal.SIGTERM)
        refused = _until_refused(client, path)
        assert (refused.status_code, error_of(refused)["code"]) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        with server.client() as stranger:
            assert stranger.get("/v1/ask/sessions").status_code == 503
            health, ready = stranger.get("/health"), stranger.get("/ready")
        alive = {"status": "healthy", "database": "connected", "billing": "disabled"}
        assert (health.status_code, health.json()) == (200, alive)  # it is alive, and finishes its work
        assert (ready.status_code, ready.json()["checks"]["shutdown"]) == (503, "in progress")
        done = answer.result(30)
        assert (done.status_code, done.json()["message"]["role"]) == (200, "assistant")
        assert server.process.wait(30) == 0
    wal = fresh_place.data_dir / "earmark.db-wal"
    assert not wal.exists(), "what was committed is not merged into the database's file"
    _restarts_well(fresh_place)


def _until_refused(client: httpx.Client, path: str) -> httpx.Response:
    """Wait until new requests are refused, since the signal arrives with a delay."""
    while (answer := client.get(path)).status_code == 200:
        time.sleep(0.02)
    return answer


def _restarts_well(place: Place) -> None:
    assert place.run(recount) == []


def test_a_turn_that_outlasts_the_grace_period_fails_cleanly_and_can_be_asked_again(fresh_place: Place) -> None:
    with asking(fresh_place, 600.0, EARMARK_SHUTDOWN_GRACE_S="0.3") as (server, client, path, answer):
        key = client.headers["authorization"].removeprefix("Bearer ")
        server.process.send_signal(signal.SIGTERM)
        failed = answer.result(30)
        assert (failed.status_code, error_of(failed)["code"]) == (503, "unavailable")
        assert path.endswith(failed.json()["session_id"])
        assert "retry-after" in failed.headers
        assert server.process.wait(30) == 0
    _restarts_well(fresh_place)
    with running(fresh_place) as server, server.client(key) as client:
        session = client.get(path).json()
        assert (session["message_count"], session["active_turn"]) == (1, None)
        assert client.post(f"{path}/messages", json=QUESTION).status_code == 200
        assert client.get(path).json()["message_count"] == 2


def test_after_ctrl_c_a_running_turn_finishes(fresh_place: Place) -> None:
    with asking(fresh_place, 1.0) as (server, _, _, answer):
        server.process.send_signal(signal.SIGINT)
        assert answer.result(30).status_code == 200


@pytest.mark.parametrize(("wait", "workers"), [("true", "2"), ("false", "1")])
def test_a_long_import_is_stored_completely_or_not_at_all(fresh_place: Place, wait: str, workers: str) -> None:
    project = new_project(fresh_place)
    lines = [f"Ada: {number} {'we moved the launch of the lantern to june ' * 6}" for number in range(3_000)]
    body = "\n".join(lines).encode()
    env = {"EARMARK_SHUTDOWN_GRACE_S": "0.2", "EARMARK_WORKERS": workers}
    with running(fresh_place, **env) as server, server.client(project.live) as client:
        library = Library(client)
        recording = library.recording(library.user(), TALK)
        before = client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
        sending = threading.Thread(target=_put, args=(server, project, recording, wait, body))
        sending.start()
        time.sleep(1.0)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(30)
        sending.join()
    _restarts_well(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        now = client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
        text = client.get(f"/v1/transcriptions/{now}").json()["text"]
        assert (now == before) == (text.startswith("Let's talk"))
        assert text.count("lantern") == (18_000 if now != before else 1)


def _put(server: Server, project: ProjectKeys, recording: str, wait: str, body: bytes) -> None:
    with server.client(project.live) as client:
        try:
            answer = client.put(f"/v1/recordings/{recording}/transcript?wait={wait}", content=body,
                                headers={"Content-Type": "text/plain"})  # fmt: skip
        except httpx.TransportError:
            return
        assert answer.status_code in (202, 503), answer.text


def test_a_question_that_waits_for_its_model_holds_no_place_at_work(fresh_place: Place) -> None:
    with asking(fresh_place, 2.0, EARMARK_REQUESTS_AT_ONCE="1") as (server, client, path, answer):
        with server.client() as stranger:
            assert stranger.get("/health").status_code == 200
        assert client.get(path).status_code == 200
        assert not answer.done()
        assert answer.result(30).status_code == 200
        assert client.get(path).status_code == 200
