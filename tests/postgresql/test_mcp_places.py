"""`earmark mcp config` for data in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mcp.test_printed_config import NAMES, names, printed, put_in_a_meeting, started
from tests.server import Place


async def test_the_printed_program_opens_the_same_database(
    fresh_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fresh_place.cli("setup", *NAMES)
    put_in_a_meeting(fresh_place)
    shown = printed(fresh_place.cli("mcp", "config", "--client", "claude-desktop", "--json").stdout)
    assert "EARMARK_MIGRATION_DATABASE_URL" not in shown["env"], (
        "an assistant's program does not act as the tables' owner"
    )
    async with started(shown, tmp_path / "elsewhere") as client:
        assert await names(client) == ["Lantern call"]
