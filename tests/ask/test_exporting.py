"""A session is exported in batches on threads: whatever it holds, the event loop goes on."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest

from earmark.ask.errors import SessionNotFoundError
from earmark.ask.exchange import export as exporting
from earmark.ask.exchange.export import export_json, export_markdown
from tests.ask.desk import Desk
from tests.ask.importing import import_session
from tests.ask.test_importing import export


@pytest.mark.parametrize("count", [0, 1, 500, 1_201])
async def test_every_message_is_exported_once_and_in_order(desk: Desk, count: int) -> None:
    session, _ = await import_session(desk.tenant, export(count))
    document = orjson.loads(await export_json(desk.tenant, session.id))
    said = [one["parts"][0]["text"] for one in document["messages"]]
    assert said == [f"é {number}" for number in range(count)]
    lines = (await export_markdown(desk.tenant, session.id)).decode().splitlines()
    assert lines[0] == "# A long chat"
    assert [line for line in lines if line.startswith("é ")] == said
    assert sum(line.startswith("## ") for line in lines) == count


async def test_messages_are_parsed_and_rendered_on_threads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[tuple[str, int]] = set()

    def noting(name: str) -> Any:
        work = getattr(exporting, name)

        def note(*args: Any) -> Any:
            used.add((name, threading.get_ident()))
            return work(*args)

        return note

    each = ("to_message", "_message_document", "_render_parts", "_cited")
    for name in each:
        monkeypatch.setattr(exporting, name, noting(name))
    session, _ = await import_session(desk.tenant, export(600))
    await export_json(desk.tenant, session.id)
    await export_markdown(desk.tenant, session.id)
    assert {name for name, _ in used} == set(each)
    assert threading.get_ident() not in {thread for _, thread in used}


async def test_a_session_that_is_not_there_has_no_export(desk: Desk) -> None:
    for render in (export_json, export_markdown):
        with pytest.raises(SessionNotFoundError):
            await render(desk.tenant, "as_absent")
