"""MCP on standard input and output, passed on to a server's `/mcp`: for clients that only start programs."""

from __future__ import annotations

from typing import Any

import httpx2
import mcp_types as types
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.stdio import stdio_server

from earmark.errors import UnavailableError
from earmark.mcp.sdk import Context, make_sdk_server, silence_sdk

_PATIENCE = httpx2.Timeout(30, read=600)


class ServerRefusedError(UnavailableError):
    """The server can't be reached, or doesn't take the token."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url} {why}")


async def serve_remote(url: str, token: str) -> None:
    """Pass on one client's requests until standard input ends.

    Raises: ServerRefusedError.
    """
    silence_sdk()
    url = url.rstrip("/")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=_PATIENCE) as http:
        await _check(http, url)
        async with Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client:
            server = make_sdk_server(_Remote(client), client.instructions)
            async with stdio_server() as (read, write):
                await server.run(read, write, server.create_initialization_options())


async def _check(http: httpx2.AsyncClient, url: str) -> None:
    try:
        answer = await http.post(
            f"{url}/mcp",
            json={"jsonrpc": "2.0", "id": 0, "method": "ping"},
            headers={"Accept": "application/json, text/event-stream"},
        )
    except httpx2.HTTPError as error:
        raise ServerRefusedError(url, "can't be reached.") from error
    if answer.status_code == 401:
        raise ServerRefusedError(url, "does not accept the token: it is wrong, has expired or was revoked.")
    if answer.status_code != 200:
        raise ServerRefusedError(url, f"is no earmark server, or is not ready (status {answer.status_code}).")


class _Remote:
    """Answers each request with what the client's server answers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list_tools(self, _: Context, asked: Any) -> types.ListToolsResult:
        return await self._client.list_tools(cursor=asked.cursor)

    async def call_tool(self, context: Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        async def report(progress: float, total: float | None, message: str | None) -> None:
            await context.session.report_progress(progress, total, message)

        return await self._client.call_tool(asked.name, asked.arguments, progress_callback=report)

    async def list_resources(self, _: Context, asked: Any) -> types.ListResourcesResult:
        return await self._client.list_resources(cursor=asked.cursor)

    async def list_templates(self, _: Context, asked: Any) -> types.ListResourceTemplatesResult:
        return await self._client.list_resource_templates(cursor=asked.cursor)

    async def read_resource(self, _: Context, asked: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return await self._client.read_resource(str(asked.uri))

    async def list_prompts(self, _: Context, asked: Any) -> types.ListPromptsResult:
        return await self._client.list_prompts(cursor=asked.cursor)

    async def get_prompt(self, _: Context, asked: types.GetPromptRequestParams) -> types.GetPromptResult:
        return await self._client.get_prompt(asked.name, asked.arguments)
