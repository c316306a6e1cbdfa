"""The access table: every route's requirements, every kind of credential, and several owners' objects.

`ROWS` is the table. A row has the scopes that a route needs and the objects it names; `expected` derives from it
the response for each credential and owner, independently of the server's code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Literal

import httpx

from earmark.identity.keys import create_key, revoke_key
from earmark.identity.projects import create_project, get_tenant
from earmark.identity.tokens import issue_token
from earmark.identity.types import Mode
from earmark.library.end_users import get_end_user
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library
from tests.server import Server

AREAS = ("recordings", "transcriptions", "end_users", "summaries", "ask", "folders", "webhooks")
SCOPES = [f"{area}:{access}" for area in AREAS for access in ("read", "write")]
ALL = frozenset(SCOPES)
TOKEN_SCOPES = frozenset({"ask:write", "folders:write", "recordings:read", "transcriptions:read", "end_users:read"})
_numbers = count()
QUESTION = {"content": "When is the launch of the lantern?"}


class Objects:
    """One end user's objects, created on first use."""

    def __init__(self, client: httpx.Client, user: str | None = None) -> None:
        self.client = client
        self.library = Library(client)
        if user is not None:
            self.user = user

    @cached_property
    def user(self) -> str:
        return self.library.user()

    @cached_property
    def recording(self) -> str:
        made = self.library.recording(self.user, TALK)
        begun = self.client.post(f"/v1/recordings/{made}/upload-url", json={"content_type": "audio/ogg"}).json()
        httpx.put(begun["upload_url"], content=b"sound", headers=begun["headers"])
        completed = self.client.post(f"/v1/recordings/{made}/upload-complete")
        assert completed.status_code == 200, completed.text
        return made

    @cached_property
    def transcription(self) -> str:
        recording = self.client.get(f"/v1/recordings/{self.recording}").json()
        return str(recording["transcription_id"])

    @cached_property
    def session(self) -> str:
        body = {"scope": {"type": "recording", "recording_id": self.recording}, "initial_message": QUESTION}
        answer = self.client.post("/v1/ask/sessions", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["session_id"])

    @cached_property
    def message(self) -> str:
        return str(self.client.get(f"/v1/ask/sessions/{self.session}/messages").json()["data"][0]["id"])

    @cached_property
    def folder(self) -> str:
        made = self.client.post("/v1/folders", json={"end_user_id": self.user, "name": "Lanterns"}).json()["id"]
        put = self.client.put(f"/v1/folders/{made}/recordings/{self.recording}")
        assert put.status_code == 200, put.text
        return str(made)

    def dump(self) -> list[Any]:
        """Return the current state of all objects."""
        paths = [f"end-users/{self.user}", f"recordings/{self.recording}", f"transcriptions/{self.transcription}",
                 f"ask/sessions/{self.session}", f"ask/sessions/{self.session}/messages", f"folders/{self.folder}",
                 f"folders/{self.folder}/recordings"]  # fmt: skip
        answers = [self.client.get(f"/v1/{path}") for path in paths]
        assert {one.status_code for one in answers} == {200}
        return [one.json() for one in answers]


class Absent:
    """Well-formed ids of objects that never existed."""

    def __getattr__(self, name: str) -> str:
        prefixes = {"user": "eu", "recording": "rec", "transcription": "txn", "session": "as", "message": "msg",
                    "folder": "fld"}  # fmt: skip
        return f"{prefixes[name]}_{'x' * 24}"


IN_PATHS = {"end_user_id": "user", "recording_id": "recording", "transcription_id": "transcription",
            "session_id": "session", "message_id": "message", "folder_id": "folder"}  # fmt: skip
"""Which object stands for a path's parameter."""


@dataclass(frozen=True)
class Credential:
    """An `Authorization` value and the access that it should have."""

    name: str
    secret: str | None
    home: str  # the owner that it acts for, or names
    sees: frozenset[str] = frozenset()
    scopes: frozenset[str] = ALL
    is_bound: bool = False
    is_good: bool = True
    is_narrow: bool = False  # tested with fewer owners, because only its scopes differ

    def may(self, scope: str) -> bool:
        return scope in self.scopes or scope.replace(":read", ":write") in self.scopes


Named = Literal["nothing", "object", "object of home", "filter", "owner", "owner filter"]


@dataclass(frozen=True)
class Row:
    """A route's scopes and the objects that it names.

    `names`:
        nothing: no object; everybody with the scope gets `ok`.
        object: an object of `owner` in path or body; 404 unless the credential sees that owner.
        object of home: an object of `owner` beside one of the credential's own; 404 unless they are the same's.
        filter: an object of `owner` in the query; an empty page unless the credential sees that owner.
        owner, owner filter: an `end_user_id` in body or query; those of one end user ignore it.
    """

    route: str
    scope: str | None
    names: Named = "nothing"
    ok: int = 200
    body: Callable[[Any, Any], Any] | None = None  # of (the owner's objects, the credential's own)
    query: Callable[[Any], Mapping[str, Any]] | None = None
    is_project_wide: bool = False
    also: tuple[str, ...] = ()  # further scopes that the named objects need
    needs_fresh_user: bool = False

    @property
    def method(self) -> str:
        return self.route.split()[0]

    @property
    def path(self) -> str:
        return self.route.split()[1]

    @property
    def id(self) -> str:
        return f"{self.route} names {self.names}"

    @property
    def changes(self) -> bool:
        return self.method != "GET" and self.path != "/v1/recordings/search"


LIBRARY = {"type": "library"}
EXPORTED_LIBRARY = {"type": "library", "recording_ids": [], "recording_title": None}
ROWS = [
    # Ask sessions
    Row("GET /v1/ask/sessions", "ask:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/ask/sessions", "ask:read", "owner filter", query=lambda o: {"end_user_id": o.user}),
    Row("GET /v1/ask/sessions", "ask:read", "filter", query=lambda o: {"recording_id": o.recording}),
    Row("POST /v1/ask/sessions", "ask:write", "owner", 201, lambda o, _: {"scope": LIBRARY, "end_user_id": o.user}),
    Row("POST /v1/ask/sessions", "ask:write", "object", 201,
        lambda o, _: {"scope": {"type": "recording", "recording_id": o.recording}}),
    Row("POST /v1/ask/sessions", "ask:write", "object of home", 201,
        lambda o, h: {"scope": {"type": "selected", "recording_ids": [o.recording]}, "end_user_id": h.user}),
    Row("POST /v1/ask/sessions", "ask:write", "object of home", 201, also=("folders:read",),
        body=lambda o, h: {"scope": {"type": "folder", "folder_id": o.folder}, "end_user_id": h.user}),
    Row("GET /v1/ask/sessions/{session_id}", "ask:read", "object"),
    Row("PATCH /v1/ask/sessions/{session_id}", "ask:write", "object", body=lambda *_: {"title": "Renamed"}),
    Row("DELETE /v1/ask/sessions/{session_id}", "ask:write", "object", 204),
    Row("GET /v1/ask/sessions/{session_id}/export", "ask:read", "object"),
    Row("GET /v1/ask/sessions/{session_id}/export", "ask:read", "object", query=lambda _: {"format": "json"}),
    Row("POST /v1/ask/sessions/import", "ask:write", "owner", 201,
        lambda o, _: {"end_user_id": o.user, "format": "earmark.ask-session/1", "title": f"Imported {next(_numbers)}", "scope": EXPORTED_LIBRARY,
                      "created_at": "2026-05-20T10:23:45Z", "messages": []}),
    Row("POST /v1/ask/sessions/import", "ask:write", "owner", 201, also=("folders:read",),
        body=lambda o, _: {"end_user_id": o.user, "format": "earmark.ask-session/1", "title": f"Imported {next(_numbers)}",
                           "scope": {**EXPORTED_LIBRARY, "type": "folder", "folder_id": o.folder},
                           "created_at": "2026-05-20T10:23:45Z", "messages": []}),
    Row("GET /v1/ask/sessions/{session_id}/messages", "ask:read", "object", query=lambda _: {"include": "sources"}),
    Row("POST /v1/ask/sessions/{session_id}/messages", "ask:write", "object", body=lambda *_: QUESTION),
    Row("POST /v1/ask/sessions/{session_id}/messages", "ask:write", "object of home",
        body=lambda o, _: {**QUESTION, "context_refs": [{"type": "recording", "id": o.recording}]}),
    Row("GET /v1/ask/sessions/{session_id}/messages/{message_id}", "ask:read", "object"),
    Row("GET /v1/ask/sessions/{session_id}/messages/{message_id}", "ask:read", "object of home"),
    Row("POST /v1/ask/sessions/{session_id}/messages/{message_id}/regenerate", "ask:write", "object"),
    Row("POST /v1/ask/sessions/{session_id}/messages/{message_id}/regenerate", "ask:write", "object of home"),
    Row("GET /v1/ask/sessions/{session_id}/messages/{message_id}/events", "ask:read", "object"),
    Row("GET /v1/ask/sessions/{session_id}/messages/{message_id}/events", "ask:read", "object of home"),
    Row("POST /v1/ask/sessions/{session_id}/messages/{message_id}/cancel", "ask:write", "object"),
    Row("POST /v1/ask/sessions/{session_id}/messages/{message_id}/cancel", "ask:write", "object of home"),
    Row("GET /v1/ask/sessions/{session_id}/suggestions", "ask:read", "object"),
    Row("GET /v1/ask/suggestions", "ask:read", "owner", query=lambda o: {"end_user_id": o.user}),
    Row("GET /v1/usage", "ask:read", is_project_wide=True),
    # Recordings
    Row("POST /v1/recordings", "recordings:write", "owner", 201, lambda o, _: {"end_user_id": o.user}),
    Row("GET /v1/recordings", "recordings:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/recordings", "recordings:read", "owner filter", query=lambda o: {"end_user_id": o.user}),
    Row("GET /v1/recordings", "recordings:read", "filter", query=lambda o: {"folder_id": o.folder},
        also=("folders:read",)),
    Row("POST /v1/recordings/search", "recordings:read", "owner",
        body=lambda o, _: {"query": "lantern", "end_user_id": o.user}),
    Row("POST /v1/recordings/search", "recordings:read", "object of home",
        body=lambda o, h: {"query": "lantern", "end_user_id": h.user, "recording_ids": [o.recording]}),
    Row("POST /v1/recordings/search", "recordings:read", "object of home", also=("folders:read",),
        body=lambda o, h: {"query": "lantern", "end_user_id": h.user, "folder_id": o.folder}),
    Row("GET /v1/recordings/{recording_id}", "recordings:read", "object"),
    Row("PATCH /v1/recordings/{recording_id}", "recordings:write", "object", body=lambda *_: {"name": "Renamed"}),
    Row("DELETE /v1/recordings/{recording_id}", "recordings:write", "object", 204),
    Row("PUT /v1/recordings/{recording_id}/transcript", "transcriptions:write", "object",
        body=lambda *_: {"segments": TALK[:1]}),
    Row("POST /v1/recordings/{recording_id}/upload-url", "recordings:write", "object",
        body=lambda *_: {"content_type": "audio/ogg"}),
    Row("POST /v1/recordings/{recording_id}/upload-complete", "recordings:write", "object", body=lambda *_: {}),
    Row("GET /v1/recordings/{recording_id}/download-url", "recordings:read", "object"),
    Row("POST /v1/recordings/{recording_id}/download-url", "recordings:read", "object", body=lambda *_: {}),
    Row("GET /v1/transcriptions", "transcriptions:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/transcriptions", "transcriptions:read", "filter", query=lambda o: {"recording_id": o.recording}),
    Row("GET /v1/transcriptions/{transcription_id}", "transcriptions:read", "object"),
    # Folders
    Row("POST /v1/folders", "folders:write", "owner", 201, lambda o, _: {"end_user_id": o.user, "name": "Lanterns"}),
    Row("GET /v1/folders", "folders:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/folders", "folders:read", "owner filter", query=lambda o: {"end_user_id": o.user}),
    Row("GET /v1/folders/{folder_id}", "folders:read", "object"),
    Row("PATCH /v1/folders/{folder_id}", "folders:write", "object", body=lambda *_: {"name": "Renamed"}),
    Row("DELETE /v1/folders/{folder_id}", "folders:write", "object", 204),
    Row("GET /v1/folders/{folder_id}/recordings", "folders:read", "object", also=("recordings:read",)),
    Row("PUT /v1/folders/{folder_id}/recordings/{recording_id}", "folders:write", "object"),
    Row("PUT /v1/folders/{folder_id}/recordings/{recording_id}", "folders:write", "object of home"),
    Row("DELETE /v1/folders/{folder_id}/recordings/{recording_id}", "folders:write", "object", 204),
    Row("DELETE /v1/folders/{folder_id}/recordings/{recording_id}", "folders:write", "object of home", 204),
    # End users
    Row("POST /v1/end-users", "end_users:write", ok=201, body=lambda *_: {}, is_project_wide=True),
    Row("GET /v1/end-users", "end_users:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/end-users/{end_user_id}", "end_users:read", "object"),
    Row("PATCH /v1/end-users/{end_user_id}", "end_users:write", "object", body=lambda *_: {"name": "Renamed"},
        is_project_wide=True, needs_fresh_user=True),
    Row("DELETE /v1/end-users/{end_user_id}", "end_users:write", "object", 204, is_project_wide=True,
        needs_fresh_user=True),
    Row("POST /v1/end-users/{end_user_id}/tokens", "end_users:write", "object", 201, is_project_wide=True,
        needs_fresh_user=True),
    Row("DELETE /v1/end-users/{end_user_id}/tokens", "end_users:write", "object", 204, is_project_wide=True,
        needs_fresh_user=True),
    # Without authentication
    Row("POST /v1/console/sign-in", None, ok=400, body=lambda *_: {"code": 5}),
]  # fmt: skip
OUTSIDE_V1 = {"GET /health", "GET /ready", "GET /v1/media/{media_id}", "PUT /v1/media/{media_id}"}
"""Without a credential; the addresses of media are signed, which `test_media.py` is about."""


@dataclass(frozen=True)
class Expected:
    """The expected response. `data_of`: the owner of a page's rows, if it is a page."""

    status: int
    code: str | None = None
    missing: str | None = None
    data_of: frozenset[str] | None = None


def expected(row: Row, who: Credential, owner: str) -> Expected:
    """Return the response that the contract demands for `who` and an object of `owner`."""
    if row.scope is None:
        return Expected(row.ok)
    if not who.is_good:
        return Expected(401, "unauthorized")
    missing = [scope for scope in (row.scope, *row.also) if not who.may(scope)]
    if missing[:1] == [row.scope]:
        return Expected(403, "forbidden", missing[0])
    if row.is_project_wide and who.is_bound:
        return Expected(403, "forbidden")
    if missing:
        return Expected(403, "forbidden", missing[0])
    if row.names == "nothing":
        return Expected(row.ok, data_of=who.sees)
    if row.names.startswith("owner") and who.is_bound:
        return Expected(row.ok, data_of=frozenset({who.home}))
    reach = frozenset({who.home}) if row.names == "object of home" else who.sees
    if row.names.endswith("filter"):
        return Expected(row.ok, data_of=reach & {owner})
    return Expected(row.ok) if owner in reach else Expected(404, "not_found")


@dataclass
class World:
    """Four owners with every kind of object, and every kind of credential."""

    server: Server
    owners: dict[str, Any]
    keys: dict[str, str]  # each owner's project key
    credentials: list[Credential]
    before: dict[str, list[Any]] = field(default_factory=dict)
    fresh: list[tuple[str, Objects]] = field(default_factory=list)

    def owner_of(self, shown: Mapping[str, Any]) -> str:
        """Return the owner of a list's row."""
        user = shown["id"] if shown.get("id", "").startswith("eu_") else shown.get("end_user_id")
        for owner, objects in [*self.owners.items(), *self.fresh]:
            if owner != "absent":
                has = vars(objects)  # what was made; asking for more would make it
                if user in (has.get("user"), None) and shown.get("recording_id") in (has.get("recording"), None):
                    return owner
        return f"nobody we know ({shown.get('id')})"

    def objects(self, row: Row, owner: str, *, fresh: bool) -> Any:
        """Return an owner's objects; new ones if the request changes them."""
        if not fresh or owner == "absent":
            return self.owners[owner]
        standing = self.owners[owner]
        made = Objects(standing.client, None if row.needs_fresh_user else standing.user)
        self.fresh.append((owner, made))
        return made


OWNERS = ("own", "other_user", "other_mode", "other_project", "absent")


def make_world(server: Server) -> World:
    """Create everything, over HTTP where a route exists."""

    async def make_projects(runtime: Runtime) -> dict[str, tuple[str, Mode, str]]:
        found: dict[str, tuple[str, Mode, str]] = {}
        here, elsewhere = [await create_project(runtime.operator, name) for name in ("here", "elsewhere")]
        for owner, project_id, mode in (("own", here.id, "live"), ("other_mode", here.id, "test"),
                                        ("other_project", elsewhere.id, "live")):  # fmt: skip
            tenant = await get_tenant(runtime.operator, project_id, mode)  # type: ignore[arg-type]
            found[owner] = (project_id, mode, (await create_key(tenant)).secret)  # type: ignore[assignment]
        return found

    projects = server.place.run(make_projects)
    projects["other_user"] = projects["own"]
    owners: dict[str, Any] = {owner: Objects(server.client(key)) for owner, (_, _, key) in projects.items()}
    before = {owner: one.dump() for owner, one in owners.items()}
    owners["absent"] = Absent()
    keys = {owner: key for owner, (_, _, key) in projects.items()}
    return World(server, owners, keys, _credentials(server, projects, owners), before)


def _credentials(
    server: Server, projects: dict[str, tuple[str, Mode, str]], owners: dict[str, Any]
) -> list[Credential]:
    whole, mine = frozenset({"own", "other_user"}), frozenset({"own"})

    async def make(runtime: Runtime) -> list[Credential]:
        tenant = await get_tenant(runtime.operator, projects["own"][0], "live")
        user = await get_end_user(tenant, owners["own"].user)
        bound = (user.id, user.number)
        revoked = await create_key(tenant)
        await revoke_key(tenant, revoked.id)
        found = [
            Credential("secret key", projects["own"][2], "own", whole),
            Credential("bound secret key", (await create_key(tenant, end_user=bound)).secret, "own", mine, is_bound=True),
            Credential("restricted key with every scope", (await create_key(tenant, scopes=ALL)).secret, "own", whole),
            Credential("bound restricted key", (await create_key(tenant, scopes=ALL, end_user=bound)).secret, "own", mine,
                       is_bound=True),
            Credential("end-user token", (await issue_token(tenant, bound)).secret, "own", mine, TOKEN_SCOPES,
                       is_bound=True),
            Credential("test key", projects["other_mode"][2], "other_mode", frozenset({"other_mode"})),
            Credential("other project's key", projects["other_project"][2], "other_project",
                       frozenset({"other_project"})),
        ]  # fmt: skip
        for scopes in [(), *((scope,) for scope in SCOPES)]:
            held = frozenset(scopes)
            secret = (await create_key(tenant, scopes=held)).secret
            found.append(Credential(f"restricted key with {scopes}", secret, "own", whole, held, is_narrow=True))
        bad = {
            "revoked key": revoked.secret,
            "expired key": (await create_key(tenant, expires_us=1)).secret,
            "unknown key": "sk_live_" + "x" * 43,
            "malformed key": "sk_live_x",
            "no key": None,
        }
        return found + [Credential(name, secret, "own", is_good=False, is_narrow=True) for name, secret in bad.items()]

    return server.place.run(make)
