"""`GET /v1/ask/sessions`: pages, filters, order."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of
from tests.server import ProjectKeys, Server, new_bound_key

SESSION_KEYS = [
    "id", "end_user_id", "scope", "title", "message_count", "last_message_at", "last_model", "last_provider",
    "created_at", "updated_at",
]  # fmt: skip


def ids_of(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def test_an_empty_project_lists_an_empty_last_page(client: httpx.Client) -> None:
    answer = client.get("/v1/ask/sessions")
    assert answer.json() == {"data": [], "has_more": False, "next_cursor": None}
    assert answer.headers["content-type"] == "application/json"


def test_the_sessions_list_of_an_unknown_end_user_is_empty(client: httpx.Client) -> None:
    answer = client.get("/v1/ask/sessions?end_user_id=eu_abc123&limit=20")
    assert answer.status_code == 200
    assert answer.json()["data"] == []


def test_a_session_is_shown_with_the_keys_of_the_contract(library: Library) -> None:
    session = library.session(library.user(), title="What did I commit to this week?")
    assert list(session) == SESSION_KEYS
    assert session["scope"] == {"type": "library", "recording_ids": [], "recording_title": None}
    assert session["message_count"] == 0
    assert session["last_message_at"] == session["created_at"]
    assert session["last_model"] is None
    assert ids_of(library.client.get("/v1/ask/sessions")) == [session["id"]]


def test_sessions_are_listed_newest_activity_first_and_activity_moves_one_to_the_top(library: Library) -> None:
    user = library.user()
    first, second = library.session(user)["id"], library.session(user)["id"]
    assert ids_of(library.client.get("/v1/ask/sessions")) == [second, first]
    sent = library.client.post(f"/v1/ask/sessions/{first}/messages", json={"content": "What about the price?"})
    assert sent.status_code == 200
    assert ids_of(library.client.get("/v1/ask/sessions")) == [first, second]


def test_a_rename_does_not_move_a_session(library: Library) -> None:
    user = library.user()
    first, second = library.session(user)["id"], library.session(user)["id"]
    library.client.patch(f"/v1/ask/sessions/{first}", json={"title": "Renamed"})
    assert ids_of(library.client.get("/v1/ask/sessions")) == [second, first]


def test_filters_narrow_and_combine_with_and(library: Library) -> None:
    ada, grace = library.user(), library.user()
    recording = library.recording(ada, TALK, name="Kick-off")
    other = library.recording(ada)
    whole = library.session(ada, title="Everything")["id"]
    single = library.session(ada, scope={"type": "recording", "recording_id": recording})["id"]
    both = library.session(ada, scope={"type": "selected", "recording_ids": [other, recording]}, title="Both")["id"]
    hers = library.session(grace, title="Everything else")["id"]

    def found(**params: Any) -> list[str]:
        return ids_of(library.client.get("/v1/ask/sessions", params=params))

    assert found() == [hers, both, single, whole]
    assert found(end_user_id=grace) == [hers]
    assert found(scope_type="library") == [hers, whole]
    assert found(scope_type="folder") == []
    assert found(recording_id=recording) == [both, single]
    assert found(recording_id=recording, scope_type="selected") == [both]
    assert found(recording_id=recording, end_user_id=grace) == []
    assert found(q="every", end_user_id=ada) == [whole]
    assert found(q="EVERY", scope_type="library") == [hers, whole]
    assert found(q="", scope_type="selected") == [both]


def test_a_recording_scope_shows_the_name_the_recording_had(library: Library) -> None:
    recording = library.recording(library.user(), TALK, name="Kick-off")
    body = {"scope": {"type": "recording", "recording_id": recording}}
    session = library.client.post("/v1/ask/sessions", json=body).json()
    library.client.patch(f"/v1/recordings/{recording}", json={"name": "Renamed"})
    shown = library.client.get(f"/v1/ask/sessions/{session['id']}").json()
    assert shown["scope"] == {"type": "recording", "recording_ids": [recording], "recording_title": "Kick-off"}


def test_sessions_of_a_deleted_recording_are_still_found_by_it(library: Library) -> None:
    recording = library.recording(library.user(), TALK)
    body = {"scope": {"type": "recording", "recording_id": recording}}
    session = library.client.post("/v1/ask/sessions", json=body).json()["id"]
    library.client.delete(f"/v1/recordings/{recording}")
    answer = library.client.get("/v1/ask/sessions", params={"recording_id": recording})
    assert ids_of(answer) == [session]
    assert answer.json()["data"][0]["scope"]["recording_ids"] == [recording]


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("Straße nach Süden", "STRASSE"),
        ("ΟΔΟΣ", "οδος"),
        ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
        ("Cafe\u0301", "CAFÉ"),
        ("İstanbul", "i\u0307stanbul"),
        ("100 % sure_thing", "% SURE_"),
        (r"back\slash * star", r"K\s"),
        ('the "quoted" o\'clock', '"QUOTED" O\''),
        ("会議の議事録", "議事"),
        ("a  b", "  "),
    ],
)
def test_a_title_is_found_by_a_part_of_it_in_any_case(library: Library, title: str, wanted: str) -> None:
    user = library.user()
    session = library.session(user, title=title)["id"]
    library.session(user, title="Unrelated")
    assert ids_of(library.client.get("/v1/ask/sessions", params={"q": wanted})) == [session]


@pytest.mark.parametrize("wanted", ["%", "_", "\\", "*", "x%y"])
def test_wildcards_are_ordinary_characters(library: Library, wanted: str) -> None:
    library.session(library.user(), title="Plain words")
    assert ids_of(library.client.get("/v1/ask/sessions", params={"q": wanted})) == []


def test_pages_cover_every_session_once_whatever_the_limit(library: Library) -> None:
    user = library.user()
    made = [library.session(user)["id"] for _ in range(7)]
    for limit in (1, 2, 3, 7, 100):
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": limit, **({"cursor": cursor} if cursor else {})}
            page = library.client.get("/v1/ask/sessions", params=params).json()
            seen += [row["id"] for row in page["data"]]
            assert (page["next_cursor"] is None) is (not page["has_more"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == made[::-1]


def test_an_end_users_key_always_lists_its_own_sessions(server: Server, project: ProjectKeys, library: Library) -> None:
    ada, grace = library.user(), library.user()
    hers = library.session(ada)["id"]
    library.session(grace)
    with server.client(new_bound_key(server.place, project.id, ada)) as bound:
        for query in ("", f"?end_user_id={grace}", "?end_user_id=not-an-id", "?end_user_id=&end_user_id=x"):
            assert ids_of(bound.get("/v1/ask/sessions" + query)) == [hers]


def test_live_and_test_data_are_separate(server: Server, project: ProjectKeys, library: Library) -> None:
    library.session(library.user())
    with server.client(project.test) as other_mode:
        assert ids_of(other_mode.get("/v1/ask/sessions")) == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=abc", "limit"), ("limit=1.5", "limit"),
        ("limit=", "limit"), ("limit=+5", "limit"), ("limit=5&limit=5", "limit"), ("limit=-1", "limit"),
        ("scope_type=everything", "scope_type"), ("scope_type=", "scope_type"),
        ("end_user_id=abc", "end_user_id"), ("end_user_id=eu_", "end_user_id"), ("end_user_id=eu_a/b", "end_user_id"),
        ("end_user_id=rec_abc", "end_user_id"), ("recording_id=eu_abc", "recording_id"),
        ("recording_id=rec_a%00", "recording_id"), ("q=%00", "q"), ("q=" + "x" * 201, "q"), ("q=%FF", "q"),
        ("q=a&q=b", "q"), ("cursor=", "cursor"), ("cursor=abc", "cursor"), ("cursor=a.b", "cursor"),
        ("cursor=" + "x" * 2_049, "cursor"), ("active_after=2026-05-20T10:00:00", "active_after"),
        ("active_before=yesterday", "active_before"),
    ],
)  # fmt: skip
def test_an_invalid_parameter_is_400_and_named(client: httpx.Client, query: str, param: str) -> None:
    answer = client.get("/v1/ask/sessions?" + query)
    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["code"], error["param"]) == ("invalid_request", param)


def test_unknown_parameters_are_ignored(client: httpx.Client) -> None:
    assert client.get("/v1/ask/sessions?colour=red&colour=&x=%FF").status_code == 200


def test_activity_windows_include_their_start_and_exclude_their_end(library: Library) -> None:
    session = library.session(library.user())

    def found(**params: str) -> list[str]:
        return ids_of(library.client.get("/v1/ask/sessions", params=params))

    assert found(active_after="2000-01-01T00:00:00Z", active_before="2999-01-01T00:00:00+02:00") == [session["id"]]
    assert found(active_after="2999-01-01T00:00:00Z") == []
    assert found(active_before="2000-01-01T00:00:00Z") == []
