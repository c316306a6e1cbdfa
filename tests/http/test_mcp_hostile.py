"""Hostile clients of MCP: mutated messages, batches, huge ids, deep nesting. No 5xx, and nothing leaked."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.assistants import ACCEPT, ERAS, call_of, post, rpc
from tests.http.conftest import TALK, Library
from tests.server import ProjectKeys, Server, new_bound_key

JSON = {**ACCEPT, "Content-Type": "application/json"}
SALT = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"{", b"[", b"]", b"}", b'"', b"\\u0000", b"\\ud800", b"1e999", b"-1", b"NaN",
        b"null", b"true", b"99999999999999999999999", b'"id":[],', b'"method":5,', b'"params":[],', b"," * 50,
        "\u202e\U0001f600".encode(), b"a" * 5_000, b"[" * 2_000, b'{"a":' * 300)  # fmt: skip
LEAKS = ("Traceback", "/src/", "site-packages", "sqlite", "pydantic", "sk_live_")


@pytest.fixture
def attacker(server: Server, project: ProjectKeys, library: Library) -> Iterator[tuple[httpx.Client, str]]:
    """A client with a bound key, and the id of another person's recording."""
    foreign = library.recording(library.user(), TALK, name="Board secret")
    with server.client(new_bound_key(server.place, project.id, library.user())) as client:
        yield client, foreign


def messages(foreign: str) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Return well-formed messages with their headers, in both eras."""
    found = []
    for one in (
        rpc("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}),
        rpc("tools/list"),
        rpc("resources/list"),
        rpc("prompts/get", {"name": "brief_me", "arguments": {"subject": "x"}}),
        rpc("resources/read", {"uri": f"earmark://recordings/{foreign}/transcript"}),
        rpc("server/discover"),
        call_of("search", query="lantern"),
        call_of("fetch", id=foreign),
        call_of("get_my_transcript", id=foreign, start_ms=5),
        call_of("list_my_recordings", limit=3),
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
    ):  # fmt: skip
        for era in ERAS:
            headers = {"Mcp-Protocol-Version": era}
            sent = one
            if era > "2026":
                meta = {"protocolVersion": era, "clientCapabilities": {}}
                wrapped = {f"io.modelcontextprotocol/{name}": value for name, value in meta.items()}
                sent = {**one, "params": {**one["params"], "_meta": wrapped}}
                headers |= {"Mcp-Method": one["method"]}
                name = one["params"].get("name") or one["params"].get("uri")
                headers |= {"Mcp-Name": name} if name else {}
            found.append((sent, headers))
    return found


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes cut, doubled, salted or with a byte changed, once or a few times."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        first, last = sorted(chance.choices(range(len(data) + 1), k=2))
        how = chance.randrange(4)
        if how == 0:
            data = data[:first] + data[last:]
        elif how == 1:
            data = data[:first] + data[first:last] * 2 + data[last:]
        elif how == 2:
            data = data[:first] + chance.choice(SALT) + data[first:]
        else:
            data = data[:first] + bytes([chance.randrange(256)]) + data[first + 1 :]
    return data


def check(answer: httpx.Response, sent: bytes, foreign: str) -> None:
    where = f"{answer.status_code} {answer.text[:500]} after {sent[:300]!r}"
    assert answer.status_code < 500, where
    assert "internal_error" not in answer.text, where
    assert "-32603" not in answer.text, where
    for secret in (*LEAKS, "Board secret", "ninth of June"):
        assert secret not in answer.text or secret.encode() in sent, where


def attack(client: httpx.Client, foreign: str, count: int, seed: int) -> set[int]:
    chance, statuses = random.Random(seed), set()
    well_formed = messages(foreign)
    for _ in range(count):
        message, headers = chance.choice(well_formed)
        sent = mutated(json.dumps(message).encode(), chance)
        answer = client.post("/mcp", content=sent, headers={**JSON, **headers})
        check(answer, sent, foreign)
        statuses.add(answer.status_code)
    return statuses


def test_well_formed_messages_are_answered(attacker: tuple[httpx.Client, str]) -> None:
    client, foreign = attacker
    for message, headers in messages(foreign):
        answer = client.post("/mcp", json=message, headers={**JSON, **headers})
        assert answer.status_code in (200, 202, 400, 404), answer.text
        check(answer, json.dumps(message).encode(), foreign)


def test_mutated_messages_break_nothing(attacker: tuple[httpx.Client, str]) -> None:
    statuses = attack(*attacker, 100, seed=1)
    assert {200, 400} <= statuses


@pytest.mark.slow
def test_a_thousand_mutated_messages_break_nothing(attacker: tuple[httpx.Client, str]) -> None:
    statuses = attack(*attacker, 1_000, seed=2)
    assert {200, 202, 400} <= statuses


WRONG: list[tuple[bytes, int]] = [
    (b"", -32700), (b"{", -32700), (b"\xff\xfe", -32700), (b"NaN", -32700),
    (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\u0000"}}', -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 5_000 + b"]" * 5_000 + b"}", -32700),
    (b"[]", -32600), (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600), (b'"ping"', -32600), (b"null", -32600),
    (b"{}", -32600), (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":1}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"result":{}}', -32600), (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":' + b"9" * 17 + b',"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":"' + b"9" * 257 + b'","method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":{}}', -32600),
]  # fmt: skip


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("sent", "code"), WRONG, ids=lambda one: str(one)[:50])
def test_what_is_no_message_is_refused_as_json_rpc_says(
    attacker: tuple[httpx.Client, str], sent: bytes, code: int, era: str
) -> None:
    answer = attacker[0].post("/mcp", content=sent, headers={**JSON, "Mcp-Protocol-Version": era})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["id"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": 5}, {"query": ["x"]}, {"query": "x" * 1_001}, {"query": None}, {}, {"query": ""},
        {"query": "x", "limit": 51}, {"query": "x", "limit": "3"}, {"query": "x", "limit": 1e300},
        {"query": "x", "recording_ids": []}, {"query": "x", "recording_ids": ["rec_" + "a" * 24] * 501},
        {"query": "x", "recording_ids": "rec_a"}, {"query": "x", "recorded_after": "yesterday"},
        {"query": "x", "speaker": {"a": 1}}, {"query": "x", "folder_id": "../../etc"},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_arguments_are_named(attacker: tuple[httpx.Client, str], arguments: dict[str, Any]) -> None:
    result = post(attacker[0], call_of("search_moments", **arguments)).json()["result"]
    assert result["isError"] is True
    assert json.loads(result["content"][0]["text"])["error"]["code"] == "invalid_request"
    assert "structuredContent" not in result


def test_unknown_methods_and_revisions_are_refused(attacker: tuple[httpx.Client, str]) -> None:
    client, _ = attacker
    assert post(client, rpc("tools/destroy")).json()["error"]["code"] == -32601
    assert post(client, rpc("logging/setLevel", {"level": "debug"})).json()["error"]["code"] == -32601
    for version in ("2099-01-01", "1", "'; DROP TABLE", "2025-11-25, 2026-07-28"):
        answer = post(client, rpc("tools/list"), **{"Mcp-Protocol-Version": version})
        assert answer.status_code == 400, answer.text
