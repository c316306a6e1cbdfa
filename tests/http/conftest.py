"""One server for all HTTP tests; a fresh project for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.server import Place, ProjectKeys, Server, new_project, running

TALK: list[dict[str, Any]] = [
    {"start": 0.0, "end": 4.2, "speaker": "Ada", "text": "Let's talk about the launch of the lantern."},
    {"start": 4.5, "end": 9.0, "speaker": "Grace", "text": "I propose that we move the launch to the ninth of June."},
    {
        "start": 9.2,
        "end": 12.0,
        "speaker": "Ada",
        "text": "Agreed, the ninth of June it is. The price stays at forty euros.",
    },
    {
        "start": 12.5,
        "end": 16.0,
        "speaker": "Linus",
        "text": "I disagree about the price, the battery alone costs eleven euros.",
    },
]


@pytest.fixture(scope="session")
def server(place: Place) -> Iterator[Server]:
    with running(place) as one:
        yield one


@pytest.fixture
def project(server: Server) -> ProjectKeys:
    return new_project(server.place)


@pytest.fixture
def client(server: Server, project: ProjectKeys) -> Iterator[httpx.Client]:
    """A client with the project's live key."""
    with server.client(project.live) as one:
        yield one


@dataclass
class Library:
    """Shorthand for creating objects over HTTP."""

    client: httpx.Client
    count: int = field(default=0)

    def user(self, **fields: Any) -> str:
        """Create an end user; return its id."""
        answer = self.client.post("/v1/end-users", json=fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def recording(self, end_user_id: str, segments: list[dict[str, Any]] | None = None, **fields: Any) -> str:
        """Create a recording, with a transcript if there are segments; return its id."""
        answer = self.client.post("/v1/recordings", json={"end_user_id": end_user_id, **fields})
        assert answer.status_code == 201, answer.text
        recording_id = str(answer.json()["id"])
        if segments:
            put = self.client.put(f"/v1/recordings/{recording_id}/transcript", json={"segments": segments})
            assert put.status_code == 201, put.text
        return recording_id

    def session(self, end_user_id: str, **fields: Any) -> dict[str, Any]:
        """Create an empty session over the whole library."""
        body = {"scope": {"type": "library"}, "end_user_id": end_user_id, **fields}
        answer = self.client.post("/v1/ask/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@pytest.fixture
def library(client: httpx.Client) -> Library:
    return Library(client)


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """Check that a response has the contract's error envelope; return the error."""
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert set(error) <= {"code", "message", "request_id", "param", "details"}
    return dict(error)
