"""One end user's search results, scores and order do not depend on others' data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from tests.http.conftest import TALK, Library
from tests.server import ProjectKeys, Server, new_project

QUERIES = ["the launch of the lantern", "who disagreed about the price", "battery", "ninth of June", "Ada euros"]
SAME_WORDS = [
    {**one, "text": f"{one['text']} The lantern, the launch, the battery, the price, the ninth of June."}
    for one in TALK
]


def found(client: httpx.Client, end_user_id: str) -> list[Any]:
    """Return the full search results, including the parts of each score."""
    answers = []
    for query in QUERIES:
        body = {"query": query, "end_user_id": end_user_id, "limit": 50, "explain": True}
        answer = client.post("/v1/recordings/search", json=body)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json()["results"])
    assert all(answers)
    return answers


def disturb(others: Library) -> Iterator[None]:
    """Add, change and remove another end user's data, step by step."""
    grace = others.user()
    made = [others.recording(grace, SAME_WORDS) for _ in range(5)]
    yield
    replaced = others.client.put(f"/v1/recordings/{made[0]}/transcript", json={"segments": SAME_WORDS[::-1][:2]})
    assert replaced.status_code == 200, replaced.text
    yield
    for path in (f"recordings/{made[1]}", f"end-users/{grace}"):
        assert others.client.delete(f"/v1/{path}").status_code == 204
        yield


def test_scores_and_order_do_not_change_when_others_data_does(
    server: Server, project: ProjectKeys, library: Library
) -> None:
    ada = library.user()
    for name in ("Standup", "Board call"):
        library.recording(ada, TALK, name=name)
    before = found(library.client, ada)
    with server.client(project.test) as test, server.client(new_project(server.place).live) as elsewhere:
        for others in (library, Library(test), Library(elsewhere)):
            for _ in disturb(others):
                assert found(library.client, ada) == before
    library.recording(ada, SAME_WORDS)
    assert found(library.client, ada) != before
