"""What a person pastes into a client to connect it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import orjson

ClientName = Literal["claude-desktop", "claude-code", "cursor", "vscode", "chatgpt"]
CLIENTS: Final[tuple[ClientName, ...]] = get_args(ClientName)
TOKEN_VARIABLE: Final = "EARMARK_MCP_TOKEN"  # noqa: S105 (the name of a variable)
_WHERE: Final[Mapping[str, str]] = {
    "claude-desktop": "Put this into claude_desktop_config.json (Settings, Developer, Edit Config); restart Claude:",
    "claude-code": "Run this:",
    "cursor": "Put this into ~/.cursor/mcp.json:",
    "vscode": "Put this into .vscode/mcp.json:",
    "chatgpt": "Give this as a tool of the Responses API. ChatGPT's own connectors take only the address and sign in.",
}


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A program that the client starts: `earmark mcp` on this machine."""

    command: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """A server's address and a token for it. `program` passes on to it, for clients that only start programs."""

    url: str
    token: str
    program: LocalServer


def instructions_for(client: ClientName) -> str:
    """Return the sentence that says where the configuration goes."""
    return _WHERE[client]


def configure(client: ClientName, server: LocalServer | RemoteServer) -> str:
    """Return the configuration of one client, as text to paste.

    Raises: ValueError for ChatGPT and a program, which it can't start.
    """
    if client == "chatgpt":
        if isinstance(server, LocalServer):
            raise ValueError("ChatGPT can't start programs; give --url and --token.")
        return _json(_of_responses_api(server))
    if client == "claude-code":
        return _claude_code(server)
    name = "servers" if client == "vscode" else "mcpServers"
    if isinstance(server, LocalServer) or client == "claude-desktop":
        return _json({name: {"earmark": _program(server if isinstance(server, LocalServer) else server.program)}})
    kind = {"type": "http"} if client == "vscode" else {}
    return _json({name: {"earmark": {**kind, "url": f"{server.url}/mcp", "headers": _headers(server)}}})


def _of_responses_api(server: RemoteServer) -> dict[str, Any]:
    return {
        "type": "mcp",
        "server_label": "earmark",
        "server_url": f"{server.url}/mcp",
        "authorization": server.token,
        "require_approval": "never",
    }


def _claude_code(server: LocalServer | RemoteServer) -> str:
    if isinstance(server, RemoteServer):
        header = f"Authorization: Bearer {server.token}"
        return shlex.join(
            ["claude", "mcp", "add", "--transport", "http", "earmark", f"{server.url}/mcp", "--header", header]
        )
    settings = [part for name, value in server.environment.items() for part in ("--env", f"{name}={value}")]
    return shlex.join(["claude", "mcp", "add", "earmark", *settings, "--", server.command, *server.arguments])


def _program(server: LocalServer) -> dict[str, Any]:
    shown: dict[str, Any] = {"command": server.command, "args": list(server.arguments)}
    return {**shown, "env": dict(server.environment)} if server.environment else shown


def _headers(server: RemoteServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"}


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
