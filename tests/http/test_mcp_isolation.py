"""Every tool × every kind of credential × every owner's objects, as `isolation.py` does it for routes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

import httpx
import pytest

from earmark.identity.keys import CredentialKind
from earmark.mcp.catalogue import TOOLS
from tests.assistants import call_of, post, rpc
from tests.http.credentials import Credential
from tests.http.isolation import OWNERS, QUESTION, World, make_world
from tests.server import Server

Arguments = Callable[[Any], dict[str, Any]]
READS = ("recordings:read", "transcriptions:read")


@dataclass(frozen=True)
class Row:
    """A tool, the scopes that it needs, and the arguments that name an owner's object; None: it names none."""

    tool: str
    scopes: tuple[str, ...]
    arguments: Arguments | None = None
    common: tuple[tuple[str, Any], ...] = ()
    is_projects: bool = False


def _id(name: str) -> Arguments:
    return lambda owner: {"id": getattr(owner, name)}


ROWS = [
    Row("ask", ("ask:write",), common=(("question", QUESTION["content"]),)),
    Row("ask", ("ask:write",), lambda o: {"recording_ids": [o.recording]}, (("question", QUESTION["content"]),)),
    Row("ask", ("ask:write",), lambda o: {"session_id": o.session}, (("question", QUESTION["content"]),)),
    Row("ask", ("ask:write", "folders:read"), lambda o: {"folder_id": o.folder}, (("question", QUESTION["content"]),)),
    Row("search", ("recordings:read",), common=(("query", "lantern"),)),
    Row("search_moments", ("recordings:read",), lambda o: {"recording_ids": [o.recording]}, (("query", "lantern"),)),
    Row("search_moments", ("recordings:read", "folders:read"), lambda o: {"folder_id": o.folder},
        (("query", "lantern"),)),
    Row("fetch", READS, _id("recording")),
    Row("fetch", READS, lambda o: {"id": f"{o.recording}@4500"}),
    Row("get_my_transcript", READS, _id("recording")),
    Row("get_my_summary", ("summaries:read",), _id("summary")),
    Row("list_my_recordings", ("recordings:read",)),
    Row("get_my_recording", ("recordings:read",), _id("recording")),
    Row("list_my_folders", ("folders:read",)),
    Row("list_my_ask_sessions", ("ask:read",)),
    Row("get_my_ask_session", ("ask:read",), _id("session")),
    Row("list_end_users", ("end_users:read",), is_projects=True),
    Row("get_end_user", ("end_users:read",), _id("user"), is_projects=True),
    Row("list_recordings", ("recordings:read",), is_projects=True),
    Row("get_recording", ("recordings:read",), _id("recording"), is_projects=True),
    Row("create_transcription", ("transcriptions:write",), lambda o: {"recording_id": o.recording}, is_projects=True),
    Row("create_summary", ("summaries:write",), lambda o: {"transcription_id": o.transcription},
        (("prompt", "What was said about lanterns?"),), is_projects=True),
    Row("list_webhooks", ("webhooks:read",), is_projects=True),
    Row("trigger_webhook_event", ("webhooks:write",), lambda o: {"endpoint_id": o.endpoint}, is_projects=True),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    return make_world(server)


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as one:
        yield one


def test_every_tool_has_a_row() -> None:
    assert {tool.name for tool in TOOLS} == {row.tool for row in ROWS}


def test_every_kind_of_credential_is_tried(world: World) -> None:
    """Codes, refresh tokens and shared links are none: they are exchanged, or open a page."""
    never = {"code", "oauth_code", "oauth_refresh", "share"}
    assert {who.kind for who in world.credentials if who.is_good} == set(get_args(CredentialKind)) - never


def send(client: httpx.Client, who: Credential, body: Any) -> httpx.Response:
    return post(client, body, **who.headers)


def outcome(answer: httpx.Response) -> tuple[str, str]:
    """Return how a call ended, and the text of its answer without the request's id."""
    text = answer.text.replace(answer.headers["x-request-id"], "req_")
    if answer.status_code in (401, 403):
        return f"{answer.status_code} {answer.json()['error'].get('details', {}).get('scope', '')}".strip(), text
    assert answer.status_code == 200, answer.text
    document = json.loads(next(line[6:] for line in answer.text.splitlines() if line.startswith("data: {"))
                          if "event-stream" in answer.headers["content-type"] else answer.text)  # fmt: skip
    if "error" in document:
        return str(document["error"]["code"]), text
    result = document["result"]
    if result["isError"]:
        return str(json.loads(result["content"][0]["text"])["error"]["code"]), text
    return "ok", text


def expected(row: Row, who: Credential, person: str, owner: str | None) -> str:
    """Return how a call must end that names `person` as the end user, and an object of `owner`."""
    if not who.is_valid_at("mcp"):
        return "401"
    if row.is_projects and who.is_bound:
        return "-32602"
    missing = [scope for scope in row.scopes if not who.may(scope)]
    if missing:
        return f"403 {missing[0]}"
    if row.is_projects:
        return "ok" if owner is None or owner in who.sees else "not_found"
    acts_for = who.home if who.is_bound else person
    if acts_for not in who.sees:
        return "not_found"
    return "ok" if owner in (None, acts_for) else "not_found"


def cases(row: Row, who: Credential) -> Iterator[tuple[str, str | None]]:
    """Yield whom a request names as the end user, and whose object it names."""
    owners = ("own", "absent") if who.is_narrow else OWNERS
    for owner in owners:
        yield owner, owner if row.arguments else None
        if row.arguments and owner != who.home:
            yield who.home, owner


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.tool} {row.scopes} {row.arguments is not None}")
def test_each_credential_reaches_what_it_should_and_nothing_else(client: httpx.Client, world: World, row: Row) -> None:
    refused: dict[str, set[str]] = {}
    for who in world.credentials:
        for person, owner in cases(row, who):
            named = {} if owner is None or row.arguments is None else row.arguments(world.owners[owner])
            whose = {} if row.is_projects else {"end_user_id": world.owners[person].user}
            answer = send(client, who, call_of(row.tool, **whose, **named, **dict(row.common)))
            want = expected(row, who, person, owner)
            ended, text = outcome(answer)
            where = f"{row.tool} by {who.name} for {person}, of {owner}: {ended} {text}"
            assert ended == want, where
            check_nothing_of_others(world, who, json.dumps([named, whose]), text, where)
            if want == "not_found":
                refused.setdefault(f"{who.name} {person == owner}", set()).add(text)
    for who_is, texts in refused.items():
        assert len(texts) == 1, f"{who_is} can tell one kind of absence from another: {texts}"


def check_nothing_of_others(world: World, who: Credential, sent: str, text: str, where: str) -> None:
    for owner in OWNERS:
        if owner not in who.sees and owner != "absent":
            objects = world.owners[owner]
            for one in (objects.user, objects.recording, objects.session, objects.folder):
                assert one in sent or one not in text, where


def test_lists_hold_what_the_caller_may_see(client: httpx.Client, world: World) -> None:
    for who in world.credentials:
        listed = send(client, who, rpc("tools/list"))
        if not who.is_valid_at("mcp"):
            assert listed.status_code == 401
            continue
        names = {tool["name"] for tool in listed.json()["result"]["tools"]}
        assert names == {tool.name for tool in TOOLS if (not tool.is_project_wide or not who.is_bound)
                         and all(who.may(scope) for scope in tool.scopes)}  # fmt: skip
        seen = send(client, who, rpc("resources/list")).json()["result"]["resources"]
        if not who.may("recordings:read"):
            assert seen == []
        found = {one["uri"].split("/")[3] for one in seen}
        assert found <= {world.owners[owner].recording for owner in who.sees}
        assert bool(found) is who.may("recordings:read")


def test_transcripts_are_read_by_their_owners_only(client: httpx.Client, world: World) -> None:
    for who in world.credentials:
        for owner in ("own", "absent") if who.is_narrow else OWNERS:
            uri = f"earmark://recordings/{world.owners[owner].recording}/transcript"
            answer = send(client, who, rpc("resources/read", {"uri": uri}))
            missing = [scope for scope in READS if not who.may(scope)]
            if not who.is_valid_at("mcp"):
                assert answer.status_code == 401
            elif missing:
                assert answer.json()["error"]["details"] == {"scope": missing[0]}
            else:
                assert ("result" in answer.json()) is (owner in who.sees), (who.name, owner)


def test_a_cursor_is_another_persons_only_by_name(client: httpx.Client, world: World) -> None:
    """A page's cursor continues the list of the person for whom it was made, and no other's."""
    secret = next(one for one in world.credentials if one.name == "secret key")
    own, other = world.owners["own"].user, world.owners["other_user"].user
    for _ in range(2):
        world.owners["own"].library.recording(own)
    page = send(client, secret, call_of("list_my_recordings", limit=1, end_user_id=own)).json()
    cursor = page["result"]["structuredContent"]["next_cursor"]
    for person, want in ((own, "ok"), (other, "invalid_request")):
        again = call_of("list_my_recordings", limit=1, end_user_id=person, cursor=cursor)
        assert outcome(send(client, secret, again))[0] == want
