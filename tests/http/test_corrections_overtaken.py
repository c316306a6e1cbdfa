"""A correction whose index is being computed while something else happens to its transcript."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.embeddings import embeddings_server
from tests.http.conftest import TALK, Library
from tests.server import Place, new_project, running


class Held:
    """A server whose next embedding waits, and a correction that waits for it."""

    def __init__(self, client: httpx.Client, other: httpx.Client) -> None:
        self.client, self.other = client, other
        self.is_armed = False
        self.reached, self.goes_on = threading.Event(), threading.Event()
        self.pool = ThreadPoolExecutor(1)

    def is_down(self, body: dict[str, Any]) -> bool:
        if self.is_armed:
            self.reached.set()
            assert self.goes_on.wait(60)
        return False

    def begin(self) -> None:
        """Create a transcript and begin to correct it."""
        library = Library(self.client)
        self.recording = library.recording(library.user(), TALK)
        self.id = self.client.get(f"/v1/recordings/{self.recording}").json()["transcription_id"]
        self.path = f"/v1/transcriptions/{self.id}"
        self.is_armed = True
        body = {"revision": 1, "segments": [{"index": 0, "text": "The heron stood in the reeds."}]}
        self.correcting = self.pool.submit(self.other.patch, self.path, json=body, timeout=90)
        assert self.reached.wait(60)

    def end(self) -> int:
        """Let the embedding go on; return the status of the correction."""
        self.goes_on.set()
        return self.correcting.result(90).status_code


@pytest.fixture
def held(fresh_place: Place) -> Iterator[Held]:
    with embeddings_server() as embeddings:
        settings = {
            "EARMARK_EMBEDDER__KIND": "openai", "EARMARK_EMBEDDER__BASE_URL": embeddings.base_url,
            "EARMARK_EMBEDDER__MODEL": "small", "EARMARK_EMBEDDER__API_KEY": "key-1",
        }  # fmt: skip
        with running(fresh_place, **settings) as server:
            key = new_project(fresh_place).live
            with server.client(key) as client, server.client(key) as other:
                one = Held(client, other)
                embeddings.is_down = one.is_down
                try:
                    yield one
                finally:
                    one.goes_on.set()
                    one.pool.shutdown()


def test_the_database_is_free_meanwhile_and_readers_see_the_transcript_as_it_was(held: Held) -> None:
    held.begin()
    assert held.client.patch(f"/v1/recordings/{held.recording}", json={"name": "Board"}).status_code == 200
    assert held.client.get(held.path).json()["segments"][0]["text"] == TALK[0]["text"]
    assert held.end() == 200
    assert held.client.get(held.path).json()["segments"][0]["text"] == "The heron stood in the reeds."


def test_another_correction_that_was_sooner_makes_it_a_conflict(held: Held) -> None:
    held.begin()
    sooner = {"revision": 1, "speakers": {"Ada": "Ada"}}  # which needs no embedding
    assert held.client.patch(held.path, json=sooner).json()["revision"] == 2
    assert held.end() == 409
    assert held.client.get(held.path).json()["segments"][0]["text"] == TALK[0]["text"]


def test_a_recording_that_is_deleted_meanwhile_is_not_found(held: Held) -> None:
    held.begin()
    assert held.client.delete(f"/v1/recordings/{held.recording}").status_code == 204
    assert held.end() == 404
