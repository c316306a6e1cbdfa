"""Streams that end before their turn does: shutdown, or a replaced answer."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import httpx

from tests.http.conftest import TALK, Library
from tests.http.test_streaming import STREAM, parse, stream
from tests.server import Place, new_project, running

SLOW = [sys.executable, "-m", "tests.slow_server"]
QUESTION = {"content": "When is the launch of the lantern?"}


def test_a_stream_that_outlasts_the_grace_period_ends_with_its_turns_failure(
    fresh_place: Place, tmp_path: Path
) -> None:
    key = new_project(fresh_place).live
    with (
        (tmp_path / "log").open("w+") as log,
        running(fresh_place, "600", command=SLOW, stderr=log, EARMARK_SHUTDOWN_GRACE_S="0.3") as server,
        server.client(key) as client,
    ):
        user = Library(client).user()
        Library(client).recording(user, TALK)
        path = f"/v1/ask/sessions/{Library(client).session(user)['id']}/messages"
        with client.stream("POST", path, headers=STREAM, json=QUESTION) as answer:
            events = parse(answer.iter_lines())
            assert next(events).name == "turn.started"
            server.process.send_signal(signal.SIGTERM)
            last = list(events)[-1]
        assert (last.name, last.data["error"]["code"]) == ("turn.failed", "unavailable")
        assert server.process.wait(30) in (0, -signal.SIGTERM)
        log.seek(0)
        assert "Traceback" not in log.read()


def test_a_repeated_send_whose_answer_was_replaced_streams_the_first_answer(
    client: httpx.Client, library: Library
) -> None:
    user = library.user()
    library.recording(user, TALK)
    path = f"/v1/ask/sessions/{library.session(user)['id']}/messages"
    key = {"Idempotency-Key": "first"}
    first = client.post(path, json=QUESTION, headers=key).json()
    asked = client.get(path).json()["data"][0]["id"]
    assert client.post(f"{path}/{asked}/regenerate", json={}).status_code == 200
    assert client.post(path, json=QUESTION, headers=key).json() == first
    (only,) = stream(client, "POST", path, json=QUESTION, headers=key)
    assert (only.id, only.name, only.data) == (1, "turn.completed", first)
