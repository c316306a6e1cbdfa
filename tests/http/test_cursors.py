"""Cursors are valid only for the list, caller and filters that they were issued for."""

from __future__ import annotations

import random
import re

import httpx
import pytest

from tests.http.conftest import Library, error_of
from tests.server import ProjectKeys, Server, new_bound_key, new_project


@pytest.fixture
def walked(library: Library) -> tuple[Library, str, str]:
    """A library with five sessions of one user, the user, and the cursor after two."""
    user = library.user()
    for number in range(5):
        library.session(user, title=f"Session {number}")
    cursor = library.client.get("/v1/ask/sessions?limit=2").json()["next_cursor"]
    return library, user, cursor


def assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 400, answer.text
    assert error_of(answer)["param"] == "cursor"


@pytest.mark.sqlite_suffices
def test_a_cursor_is_made_of_url_safe_characters(walked: tuple[Library, str, str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,2048}", walked[2])


def test_a_cursor_may_be_used_with_another_limit_and_again(walked: tuple[Library, str, str]) -> None:
    library, _, cursor = walked
    for limit in (1, 3, 100, 3):
        page = library.client.get("/v1/ask/sessions", params={"limit": limit, "cursor": cursor}).json()
        assert page["data"][0]["title"] == "Session 2"


def test_a_cursor_is_refused_with_other_filters_lists_and_callers(
    server: Server, project: ProjectKeys, walked: tuple[Library, str, str]
) -> None:
    library, user, cursor = walked
    for params in ({"q": "Session"}, {"end_user_id": user}, {"scope_type": "library"}):
        assert_refused(library.client.get("/v1/ask/sessions", params={"cursor": cursor, **params}))
    for path in ("/v1/recordings", "/v1/end-users", "/v1/transcriptions"):
        assert_refused(library.client.get(path, params={"cursor": cursor}))
    with server.client(new_bound_key(server.place, project.id, user)) as bound:
        assert_refused(bound.get("/v1/ask/sessions", params={"cursor": cursor}))
    with server.client(project.test) as other_mode:
        assert_refused(other_mode.get("/v1/ask/sessions", params={"cursor": cursor}))
    with server.client(new_project(server.place).live) as other_project:
        assert_refused(other_project.get("/v1/ask/sessions", params={"cursor": cursor}))


@pytest.mark.sqlite_suffices
def test_a_cursor_with_any_one_character_changed_is_refused(walked: tuple[Library, str, str]) -> None:
    library, _, cursor = walked
    for index in range(len(cursor)):
        for other in ("A" if cursor[index] != "A" else "B", "."):
            if cursor[index] != other:
                changed = cursor[:index] + other + cursor[index + 1 :]
                assert_refused(library.client.get("/v1/ask/sessions", params={"cursor": changed}))


@pytest.mark.sqlite_suffices
def test_two_thousand_mutated_cursors_are_refused(walked: tuple[Library, str, str]) -> None:
    library, _, cursor = walked
    dice = random.Random(20261125)
    alphabet = "ABCXYZabcxyz0189_.-=+/%é "
    for _ in range(2_000):
        letters = list(cursor)
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(letters))
            action = dice.randrange(3)
            if action == 0:
                letters[place] = dice.choice(alphabet)
            elif action == 1:
                letters.insert(place, dice.choice(alphabet))
            else:
                del letters[place]
        changed = "".join(letters)
        if changed != cursor:
            assert_refused(library.client.get("/v1/ask/sessions", params={"cursor": changed}))


def test_other_lists_take_an_offset_for_old_clients(library: Library) -> None:
    users = [library.user() for _ in range(30)][::-1]
    page = library.client.get("/v1/end-users?offset=2").json()
    assert [row["id"] for row in page["data"]] == users[2:27]
    assert page["has_more"] is True
    rest = library.client.get("/v1/end-users", params={"cursor": page["next_cursor"], "limit": 50}).json()
    assert [row["id"] for row in rest["data"]] == users[27:]


def test_a_cursor_with_an_offset_is_refused_for_that_reason(library: Library) -> None:
    for _ in range(2):
        library.user()
    cursor = library.client.get("/v1/end-users", params={"limit": 1}).json()["next_cursor"]
    refused = library.client.get("/v1/end-users", params={"limit": 1, "offset": 1, "cursor": cursor})
    assert (refused.status_code, error_of(refused)["param"]) == (400, "cursor")
    assert "can't be combined" in error_of(refused)["message"]
