"""`GET /v1/ask/search`: words in chats, of one end user only."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of
from tests.server import ProjectKeys, Server, new_bound_key


def found(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/ask/search", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def asked(library: Library, user: str, question: str) -> str:
    session = library.session(user)["id"]
    answer = library.client.post(f"/v1/ask/sessions/{session}/messages", json={"content": question})
    assert answer.status_code == 200, answer.text
    return str(session)


def test_questions_and_answers_are_found_with_their_session_and_a_snippet(library: Library) -> None:
    user = library.user()
    library.recording(user, TALK, name="Kick-off")
    session = asked(library, user, "When is the launch of the lantern?")
    rows = found(library.client, q="LAUNCH", end_user_id=user)
    assert {row["role"] for row in rows} == {"user", "assistant"}
    first = rows[-1]
    messages = library.client.get(f"/v1/ask/sessions/{session}/messages").json()["data"]
    assert first == {
        "end_user_id": user, "session_id": session, "session_title": "When is the launch of the lantern?",
        "message_id": messages[0]["id"], "role": "user", "snippet": "When is the launch of the lantern?",
        "created_at": messages[0]["created_at"],
    }  # fmt: skip
    assert found(library.client, q="launch nothing", end_user_id=user) == []
    assert found(library.client, q="", end_user_id=user) == []


def test_pages_follow_each_other_newest_first(library: Library) -> None:
    user = library.user()
    sessions = [asked(library, user, f"Which lantern, number {number}?") for number in range(3)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"q": "number", "end_user_id": user, "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = library.client.get("/v1/ask/search", params=params).json()
        seen += [row["session_id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert [one for one in seen if one in sessions][:3] == sessions[::-1]
    other = library.client.get("/v1/ask/search", params={"q": "lantern", "end_user_id": user, "cursor": "x.y"})
    assert other.status_code == 400
    assert error_of(other)["param"] == "cursor"


def test_a_caller_of_one_end_user_finds_its_own_messages_whatever_it_sends(
    library: Library, server: Server, project: ProjectKeys
) -> None:
    ada, grace = library.user(), library.user()
    hers, others = asked(library, ada, "Is the lantern ready?"), asked(library, grace, "Is the lantern sold?")
    with server.client(new_bound_key(server.place, project.id, ada)) as bound:
        assert {row["session_id"] for row in found(bound, q="lantern", end_user_id=grace)} == {hers}
        assert {row["session_id"] for row in found(bound, q="lantern")} == {hers}
    assert {row["session_id"] for row in found(library.client, q="lantern", end_user_id=grace)} == {others}
    assert found(library.client, q="lantern", end_user_id="eu_abc123") == []


def test_a_deleted_chat_is_found_no_more_and_a_new_answer_replaces_the_old_one(library: Library) -> None:
    user = library.user()
    session = asked(library, user, "Where is the bicycle?")
    question = library.client.get(f"/v1/ask/sessions/{session}/messages").json()["data"][0]["id"]
    again = library.client.post(f"/v1/ask/sessions/{session}/messages/{question}/regenerate", json={})
    assert again.status_code == 200, again.text
    assert [row["role"] for row in found(library.client, q="bicycle", end_user_id=user)].count("user") == 1
    assert library.client.delete(f"/v1/ask/sessions/{session}").status_code == 204
    assert found(library.client, q="bicycle", end_user_id=user) == []


@pytest.mark.parametrize(
    ("query", "param"), [("", "q"), ("q=a", "end_user_id"), ("q=" + "a" * 201, "q"), ("q=a&q=b", "q"), ("q=%00", "q")]
)
def test_bad_searches_in_chats_name_what_is_wrong(client: httpx.Client, query: str, param: str) -> None:
    answer = client.get(f"/v1/ask/search?{query}")
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param
