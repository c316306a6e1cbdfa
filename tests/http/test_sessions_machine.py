"""The sessions list against a plain-Python reference, with random creates, sends, renames, deletes and walks."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.http.conftest import Library
from tests.server import Server, new_project

TITLES = st.text(alphabet="aAbBßſsSİiΣσς%_\\*\"' 会議é\u0301", min_size=1, max_size=6).filter(lambda text: text.strip())
NEEDLES = st.text(alphabet="aAbBßſsSİiΣσς%_\\*\"' 会議é\u0301", max_size=2)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "end_user": st.integers(0, 1),
        "scope_type": st.sampled_from(["library", "recording", "selected", "folder"]),
        "recording": st.integers(0, 1),
        "q": NEEDLES,
    },
)


def fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@dataclass
class Modelled:
    """A session in the reference."""

    id: str
    user: int
    scope_type: str
    recordings: tuple[int, ...]
    title: str


@dataclass
class Walk:
    """A traversal in progress."""

    filters: dict[str, Any]
    limit: int
    cursor: str
    expected: set[str]  # present at the start and unchanged since
    seen: list[str] = field(default_factory=list)


class SessionsList(RuleBasedStateMachine):
    """The reference is `self.order`: newest activity first."""

    client: httpx.Client

    def begin(self) -> None:
        self.library = Library(self.client)
        self.users = [self.library.user() for _ in range(2)]
        self.recordings = [self.library.recording(self.users[0]) for _ in range(2)]
        self.order: list[Modelled] = []
        self.walks: list[Walk] = []

    # ---- changes -----------------------------------------------------------------------------------

    @rule(user=st.integers(0, 1), title=TITLES, kind=st.sampled_from(["library", "recording", "selected"]))
    def create(self, user: int, title: str, kind: str) -> None:
        named = () if kind == "library" else (user,) if kind == "recording" else (1, 0)
        user = 0 if named else user
        ids = [self.recordings[one] for one in named]
        scopes = {
            "library": {"type": "library"},
            "recording": {"type": "recording", "recording_id": (ids or [""])[0]},
            "selected": {"type": "selected", "recording_ids": ids},
        }
        made = self.library.session(self.users[user], scope=scopes[kind], title=title)
        self.order.insert(0, Modelled(made["id"], user, kind, named, made["title"]))

    def _touch(self, session: Modelled) -> None:
        for walk in self.walks:
            walk.expected.discard(session.id)

    @precondition(lambda self: any(one.scope_type == "library" for one in self.order))
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from([one for one in self.order if one.scope_type == "library"]))
        answer = self.client.post(f"/v1/ask/sessions/{session.id}/messages", json={"content": "anything new?"})
        assert answer.status_code == 200
        self._touch(session)
        self.order.remove(session)
        self.order.insert(0, session)

    @precondition(lambda self: self.order)
    @rule(data=st.data(), title=TITLES)
    def rename(self, data: st.DataObject, title: str) -> None:
        session = data.draw(st.sampled_from(self.order))
        session.title = self.client.patch(f"/v1/ask/sessions/{session.id}", json={"title": title}).json()["title"]
        self._touch(session)

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(self.order))
        assert self.client.delete(f"/v1/ask/sessions/{session.id}").status_code == 204
        self._touch(session)
        self.order.remove(session)

    # ---- looks -------------------------------------------------------------------------------------

    def _matching(self, filters: dict[str, Any]) -> list[str]:
        def is_in(one: Modelled) -> bool:
            return (
                filters.get("end_user", one.user) == one.user
                and filters.get("scope_type", one.scope_type) == one.scope_type
                and ("recording" not in filters or filters["recording"] in one.recordings)
                and fold(filters.get("q", "")) in fold(one.title)
            )

        return [one.id for one in self.order if is_in(one)]

    def _get(self, filters: dict[str, Any], limit: int, cursor: str | None) -> dict[str, Any]:
        params: dict[str, Any] = {"limit": limit}
        if "end_user" in filters:
            params["end_user_id"] = self.users[filters["end_user"]]
        if "recording" in filters:
            params["recording_id"] = self.recordings[filters["recording"]]
        params |= {name: filters[name] for name in ("scope_type", "q") if name in filters}
        answer = self.client.get("/v1/ask/sessions", params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        assert (page["next_cursor"] is not None) is page["has_more"]
        assert len(page["data"]) <= limit
        return page

    @rule(filters=FILTERS, limit=st.integers(1, 100))
    def first_page_is_the_reference(self, filters: dict[str, Any], limit: int) -> None:
        page = self._get(filters, limit, None)
        expected = self._matching(filters)
        assert [row["id"] for row in page["data"]] == expected[:limit]
        assert page["has_more"] is (len(expected) > limit)

    @rule(filters=FILTERS, limit=st.integers(1, 3))
    def start_a_walk(self, filters: dict[str, Any], limit: int) -> None:
        page = self._get(filters, limit, None)
        if page["has_more"]:
            seen = [row["id"] for row in page["data"]]
            self.walks.append(Walk(filters, limit, page["next_cursor"], set(self._matching(filters)), seen))

    @precondition(lambda self: self.walks)
    @rule(data=st.data())
    def walk_on(self, data: st.DataObject) -> None:
        walk = data.draw(st.sampled_from(self.walks))
        page = self._get(walk.filters, walk.limit, walk.cursor)
        walk.seen += [row["id"] for row in page["data"]]
        assert len(set(walk.seen)) == len(walk.seen), "a row came twice"
        if page["has_more"]:
            walk.cursor = page["next_cursor"]
            return
        self.walks.remove(walk)
        assert walk.expected <= set(walk.seen), "a row that nobody touched was skipped"


def test_the_list_equals_a_reference_implementation_over_thousands_of_steps(server: Server) -> None:
    class Fresh(SessionsList):
        @initialize()
        def start(self) -> None:
            self.client = server.client(new_project(server.place).live)
            self.begin()

        def teardown(self) -> None:
            self.client.close()

    run_state_machine_as_test(
        Fresh,
        settings=settings(
            max_examples=50, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
