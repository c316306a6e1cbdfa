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
from urllib.parse import parse_qsl, urlsplit

import httpx

from earmark.clock import now_us, render_time
from earmark.identity.access_tokens import USUAL_SCOPES, create_access_token
from earmark.identity.console_sessions import create_console_session
from earmark.identity.keys import create_key
from earmark.identity.projects import create_project, get_tenant
from earmark.identity.types import Mode
from earmark.library.end_users import get_end_user
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library
from tests.http.credentials import VERIFIER, Credential, challenge_of, make_credentials
from tests.server import Server, wait_until

_numbers = count()
NOBODY = "http://127.0.0.1:40998/hook"
"""A receiver that isn't there."""
ENDPOINT = {"url": NOBODY, "events": ["summary.started"]}
SCHEMA = {"type": "object", "properties": {"lanterns": {"type": "array", "items": {"type": "string"}}}}
QUESTION = {"content": "When is the launch of the lantern?"}


_clients: dict[str, str] = {}
"""The assistant that is registered at each server: an address may register only some."""


def link_of(base_url: str) -> dict[str, str]:
    """Return an assistant's link, which asks a server for access."""
    callback = "http://127.0.0.1/callback"
    if base_url not in _clients:
        made = httpx.post(f"{base_url}/oauth/register", json={"redirect_uris": [callback]})
        assert made.status_code == 201, made.text
        _clients[base_url] = made.json()["client_id"]
    return {"client_id": _clients[base_url], "redirect_uri": callback, "response_type": "code",
            "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256",
            "resource": f"{base_url}/mcp"}  # fmt: skip


class Objects:
    """One end user's objects, created on first use."""

    section = "processing"

    def __init__(
        self,
        client: httpx.Client,
        user: str | None = None,
        make_token: Callable[[str], str] | None = None,
        make_console_session: Callable[[str], str] | None = None,
    ) -> None:
        self.client = client
        self.make_token = make_token
        self.make_console_session = make_console_session
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

    @cached_property
    def imported(self) -> str:
        made = self.client.post("/v1/imports", json={"end_user_id": self.user, "file_name": "talk.vtt"})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    @cached_property
    def endpoint(self) -> str:
        """One of the project's, which may have only a few: from some number on, the newest."""
        there = self.client.get("/v1/webhook-endpoints").json()["data"]
        if len(there) >= 10:
            return str(there[0]["id"])
        made = self.client.post("/v1/webhook-endpoints", json=ENDPOINT)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    @cached_property
    def delivery(self) -> str:
        made = self.client.post(f"/v1/webhook-endpoints/{self.endpoint}/test")
        assert made.status_code == 202, made.text
        return str(made.json()["id"])

    @cached_property
    def summary(self) -> str:
        body = {"transcription_id": self.transcription, "template_id": "tmpl_general_notes"}
        made = self.client.post("/v1/summaries", json=body)
        assert made.status_code == 201, made.text
        path = f"/v1/summaries/{made.json()['id']}"
        wait_until(lambda: self.client.get(path).json()["status"] == "completed")
        return str(made.json()["id"])

    @cached_property
    def template(self) -> str:
        body = {"name": "Lanterns", "instructions": "Be brief.", "schema": SCHEMA}
        made = self.client.post("/v1/summary-templates", json=body)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    @cached_property
    def access_token(self) -> str:
        assert self.make_token is not None
        return self.make_token(self.user)

    @cached_property
    def console_session(self) -> str:
        assert self.make_console_session is not None
        return self.make_console_session(self.user)

    @property
    def link(self) -> dict[str, str]:
        """An assistant's link, which asks for access."""
        return link_of(str(self.client.base_url).rstrip("/"))

    @cached_property
    def grant(self) -> str:
        """Access that an assistant has to the end user's recordings."""
        before = {one["id"] for one in self._grants()}
        body = {**self.link, "approved": True, "end_user_id": self.user}
        decided = self.client.post("/v1/oauth/consents", json=body)
        assert decided.status_code == 200, decided.text
        code = dict(parse_qsl(urlsplit(decided.json()["redirect_to"]).query))["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
                **{name: body[name] for name in ("client_id", "redirect_uri")}}  # fmt: skip
        given = httpx.post(f"{str(self.client.base_url).rstrip('/')}/oauth/token", data=form)
        assert given.status_code == 200, given.text
        (made,) = [one["id"] for one in self._grants() if one["id"] not in before]
        return str(made)

    def _grants(self) -> list[Any]:
        return list(self.client.get("/v1/oauth/grants", params={"limit": 100}).json()["data"])

    @cached_property
    def key(self) -> str:
        made = self.client.post("/v1/keys", json={"label": "Billing", "scopes": ["ask:read"], "end_user_id": self.user})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    @cached_property
    def share(self) -> str:
        """A link to the chat."""
        for shown in ({"recording_id": self.recording}, {"session_id": self.session}):  # a list has both
            made = self.client.post("/v1/shares", json=shown)
            assert made.status_code == 201, made.text
        return str(made.json()["id"])

    @cached_property
    def project(self) -> str:
        return str(self.client.get(f"/v1/end-users/{self.user}").json()["project_id"])

    def dump(self) -> list[Any]:
        """Return the current state of all objects."""
        paths = [f"end-users/{self.user}", f"recordings/{self.recording}", f"transcriptions/{self.transcription}",
                 f"ask/sessions/{self.session}", f"ask/sessions/{self.session}/messages", f"folders/{self.folder}",
                 f"folders/{self.folder}/recordings", f"imports/{self.imported}", f"summaries/{self.summary}",
                 f"end-users/{self.user}/config/processing", f"end-users/{self.user}/config/retention"]  # fmt: skip
        answers = [self.client.get(f"/v1/{path}") for path in paths]
        assert {one.status_code for one in answers} == {200}
        return [one.json() for one in answers]


class Absent:
    """Well-formed ids of objects that never existed."""

    section = "processing"

    def __getattr__(self, name: str) -> str:
        prefixes = {"user": "eu", "recording": "rec", "transcription": "txn", "session": "as", "message": "msg",
                    "folder": "fld", "imported": "imp", "endpoint": "we", "delivery": "dlv", "summary": "sum",
                    "template": "tmpl", "access_token": "key", "grant": "grt", "share": "shr", "key": "key", "console_session": "key", "project": "proj"}  # fmt: skip
        return f"{prefixes[name]}_{'x' * 24}"


IN_PATHS = {"end_user_id": "user", "recording_id": "recording", "transcription_id": "transcription",
            "session_id": "session", "message_id": "message", "folder_id": "folder", "import_id": "imported",
            "endpoint_id": "endpoint", "delivery_id": "delivery", "summary_id": "summary",
            "template_id": "template", "token_id": "access_token", "grant_id": "grant", "share_id": "share", "key_id": "key", "console_session_id": "console_session", "project_id": "project",
            "section": "section"}  # fmt: skip
"""Which object stands for a path's parameter."""


Named = Literal[
    "nothing",
    "project",
    "object of project",
    "same for all",
    "object",
    "project in path",
    "object of home",
    "filter",
    "owner",
    "owner filter",
]


@dataclass(frozen=True)
class Row:
    """A route's scopes and the objects that it names.

    `names`:
        nothing: no object; everybody with the scope gets `ok`.
        project: what a project's callers share.
        object of project: such an object in the path; 404 unless the credential is of the owner's project and mode.
        object: an object of `owner` in path or body; 404 unless the credential sees that owner.
        object of home: an object of `owner` beside one of the credential's own; 404 unless they are the same's.
        same for all: nothing that is anybody's.
        project in path: the project of `owner`; 404 unless it is the credential's own, in either mode.
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
    is_persons: bool = False  # only for unrestricted keys of one end user
    is_unrestricted: bool = False  # neither for tokens nor for restricted keys
    also: tuple[str, ...] = ()  # further scopes that the named objects need
    either: tuple[str, ...] = ()  # scopes of which it needs one
    hidden_without: str | None = None  # the scope without which the object is not there for the caller
    needs_fresh_user: bool = False
    is_nobodys: bool = False  # its rows are the server's

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
    Row("GET /v1/ask/search", "ask:read", "owner filter", query=lambda o: {"end_user_id": o.user, "q": "lantern"}),
    Row("GET /v1/ask/suggestions", "ask:read", "owner", query=lambda o: {"end_user_id": o.user}),
    Row("GET /v1/usage", "ask:read", is_project_wide=True),
    # Recordings
    Row("POST /v1/recordings", "recordings:write", "owner", 201, lambda o, _: {"end_user_id": o.user}),
    Row("GET /v1/recordings", "recordings:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/recordings", "recordings:read", "owner filter", query=lambda o: {"end_user_id": o.user}),
    Row("GET /v1/recordings", "recordings:read", "owner filter",
        query=lambda o: {"end_user_id": o.user, "sort": "recorded_at", "include": "local_time"}),
    Row("GET /v1/recordings", "recordings:read", "owner filter", also=("transcriptions:read",),
        query=lambda o: {"end_user_id": o.user, "speaker": "Ada", "sort": "name"}),
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
    Row("POST /v1/transcriptions", "transcriptions:write", "object", 201, lambda o, _: {"recording_id": o.recording}),
    Row("POST /v1/recordings/{recording_id}/transcribe", "transcriptions:write", "object", 201, body=lambda *_: {}),
    Row("GET /v1/transcriptions/engines", "transcriptions:read", is_nobodys=True),
    Row("GET /v1/transcriptions/{transcription_id}", "transcriptions:read", "object"),
    Row("GET /v1/transcriptions/{transcription_id}/export", "transcriptions:read", "object"),
    Row("GET /v1/transcriptions/{transcription_id}", "transcriptions:read", "object",
        query=lambda _: {"include": "partial"}),
    Row("PATCH /v1/transcriptions/{transcription_id}", "transcriptions:write", "object",
        body=lambda *_: {"revision": 1, "speakers": {"Ada": "Augusta"}}),
    Row("GET /v1/transcriptions/{transcription_id}/history", "transcriptions:read", "object"),
    Row("GET /v1/speakers", "transcriptions:read", "owner filter", query=lambda o: {"end_user_id": o.user}),
    Row("PATCH /v1/speakers", "transcriptions:write", "owner",
        body=lambda o, _: {"name": "Nobody", "new_name": "Somebody", "end_user_id": o.user}),
    Row("PATCH /v1/speakers", "transcriptions:write", "object of home",
        body=lambda o, h: {"name": "Linus", "new_name": "Torvald", "end_user_id": h.user,
                           "recording_ids": [o.recording]}),
    Row("POST /v1/transcriptions/{transcription_id}/cancel", "transcriptions:write", "object"),
    Row("POST /v1/transcripts/inspect", "transcriptions:write", body=lambda *_: {"segments": TALK[:1]}),
    # Summaries
    Row("POST /v1/summaries", "summaries:write", "object", 201,
        lambda o, _: {"transcription_id": o.transcription, "template_id": "tmpl_sales_call"}),
    Row("GET /v1/summaries", "summaries:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/summaries", "summaries:read", "filter", query=lambda o: {"recording_id": o.recording}),
    Row("GET /v1/summaries", "summaries:read", "filter", query=lambda o: {"transcription_id": o.transcription}),
    Row("GET /v1/summaries/{summary_id}", "summaries:read", "object"),
    Row("PATCH /v1/summaries/{summary_id}", "summaries:write", "object", body=lambda *_: {"output": {"notes": "None."}}),
    Row("DELETE /v1/summaries/{summary_id}", "summaries:write", "object", 204),
    Row("POST /v1/summaries/{summary_id}/cancel", "summaries:write", "object", 409),
    Row("GET /v1/summary-items", "summaries:read", query=lambda _: {"limit": 100}),
    Row("GET /v1/summary-items", "summaries:read", "owner filter", query=lambda o: {"end_user_id": o.user}),
    Row("GET /v1/summary-templates", "summaries:read", "project"),
    Row("GET /v1/summary-templates/{template_id}", "summaries:read", "object of project"),
    Row("PATCH /v1/summary-templates/{template_id}", "summaries:write", "object of project",
        body=lambda *_: {"name": "Renamed"}, is_project_wide=True),
    Row("DELETE /v1/summary-templates/{template_id}", "summaries:write", "object of project", 204,
        is_project_wide=True),
    Row("POST /v1/summary-templates", "summaries:write", "project", 201, is_project_wide=True,
        body=lambda *_: {"name": "Lanterns", "instructions": "Be brief.", "schema": SCHEMA}),
    # Imports
    Row("POST /v1/imports", "recordings:write", "owner", 201, also=("transcriptions:write",),
        body=lambda o, _: {"end_user_id": o.user, "file_name": "export.zip"}),
    Row("POST /v1/imports", "recordings:write", "object of home", 201, also=("transcriptions:write", "folders:write"),
        body=lambda o, h: {"end_user_id": h.user, "file_name": "export.zip", "folder_id": o.folder}),
    Row("GET /v1/imports", "recordings:write", query=lambda _: {"limit": 100}, also=("transcriptions:write",)),
    Row("GET /v1/imports", "recordings:write", "owner filter", query=lambda o: {"end_user_id": o.user},
        also=("transcriptions:write",)),
    Row("GET /v1/imports/{import_id}", "recordings:write", "object", also=("transcriptions:write",)),
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
    # Webhooks
    Row("GET /v1/webhook-endpoints/{endpoint_id}", "webhooks:read", "object", is_project_wide=True),
    Row("GET /v1/webhook-endpoints", "webhooks:read", query=lambda _: {"limit": 100}, is_project_wide=True),
    Row("GET /v1/webhook-endpoints/{endpoint_id}/deliveries", "webhooks:read", "object", is_project_wide=True),
    Row("GET /v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}", "webhooks:read", "object",
        is_project_wide=True),
    Row("POST /v1/webhook-endpoints", "webhooks:write", ok=201, body=lambda *_: ENDPOINT, is_project_wide=True),
    Row("PATCH /v1/webhook-endpoints/{endpoint_id}", "webhooks:write", "object", body=lambda *_: {"description": "Ours"},
        is_project_wide=True),
    Row("POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret", "webhooks:write", "object",
        body=lambda *_: {"grace_seconds": 0}, is_project_wide=True),
    Row("POST /v1/webhook-endpoints/{endpoint_id}/revoke-previous-secret", "webhooks:write", "object", ok=409,
        is_project_wide=True),
    Row("POST /v1/webhook-endpoints/{endpoint_id}/test", "webhooks:write", "object", 202, is_project_wide=True),
    Row("POST /v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/resend", "webhooks:write", "object", 202,
        is_project_wide=True),
    Row("POST /v1/webhook-endpoints/{endpoint_id}/recover", "webhooks:write", "object", 202,
        body=lambda *_: {"since": render_time(now_us() - 60_000_000)}, is_project_wide=True),
    Row("DELETE /v1/webhook-endpoints/{endpoint_id}", "webhooks:write", "object", 204, is_project_wide=True),
    # Access tokens
    Row("POST /v1/access-tokens", "", ok=201, body=lambda *_: {"name": "Laptop"}, is_persons=True),
    Row("GET /v1/access-tokens", "", is_persons=True),
    Row("DELETE /v1/access-tokens/{token_id}", "", "object", 204, is_persons=True),
    # Keys and the audit trail
    Row("POST /v1/keys", "", ok=201, body=lambda *_: {"label": "Billing"}, is_project_wide=True, is_unrestricted=True),
    Row("POST /v1/keys", "", "object", 201, lambda o, _: {"end_user_id": o.user}, is_project_wide=True,
        is_unrestricted=True),
    Row("GET /v1/keys", "", "same for all", is_project_wide=True, is_unrestricted=True),
    Row("DELETE /v1/keys/{key_id}", "", "object", 204, is_project_wide=True, is_unrestricted=True),
    Row("GET /v1/limits", "", "same for all", is_project_wide=True, is_unrestricted=True),
    Row("GET /v1/models", "ask:read", "same for all"),
    Row("GET /v1/models/servers", "", "same for all", is_project_wide=True, is_unrestricted=True),
    Row("POST /v1/models/test", "", "same for all", body=lambda *_: {"provider": "earmark"}, is_project_wide=True,
        is_unrestricted=True),
    Row("GET /v1/audit-events", "", "same for all", is_project_wide=True, is_unrestricted=True),
    # Console sessions
    Row("GET /v1/console/sessions", "", query=lambda _: {"limit": 100}, is_unrestricted=True),
    Row("DELETE /v1/console/sessions/{console_session_id}", "", "object", 204, is_unrestricted=True),
    # Shared links
    Row("POST /v1/shares", "ask:read", "object", 201, lambda o, _: {"session_id": o.session}),
    Row("POST /v1/shares", "recordings:read", "object", 201, lambda o, _: {"recording_id": o.recording},
        also=("transcriptions:read",)),
    Row("POST /v1/shares", "recordings:read", "object", 201,
        lambda o, _: {"recording_id": o.recording, "start_ms": 0, "end_ms": 5_000, "with_audio": True}),
    Row("GET /v1/shares", "", query=lambda _: {"limit": 100}, either=("ask:read", "recordings:read")),
    Row("GET /v1/shares", "", "owner filter", query=lambda o: {"end_user_id": o.user},
        either=("ask:read", "recordings:read")),
    Row("GET /v1/shares/{share_id}", "", "object", either=("ask:read", "recordings:read"),
        hidden_without="ask:read"),
    Row("DELETE /v1/shares/{share_id}", "", "object", 204, either=("ask:read", "recordings:read"),
        hidden_without="ask:read"),
    # OAuth
    Row("GET /v1/oauth/consents", "", "nothing", 400, is_nobodys=True, is_unrestricted=True),
    Row("POST /v1/oauth/consents", "", "owner", body=lambda o, h: {**h.link, "approved": True, "end_user_id": o.user},
        is_unrestricted=True),
    Row("GET /v1/oauth/grants", "", is_unrestricted=True),
    Row("DELETE /v1/oauth/grants/{grant_id}", "", "object", 204, is_unrestricted=True),
    # Configuration
    Row("GET /v1/config/schema", "config:read", "same for all"),
    Row("GET /v1/config/schema/{section}", "config:read", "same for all"),
    Row("GET /v1/config/processing", "config:read"),
    Row("GET /v1/config/retention", "config:read"),
    Row("GET /v1/end-users/{end_user_id}/config/processing", "config:read", "object"),
    Row("GET /v1/end-users/{end_user_id}/config/retention", "config:read", "object"),
    Row("PUT /v1/projects/{project_id}/config/processing", "config:write", "project in path", body=lambda *_: {},
        is_project_wide=True),
    Row("PUT /v1/projects/{project_id}/config/retention", "config:write", "project in path", body=lambda *_: {},
        is_project_wide=True),
    Row("PUT /v1/end-users/{end_user_id}/config/processing", "config:write", "object",
        body=lambda *_: {}),
    Row("PUT /v1/end-users/{end_user_id}/config/retention", "config:write", "object",
        body=lambda *_: {"audio_days": 30}, is_project_wide=True, needs_fresh_user=True),
    # Without authentication
    Row("POST /v1/console/sign-in", None, ok=400, body=lambda *_: {"code": 5}),
    Row("GET /v1/console/sign-in", None),
    Row("POST /v1/console/setup", None, ok=400, body=lambda *_: {"code": 5}),
]  # fmt: skip
OUTSIDE_V1 = {"GET /", "GET /health", "GET /ready", "GET /v1/media/{media_id}", "PUT /v1/media/{media_id}",
              "PUT /v1/imports/{import_id}/content", "GET /oauth/authorize", "POST /oauth/authorize",
              "POST /oauth/token", "POST /oauth/revoke", "POST /oauth/register",
              "GET /.well-known/oauth-protected-resource/mcp", "GET /.well-known/oauth-authorization-server"}  # fmt: skip
"""Without a credential; `test_oauth.py` and `test_oauth_hostile.py` are about OAuth's; the addresses of uploads are signed: `test_media.py` and `test_imports.py` are about them."""


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
    if not who.is_valid_at("v1"):
        return Expected(401, "unauthorized")
    return _refused(row, who) or _of_project(row, who, owner) or _of_person(row, who, owner)


def _refused(row: Row, who: Credential) -> Expected | None:
    """Return the refusal of a credential that may not use the route at all."""
    missing = [scope for scope in (row.scope, *row.also) if scope and not who.may(scope)]
    if row.either and not any(map(who.may, row.either)):
        return Expected(403, "forbidden", row.either[0])
    if row.hidden_without is not None and not who.may(row.hidden_without):
        return Expected(404, "not_found")
    if row.scope and missing[:1] == [row.scope]:
        return Expected(403, "forbidden", missing[0])
    if row.is_persons and not (who.is_bound and who.is_unrestricted):
        return Expected(403, "forbidden")
    if row.is_unrestricted and not who.is_unrestricted:
        return Expected(403, "forbidden")
    if row.is_project_wide and who.is_bound:
        return Expected(403, "forbidden")
    return Expected(403, "forbidden", missing[0]) if missing else None


def _of_project(row: Row, who: Credential, owner: str) -> Expected | None:
    """Return the response where the route names nobody, or something of a project."""
    if row.names in ("project", "same for all"):
        return Expected(row.ok)
    if row.names == "project in path":
        of_here = {"own", "other_user", "other_mode"}
        is_own = owner == who.home or {owner, who.home} <= of_here
        return Expected(row.ok) if is_own else Expected(404, "not_found")
    if row.names == "object of project":
        shared = ("own", "other_user") if who.home == "own" else (who.home,)
        return Expected(row.ok) if owner in shared else Expected(404, "not_found")
    if row.names == "nothing":
        return Expected(row.ok, data_of=None if row.is_nobodys else who.sees)
    return None


def _of_person(row: Row, who: Credential, owner: str) -> Expected:
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
        """Return the owner of a list's row; a project's own is whoever's of the project finds it."""
        if str(shown.get("id", "")).startswith("we_"):
            path = f"/v1/webhook-endpoints/{shown['id']}"
            found = [
                owner for owner, one in self.owners.items() if owner != "absent" and one.client.get(path).is_success
            ]
            return found[0] if found else "nobody we know"
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
        made = Objects(
            standing.client, None if row.needs_fresh_user else standing.user, standing.make_token,
            standing.make_console_session,
        )  # fmt: skip
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
    owners: dict[str, Any] = {
        owner: Objects(
            server.client(key),
            make_token=_token_maker(server, project_id, mode),
            make_console_session=_session_maker(server, project_id, mode),
        )
        for owner, (project_id, mode, key) in projects.items()
    }
    before = {owner: one.dump() for owner, one in owners.items()}
    assert all(one.grant and one.share and one.console_session for one in owners.values())  # a list of them has rows
    owners["absent"] = Absent()
    keys = {owner: key for owner, (_, _, key) in projects.items()}
    return World(server, owners, keys, make_credentials(server.place, projects, owners["own"].user), before)


def _token_maker(server: Server, project_id: str, mode: Mode) -> Callable[[str], str]:
    """Return what makes an access token of an end user and returns its id."""

    async def make(runtime: Runtime, user_id: str) -> str:
        tenant = await get_tenant(runtime.operator, project_id, mode)
        user = await get_end_user(tenant, user_id)
        owner = tenant.acting_for(user.id, user.number)
        return (await create_access_token(owner, "Laptop", scopes=USUAL_SCOPES, expires_us=None, actor="tests")).id

    return lambda user_id: server.place.run(lambda runtime: make(runtime, user_id))


def _session_maker(server: Server, project_id: str, mode: Mode) -> Callable[[str], str]:
    """Return what signs an end user in to the console and returns the session's id."""

    async def make(runtime: Runtime, user_id: str) -> str:
        tenant = await get_tenant(runtime.operator, project_id, mode)
        user = await get_end_user(tenant, user_id)
        bound = (user.id, user.number)
        return (await create_console_session(tenant, end_user=bound, label="Laptop", actor="tests")).id

    return lambda user_id: server.place.run(lambda runtime: make(runtime, user_id))
