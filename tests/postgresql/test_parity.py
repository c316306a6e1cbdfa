"""Both databases give the same ranking and the same pages over the sample library."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.meetings import Meeting, by_owner
from tests.server import Place, new_project, running

SAMPLE = Path(str(files("earmark") / "sample"))


def observe(place: Place) -> list[Any]:
    """Load the sample library, ask all questions, and return what a client sees, without ids and times."""
    with running(place) as server:
        project = new_project(place)
        meetings = [Meeting(path.parent.name, path) for path in sorted(SAMPLE.glob("*/*.json"))]
        for owner, paths in by_owner(meetings):
            place.cli("import", *map(str, paths), "--project", project.id, "--end-user", owner, "--json")
        with server.client(project.live) as client:
            return _look(client)


def _look(client: httpx.Client) -> list[Any]:
    users = {row["external_id"]: row["id"] for row in client.get("/v1/end-users").json()["data"]}
    names = {row["id"]: row["name"] for row in client.get("/v1/recordings?limit=100").json()["data"]}
    seen: list[Any] = [sorted(users), sorted(names.values())]
    for one in json.loads((SAMPLE / "questions.json").read_text()):
        user = users[one["external_id"]]
        body = {"query": one["question"], "end_user_id": user, "limit": 20, "explain": True}
        results = client.post("/v1/recordings/search", json=body).json()["results"]
        seen.append(
            [
                (names[row["recording_id"]], row["start_ms"], row["chunk_text"], row["score"], row["parts"])
                for row in results
            ]
        )
        ask = {"scope": {"type": "library"}, "end_user_id": user, "initial_message": {"content": one["question"]}}
        seen.append(client.post("/v1/ask/sessions", json=ask).json()["message"]["content"])
    for params in ({}, {"q": "the"}, {"q": "WHO"}, {"scope_type": "library"}, {"end_user_id": users["mara"]}):
        titles, cursor = [], None
        while True:
            page = client.get(
                "/v1/ask/sessions", params={**params, "limit": 7} | ({"cursor": cursor} if cursor else {})
            ).json()
            titles.append([(row["title"], row["message_count"]) for row in page["data"]])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        seen.append(titles)
    return seen


@pytest.mark.slow
def test_sqlite_and_postgresql_rank_and_page_alike(new_place: Callable[[], Place], tmp_path: Path) -> None:
    on_postgresql, on_sqlite = observe(new_place()), observe(Place(tmp_path / "sqlite"))
    assert len(on_postgresql) == len(on_sqlite) > 60
    for one, other in zip(on_postgresql, on_sqlite, strict=True):
        assert one == other
