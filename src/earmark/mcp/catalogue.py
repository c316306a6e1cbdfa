"""All tools, and which of them a caller has. A new file of tools is one more name in `TOOLS`."""

from __future__ import annotations

from typing import Final

from earmark.identity.types import Caller
from earmark.mcp.tool import Tool
from earmark.mcp.tools import asking, library, people, searching, starting, summaries, transcripts, webhooks

TOOLS: Final[tuple[Tool, ...]] = tuple(
    tool
    for file in (asking, searching, transcripts, summaries, library, people, starting, webhooks)
    for tool in file.tools.all
)
_BY_NAME: Final = {tool.name: tool for tool in TOOLS}


def find_tool(name: object, caller: Caller) -> Tool | None:
    """Return the tool of this name, if the caller's kind of credential has it."""
    tool = _BY_NAME.get(name) if isinstance(name, str) else None
    return tool if tool is not None and tool.is_offered_to(caller) else None


def list_tools(caller: Caller) -> list[Tool]:
    """Return the tools that the caller may use: those whose scopes it lacks are left out."""
    return [tool for tool in TOOLS if tool.is_listed_for(caller)]
