"""A session is imported in batches, in one unit of work: all of it or nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import pytest

from earmark.ask import queries
from earmark.ask.exchange.importing import SessionDocument, import_session
from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.sessions import list_sessions
from earmark.library.types import Page
from earmark.storage.errors import StorageUnavailableError
from earmark.storage.tenant import Tenant
from tests.ask.desk import Desk, at_desk
from tests.ask.watched import WatchedDatabase

TIME = "2026-05-20T10:23:45Z"


def export(count: int, title: str = "A long chat") -> SessionDocument:
    """An export of so many messages."""
    messages = [
        {"role": ("user", "assistant")[at % 2], "parts": [{"type": "text", "text": f"é {at}"}], "created_at": TIME,
         "provider": "fake", "model": f"fake-{at}"}
        for at in range(count)
    ]  # fmt: skip
    scope = {"type": "library", "recording_ids": []}
    return SessionDocument.model_validate(
        {"format": "earmark.ask-session/1", "title": title, "scope": scope, "created_at": TIME, "messages": messages}
    )


@pytest.mark.parametrize(("count", "batches"), [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (2_500, 3)])
def test_messages_are_inserted_in_batches_and_read_as_they_were_exported(
    tmp_path: Path, count: int, batches: int
) -> None:
    async def work(desk: Desk) -> None:
        watched = WatchedDatabase(desk.runtime.database)
        document = export(count)
        session, is_new = await import_session(Tenant(watched, desk.tenant.key), document)
        assert (is_new, session.message_count) == (True, count)
        assert watched.statements.count("insert_message") == batches
        found = await list_messages(desk.tenant, session.id, MessagePage(limit=3_000))
        assert [one.ordinal for one in found] == list(range(count))
        assert [(one.role, one.content) for one in found] == [
            (one.role, one.parts[0].text) for one in document.messages
        ]
        assert session.last_model == (None if count < 2 else f"fake-{(count - 2) // 2 * 2 + 1}")
        assert await import_session(desk.tenant, document) == (session, False)

    at_desk(tmp_path, work)


def test_an_import_that_fails_in_a_later_batch_leaves_nothing(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        watched = WatchedDatabase(desk.runtime.database)

        async def fail_at_the_second() -> None:
            if watched.statements.count("insert_message") == 2:
                raise StorageUnavailableError("The server can't write to its disk.")

        watched.before["insert_message"] = fail_at_the_second
        with pytest.raises(StorageUnavailableError):
            await import_session(Tenant(watched, desk.tenant.key), export(1_500))
        assert await list_sessions(desk.tenant, Page(limit=10), {}) == []
        session, is_new = await import_session(desk.tenant, export(1_500))
        assert (is_new, session.message_count) == (True, 1_500)

    at_desk(tmp_path, work)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_export_is_known_by_the_digest_that_earlier_versions_stored(tmp_path: Path, count: int) -> None:
    document = export(count, title='"messages":[ \\"messages\\":[{}]')
    expected = hashlib.sha256(orjson.dumps(document.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()

    async def work(desk: Desk) -> None:
        await import_session(desk.tenant, document)
        stored = await desk.tenant.fetch_all(
            queries.select_session_by_import, {"end_user_id": desk.tenant.end_user_id, "import_sha256": expected}
        )
        assert len(stored) == 1

    at_desk(tmp_path, work)
