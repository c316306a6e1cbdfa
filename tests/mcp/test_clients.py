"""What `earmark mcp config` prints for each client."""

from __future__ import annotations

import json
import shlex

import pytest

from earmark.mcp.clients import CLIENTS, LocalServer, RemoteServer, configure, instructions_for

LOCAL = LocalServer("/opt/earmark", ["mcp", "--end-user", "mara o'neil"], {"EARMARK_DATA_DIR": "/my data"})
BRIDGE = LocalServer("/opt/earmark", ["mcp", "--url", "https://e.example"], {"EARMARK_MCP_TOKEN": "rk_live_x"})
REMOTE = RemoteServer("https://e.example", "rk_live_x", BRIDGE)
HEADERS = {"Authorization": "Bearer rk_live_x"}


def test_every_client_is_told_where_to_put_it() -> None:
    assert all(instructions_for(one) for one in CLIENTS)


def test_claude_desktop_starts_a_program_for_both() -> None:
    local = json.loads(configure("claude-desktop", LOCAL))["mcpServers"]["earmark"]
    assert local == {"command": "/opt/earmark", "args": LOCAL.arguments, "env": LOCAL.environment}
    remote = json.loads(configure("claude-desktop", REMOTE))["mcpServers"]["earmark"]
    assert remote == {"command": "/opt/earmark", "args": BRIDGE.arguments, "env": BRIDGE.environment}
    assert "rk_live_x" not in json.dumps(remote["args"]), "other users of the machine see arguments"


def test_claude_code_gets_a_command_that_a_shell_reads_rightly() -> None:
    local = shlex.split(configure("claude-code", LOCAL))
    assert local[:4] == ["claude", "mcp", "add", "earmark"]
    assert local[4:6] == ["--env", "EARMARK_DATA_DIR=/my data"]
    assert local[6:] == ["--", "/opt/earmark", "mcp", "--end-user", "mara o'neil"]
    remote = shlex.split(configure("claude-code", REMOTE))
    assert remote[-2:] == ["--header", "Authorization: Bearer rk_live_x"]
    assert "https://e.example/mcp" in remote


def test_cursor_and_vs_code_get_the_address_and_the_token() -> None:
    cursor = json.loads(configure("cursor", REMOTE))["mcpServers"]["earmark"]
    assert cursor == {"url": "https://e.example/mcp", "headers": HEADERS}
    code = json.loads(configure("vscode", REMOTE))["servers"]["earmark"]
    assert code == {"type": "http", "url": "https://e.example/mcp", "headers": HEADERS}


def test_chatgpt_gets_a_tool_of_the_api() -> None:
    shown = json.loads(configure("chatgpt", REMOTE))
    assert (shown["server_url"], shown["authorization"]) == ("https://e.example/mcp", "rk_live_x")
    with pytest.raises(ValueError, match="can't start programs"):
        configure("chatgpt", LOCAL)
