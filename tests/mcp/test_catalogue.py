"""The catalogue of tools: what a model reads of them, and limits of what they take."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from earmark.identity.types import Caller
from earmark.mcp.catalogue import TOOLS, find_tool, list_tools
from earmark.mcp.schemas import input_schema, output_schema
from earmark.mcp.tool import Tool
from earmark.storage.tenant import TenantKey
from tests.meta.test_lengths import _faults

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "mcp.md"
PROJECT = Caller("key_a", TenantKey(1, "proj_a", "live"))
PERSON = Caller("key_b", TenantKey(1, "proj_a", "live", "eu_a", 5))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_is_described_in_few_words(tool: Tool) -> None:
    assert 20 < len(tool.text) < 200
    assert tool.text.endswith(".")
    assert len(tool.title) < 40
    for person in (False, True):
        schema = input_schema(tool.takes, needs_person=person)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert "title" not in schema
        assert len(json.dumps(schema)) < 1_500
    jsonschema.Draft202012Validator.check_schema(output_schema(tool.gives))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_text_and_list_that_a_tool_takes_is_limited(tool: Tool) -> None:
    assert list(_faults(tool.takes)) == []


@pytest.mark.parametrize("name", ["fetch", "search_moments", "get_my_transcript", "ask"])
def test_what_shows_transcripts_says_that_they_are_data(name: str) -> None:
    tool = find_tool(name, PERSON)
    assert tool is not None
    assert re.search(r"\bdata\b", tool.text)


def test_names_are_distinct_and_no_more_than_a_model_can_choose_from() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)
    assert len(list_tools(PERSON)) <= 12


def test_only_projects_have_the_tools_of_projects() -> None:
    assert find_tool("list_end_users", PROJECT) is not None
    assert find_tool("list_end_users", PERSON) is None
    assert find_tool("get_my_recording", PERSON) is not None
    assert find_tool(["ask"], PERSON) is None


def test_the_guide_names_a_tool_for_each_of_its_requests() -> None:
    rows = re.findall(r"^\| \d+ \| .+? \| `(\w+)`", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 35
    assert set(rows) == {tool.name for tool in TOOLS}
