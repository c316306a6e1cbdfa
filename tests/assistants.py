"""Assistants that a test starts: the official SDK's client over HTTP or with a program, and raw JSON-RPC."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.server import Server

ERAS = {"2025-11-25": "legacy", "2026-07-28": "auto"}
"""Each era of the protocol that the SDK speaks, by its newest revision, and how its client is told to use it."""
ACCEPT = {"Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def assistant(server: Server, key: str, era: str = "2026-07-28") -> AsyncIterator[Client]:
    """Connect the SDK's client to a server's `/mcp`."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
        Client(streamable_http_client(f"{server.base_url}/mcp", http_client=http), mode=ERAS[era]) as client,
    ):
        assert client.protocol_version == era
        yield client


@asynccontextmanager
async def program(environment: Mapping[str, str], *arguments: str, era: str = "2026-07-28") -> AsyncIterator[Client]:
    """Start `earmark mcp` and connect the SDK's client to it."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "earmark", "mcp", *arguments], env=dict(environment)
    )
    async with Client(stdio_client(command), mode=ERAS[era]) as client:
        assert client.protocol_version == era
        yield client


async def use(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool that must succeed; return its result."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    (block,) = answer.content
    assert json.loads(block.text) == answer.structured_content  # type: ignore[union-attr]
    return answer.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must fail; return its error."""
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    assert answer.structured_content is None
    (block,) = answer.content
    return dict(json.loads(block.text)["error"])  # type: ignore[union-attr]


def rpc(method: str, params: Any = None, number: Any = 1) -> dict[str, Any]:
    """Return a JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {} if params is None else params}


def call_of(tool: str, **arguments: Any) -> dict[str, Any]:
    """Return the JSON-RPC request that calls a tool."""
    return rpc("tools/call", {"name": tool, "arguments": arguments})


def post(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    """Send one message to `/mcp`, without the SDK's client."""
    return client.post("/mcp", json=body, headers={**ACCEPT, **headers})
