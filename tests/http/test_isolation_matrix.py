"""Every route × every kind of credential × every owner's objects: `isolation.py` has the table.

A new route needs a row there (see CONTRIBUTING.md), or the first test fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import httpx
import pytest

from earmark.api.edge.app import create_app
from earmark.storage.query import Compiled
from tests.http.credentials import Credential
from tests.http.isolation import (
    IN_PATHS,
    OUTSIDE_V1,
    OWNERS,
    ROWS,
    Expected,
    Objects,
    Row,
    World,
    expected,
    make_world,
)
from tests.server import Server


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    return make_world(server)


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as one:
        yield one


def test_every_route_has_a_row(server: Server) -> None:
    paths = httpx.get(server.base_url + "/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}
    assert routes - {row.route for row in ROWS} - OUTSIDE_V1 == set(), "add rows to tests/http/isolation.py"
    assert {row.route for row in ROWS} <= routes


def owners_for(row: Row, who: Credential) -> tuple[str, ...]:
    if row.names in ("nothing", "project", "same for all"):
        return ("own",)
    return ("own", "absent") if who.is_narrow else OWNERS


def tried_on(world: World) -> list[Credential]:
    """Return the credentials to try: on PostgreSQL without those that differ in scopes only, which no database sees."""
    is_sqlite = world.server.place.database_url is None
    return [who for who in world.credentials if is_sqlite or not who.is_narrow]


def send(client: httpx.Client, world: World, row: Row, who: Credential, owner: str, *, fresh: bool) -> httpx.Response:
    theirs = world.objects(row, owner, fresh=fresh)
    home = theirs if owner == who.home else world.objects(row, who.home, fresh=fresh)
    ids = {name: getattr(theirs, attribute) for name, attribute in IN_PATHS.items() if f"{{{name}}}" in row.path}
    if row.names == "object of home" and ids:
        first = next(iter(sorted(ids, key=row.path.index)))
        ids[first] = getattr(home, IN_PATHS[first])
    body = None if row.body is None else row.body(theirs, home)
    answer = client.request(
        row.method,
        row.path.format(**ids),
        json=body,
        params=None if row.query is None else row.query(theirs),
        headers=who.headers,
    )
    if row.route == "POST /v1/webhook-endpoints" and answer.status_code == 201:  # a project has few
        assert client.delete(f"{row.path}/{answer.json()['id']}", headers=who.headers).status_code == 204
    if row.route == "POST /v1/end-users" and answer.status_code == 201:
        world.fresh.append((who.home, Objects(client, answer.json()["id"])))
    return answer


def without_its_id(answer: httpx.Response) -> bytes:
    """Return the body without the request's own id."""
    return answer.content.replace(answer.headers["x-request-id"].encode(), b"req_")


def check(answer: httpx.Response, want: Expected, world: World, where: str) -> None:
    assert answer.status_code == want.status, f"{where}: {answer.status_code} {answer.text}"
    if want.code is not None:
        error = answer.json()["error"]
        assert error["code"] == want.code, where
        assert error.get("details") == (None if want.missing is None else {"scope": want.missing}), where
    elif want.data_of is not None and "data" in (shown := answer.json() if answer.content else {}):
        seen = {world.owner_of(one) for one in shown["data"]}
        assert seen <= want.data_of, f"{where}: {seen}"
        assert bool(seen) is bool(want.data_of), where


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_each_credential_reaches_what_it_should_and_nothing_else(client: httpx.Client, world: World, row: Row) -> None:
    refused: dict[str, set[bytes]] = {}
    for who in tried_on(world):
        for owner in owners_for(row, who):
            want = expected(row, who, owner)
            answer = send(client, world, row, who, owner, fresh=row.changes and want.code is None)
            check(answer, want, world, f"{row.id}, {who.name}, {owner}")
            if want.status in (401, 404) and want.code is not None:
                group = "401" if want.status == 401 else f"404 {who.name}"
                refused.setdefault(group, set()).add(without_its_id(answer))
            if want.data_of == frozenset():
                refused.setdefault(f"empty {who.name}", set()).add(answer.content)
    for group, bodies in refused.items():
        assert len(bodies) == 1, f"{group} tells one kind of absence from another: {bodies}"


PATH_ROWS = [row for row in ROWS if "{" in row.path and row.names == "object"]


_statements_run: ContextVar[list[str] | None] = ContextVar("_statements_run", default=None)


async def _statements(client: httpx.AsyncClient, row: Row, objects: Any) -> list[str]:
    """Return the SQL that the server runs for a request about these objects, without that of its sweeps."""
    ids = {name: getattr(objects, attribute) for name, attribute in IN_PATHS.items()}
    run: list[str] = []
    _statements_run.set(run)
    body = None if row.body is None else row.body(objects, None)
    answer = await client.request(row.method, row.path.format(**ids), json=body)
    assert answer.status_code in (403, 404)
    _statements_run.set(None)
    return run


async def test_the_database_does_the_same_work_for_anothers_object_as_for_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same statements, so that neither response nor duration reveals that the object exists."""
    who = next(one for one in world.credentials if one.name == "bound secret key")
    arguments = Compiled.arguments

    def note(compiled: Compiled, *params: Any) -> list[Any]:
        run = _statements_run.get()
        if run is not None:
            run.append(compiled.sql)
        return arguments(compiled, *params)

    monkeypatch.setattr(Compiled, "arguments", note)
    # counting requests sometimes queries the database
    limits = {"rate_limit_overall": 0, "rate_limit_uploads": 0, "rate_limit_transcriptions": 0}
    app = create_app(world.server.place.settings.model_copy(update=limits))
    headers = {"Authorization": f"Bearer {who.secret}"}
    transport, count = httpx.ASGITransport(app), 0
    async with (
        app.opened(),
        httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client,
    ):
        for row in PATH_ROWS:
            foreign = await _statements(client, row, world.owners["other_user"])
            assert foreign == await _statements(client, row, world.owners["absent"]), row.id
            count += len(foreign)
    assert count > len(PATH_ROWS) / 2


def test_refused_requests_changed_nothing(world: World) -> None:
    """Runs last: refused requests changed nothing, and allowed ones only their own new objects."""
    assert {owner: world.owners[owner].dump() for owner in world.before} == world.before


def test_a_cursor_is_invalid_for_other_callers(client: httpx.Client, world: World) -> None:
    """A cursor works only with the credential that it was issued to, or one with the same access."""
    good = [who for who in world.credentials if who.is_valid_at("v1") and who.may("recordings:read")]
    cursors = {}
    for who in good:
        page = client.get("/v1/recordings", params={"limit": 1}, headers=who.headers).json()
        if page["next_cursor"] is not None:
            cursors[who.name] = page["next_cursor"]
    tried = 0
    for whose in good:
        for who in good:
            is_same = (whose.sees, whose.is_bound) == (who.sees, who.is_bound)
            if whose.name in cursors and not is_same:
                answer = client.get("/v1/recordings", params={"cursor": cursors[whose.name]}, headers=who.headers)
                assert answer.status_code == 400, (whose.name, who.name)
                assert json.loads(answer.content)["error"]["param"] == "cursor"
                tried += 1
    assert tried > 10
