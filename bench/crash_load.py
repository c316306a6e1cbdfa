"""One person's load, and a ledger of what was acknowledged or left undecided."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

WORDS = (
    "launch price lantern battery garden budget review contract sailor meadow violin teacher harbour winter "
    "pepper engine ticket mirror orchard signal"
).split()
MOST = 8
SETTLES_S = 25.0  # both leases of a killed server have expired by then


@dataclass
class Thing:
    """The expected state of a session, recording or folder.

    Args:
        names: possible names: several after a rename without a response.
        is_sure: False after a delete without a response.
        words: for recordings: possible transcripts.
        answers: for sessions: acknowledged answers.
        members: for folders: recordings in it; False if undecided.
    """

    names: set[str]
    is_sure: bool = True
    words: set[str] = field(default_factory=set)
    answers: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, bool] = field(default_factory=dict)
    rests_until: float = 0.0


@dataclass
class Pending:
    """A create without a response, to be retried with its key."""

    kind: str
    body: dict[str, Any]
    key: str
    sent: float


PATHS = {"session": "/v1/ask/sessions", "recording": "/v1/recordings", "folder": "/v1/folders"}


class Faults(list[str]):
    """The faults found, appended by all persons' threads."""


class Person:
    """Sends one random request after another as one end user."""

    def __init__(self, number: int, end_user_id: str, faults: Faults) -> None:
        self.random = random.Random(number)
        self.end_user_id = end_user_id
        self.faults = faults
        self.things: dict[str, dict[str, Thing]] = {kind: {} for kind in PATHS}
        self.pending: list[Pending] = []
        self.acknowledged = 0

    # ---- load ---------------------------------------------------------------------------------------

    def work(self, client: httpx.Client, stop: threading.Event) -> None:
        """Send requests until stopped, or until the server is gone."""
        steps = (self._create, self._create, self._transcribe, self._transcribe, self._ask, self._ask, self._ask,
                 self._rename, self._delete, self._file)  # fmt: skip
        while not stop.is_set():
            try:
                self.random.choice(steps)(client)
            except httpx.TransportError:
                return

    def _some(self, kind: str) -> tuple[str, Thing] | None:
        now = time.monotonic()
        able = [(one, thing) for one, thing in self.things[kind].items() if thing.is_sure and thing.rests_until < now]
        return self.random.choice(able) if able else None

    def _phrase(self, length: int) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(length))

    def _ok(self, answer: httpx.Response, *also: int) -> bool:
        if answer.is_success:
            self.acknowledged += answer.request.method != "GET"
            return True
        if answer.status_code not in also:
            self.faults.append(
                f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:200]}"
            )
        return False

    def _create(self, client: httpx.Client) -> None:
        kind = self.random.choice(tuple(PATHS))
        if len(self.things[kind]) + sum(one.kind == kind for one in self.pending) >= MOST:
            self._delete(client)
            return
        name = self._phrase(3)
        body: dict[str, Any] = {"end_user_id": self.end_user_id, "name": name}
        if kind == "session":
            body = {"end_user_id": self.end_user_id, "title": name, "scope": {"type": "library"}}
            if self.random.random() < 0.3:
                body["initial_message"] = {"content": f"What about the {self._phrase(2)}?"}
        self._send_create(client, Pending(kind, body, uuid4().hex, time.monotonic()))

    def _send_create(self, client: httpx.Client, asked: Pending) -> None:
        self.pending.append(asked)
        answer = client.post(PATHS[asked.kind], json=asked.body, headers={"Idempotency-Key": asked.key})
        if answer.status_code == 409:  # a killed server's lease: retry later
            asked.sent = time.monotonic()
            return
        self.pending.remove(asked)
        if not self._ok(answer):
            return
        made = answer.json()
        thing = Thing({str(asked.body.get("title") or asked.body.get("name"))})
        if "session_id" in made:
            thing.answers.append(made)
        self.things[asked.kind].setdefault(made.get("session_id") or made["id"], thing)

    def _transcribe(self, client: httpx.Client) -> None:
        chosen = self._some("recording")
        if chosen is None:
            return
        recording_id, thing = chosen
        lines = [f"We spoke of {self._phrase(self.random.randint(4, 30))}." for _ in range(self.random.randint(1, 12))]
        segments = [
            {"start": at * 5.0, "end": at * 5.0 + 4, "speaker": "Ada", "text": line} for at, line in enumerate(lines)
        ]
        before, text = thing.words, " ".join(lines)
        thing.words = {*(before or {""}), text}
        if self._ok(client.put(f"/v1/recordings/{recording_id}/transcript", json={"segments": segments})):
            thing.words = {text}
        else:
            thing.words = before

    def _ask(self, client: httpx.Client) -> None:
        chosen = self._some("session")
        if chosen is None or len(chosen[1].answers) > 20:
            return
        session_id, thing = chosen
        thing.rests_until = time.monotonic() + SETTLES_S
        question = f"What about the {self._phrase(2)}?"
        answer = client.post(f"/v1/ask/sessions/{session_id}/messages", json={"content": question})
        thing.rests_until = 0.0
        if self._ok(answer):
            thing.answers.append(answer.json())

    def _rename(self, client: httpx.Client) -> None:
        kind = self.random.choice(tuple(PATHS))
        chosen = self._some(kind)
        if chosen is None:
            return
        thing_id, thing = chosen
        before, name = thing.names, self._phrase(3)
        thing.names = {*before, name}
        body = {"title" if kind == "session" else "name": name}
        thing.names = {name} if self._ok(client.patch(f"{PATHS[kind]}/{thing_id}", json=body)) else before

    def _delete(self, client: httpx.Client) -> None:
        kind = self.random.choice(tuple(PATHS))
        chosen = self._some(kind) if len(self.things[kind]) > 2 else None
        if chosen is None:
            return
        thing_id, thing = chosen
        thing.is_sure = False
        if self._ok(client.delete(f"{PATHS[kind]}/{thing_id}")):
            self._forget(kind, thing_id)
        else:
            thing.is_sure = True

    def _forget(self, kind: str, thing_id: str) -> None:
        del self.things[kind][thing_id]
        for folder in self.things["folder"].values():
            folder.members.pop(thing_id, None)

    def _file(self, client: httpx.Client) -> None:
        folder, recording = self._some("folder"), self._some("recording")
        if folder is None or recording is None:
            return
        members, recording_id = folder[1].members, recording[0]
        is_in = recording_id in members
        members[recording_id] = False
        path = f"/v1/folders/{folder[0]}/recordings/{recording_id}"
        self._ok(client.delete(path) if is_in else client.put(path))
        if is_in:
            del members[recording_id]
        else:
            members[recording_id] = True

    # ---- after a restart ----------------------------------------------------------------------------

    def settle(self, client: httpx.Client, *, is_last: bool = False) -> None:
        """Compare the stored state with the acknowledged one; undecided changes take the stored state."""
        for asked in list(self.pending):
            if is_last or time.monotonic() - asked.sent > SETTLES_S:
                self.pending.remove(asked)
                self._send_create(client, asked)
        for kind, things in self.things.items():
            there = {
                row["id"]: row for row in self._rows(client, f"{PATHS[kind]}?end_user_id={self.end_user_id}&limit=100")
            }
            for thing_id, thing in list(things.items()):
                if thing_id in there:
                    self._compare(client, kind, thing, there[thing_id])
                else:
                    if thing.is_sure:
                        self.faults.append(f"{kind} {thing_id} was acknowledged and is lost")
                    self._forget(kind, thing_id)
            unknown = set(there) - set(things)
            if len(unknown) > sum(one.kind == kind for one in self.pending):
                self.faults.append(f"{kind}: {len(unknown)} that nobody was told of")

    def _rows(self, client: httpx.Client, path: str) -> list[dict[str, Any]]:
        answer = client.get(path)
        return list(answer.json()["data"]) if self._ok(answer) else []

    def _compare(self, client: httpx.Client, kind: str, thing: Thing, row: dict[str, Any]) -> None:
        name = row["title"] if kind == "session" else row["name"]
        if name not in thing.names:
            self.faults.append(f"{kind} {row['id']} has a name that it was not given last")
        thing.names, thing.is_sure = {name}, True
        compare = {
            "session": self._compare_session,
            "recording": self._compare_recording,
            "folder": self._compare_folder,
        }
        compare[kind](client, thing, row)

    def _compare_session(self, client: httpx.Client, thing: Thing, row: dict[str, Any]) -> None:
        messages = self._rows(client, f"/v1/ask/sessions/{row['id']}/messages?limit=100&include=sources")
        if len(messages) != row["message_count"]:
            self.faults.append(f"session {row['id']} counts {row['message_count']} messages and has {len(messages)}")
        stored = {one["id"]: one for one in messages}
        alive = set(self.things["recording"])
        for result in thing.answers:
            message = stored.get(result["message"]["id"])
            sources = [one for one in result["sources"] if one["recording_id"] in alive]
            if message is None:
                self.faults.append(f"session {row['id']} lost an answer")
            elif {**result["message"], "sources": None} != {**message, "sources": None}:
                self.faults.append(f"session {row['id']} has an answer that was another")
            elif any(one not in message["sources"] for one in sources if self._has_words(one)):
                self.faults.append(f"session {row['id']} has an answer without its sources")

    def _has_words(self, source: dict[str, Any]) -> bool:
        """Whether the recording's deletion is decided."""
        return self.things["recording"][source["recording_id"]].is_sure

    def _compare_recording(self, client: httpx.Client, thing: Thing, row: dict[str, Any]) -> None:
        text = ""
        if row["transcription_id"] is not None:
            answer = client.get(f"/v1/transcriptions/{row['transcription_id']}")
            text = answer.json()["text"] if self._ok(answer) else "?"
        if text not in (thing.words or {""}):
            self.faults.append(f"recording {row['id']} has a transcript that it was not given last")
        thing.words = {text} - {""}

    def _compare_folder(self, client: httpx.Client, thing: Thing, row: dict[str, Any]) -> None:
        there = {one["id"] for one in self._rows(client, f"/v1/folders/{row['id']}/recordings?limit=100")}
        sure = {one for one, is_sure in thing.members.items() if is_sure and self._is_sure(one)}
        if not sure <= there or not there <= set(thing.members):
            self.faults.append(f"folder {row['id']} has other recordings than were put into it")
        thing.members = dict.fromkeys(there, True)

    def _is_sure(self, recording_id: str) -> bool:
        thing = self.things["recording"].get(recording_id)
        return thing is not None and thing.is_sure
