"""The SDK's server: which requests it serves, and its silence in logs."""

from __future__ import annotations

import logging
from typing import Any, Protocol

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server

import earmark

Context = ServerRequestContext[Any, Any]


class Handlers(Protocol):
    """What answers each kind of request."""

    async def list_tools(self, context: Context, asked: Any, /) -> types.ListToolsResult:
        """Return the tools that the caller may use."""

    async def call_tool(self, context: Context, asked: types.CallToolRequestParams, /) -> types.CallToolResult:
        """Run a tool, and return what it answers."""

    async def list_resources(self, context: Context, asked: Any, /) -> types.ListResourcesResult:
        """Return a page of transcripts."""

    async def list_templates(self, context: Context, asked: Any, /) -> types.ListResourceTemplatesResult:
        """Return the forms of transcripts' addresses."""

    async def read_resource(
        self, context: Context, asked: types.ReadResourceRequestParams, /
    ) -> types.ReadResourceResult:
        """Return a transcript's text."""

    async def list_prompts(self, context: Context, asked: Any, /) -> types.ListPromptsResult:
        """Return the prompts that a client can offer."""

    async def get_prompt(self, context: Context, asked: types.GetPromptRequestParams, /) -> types.GetPromptResult:
        """Return a prompt filled in."""


def make_sdk_server(handlers: Handlers, instructions: str | None) -> Server[Any]:
    """Return the SDK's server over these handlers; `instructions` is what it tells a client's model at first."""
    server: Server[Any] = Server(
        "earmark",
        title="earmark",
        version=earmark.__version__,
        instructions=instructions,
        get_tool_input_schema=_no_headers,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
    )
    server.middleware.clear()  # its spans: the edge makes one for each request, without ids and names from clients
    return server


def silence_sdk() -> None:
    """Discard what the SDK logs: its lines repeat parts of requests, which hold people's words."""
    logger = logging.getLogger("mcp")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())


def _no_headers(name: str) -> None:
    """No tool takes arguments from headers."""
