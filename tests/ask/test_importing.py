"""A session is imported in batches, in one unit of work: all of it or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from earmark.ask import queries
from earmark.ask.exchange.documents import SessionDocument
from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.sessions import list_sessions
from earmark.library.transcripts import list_segments
from earmark.library.types import Page
from earmark.storage.errors import StorageUnavailableError
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment
from tests.ask.desk import Desk
from tests.ask.importing import import_session
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


@pytest.mark.parametrize(("count", "batches"), [(0, 0), (1, 1), (200, 1), (201, 2), (601, 4)])
async def test_messages_are_inserted_in_batches_and_read_as_they_were_exported(
    desk: Desk, count: int, batches: int
) -> None:
    watched = WatchedDatabase(desk.runtime.database)
    document = export(count)
    session, is_new = await import_session(Tenant(watched, desk.tenant.key), document)
    assert (is_new, session.message_count) == (True, count)
    assert watched.statements.count("insert_message") == batches
    found = await list_messages(desk.tenant, session.id, MessagePage(limit=3_000))
    assert [one.ordinal for one in found] == list(range(count))
    assert [(one.role, one.content) for one in found] == [(one.role, one.parts[0].text) for one in document.messages]
    assert session.last_model == (None if count < 2 else f"fake-{(count - 2) // 2 * 2 + 1}")
    assert await import_session(desk.tenant, document) == (session, False)


async def test_an_import_that_fails_in_a_later_batch_leaves_nothing(desk: Desk) -> None:
    watched = WatchedDatabase(desk.runtime.database)

    async def fail_at_the_second() -> None:
        if watched.statements.count("insert_message") == 2:
            raise StorageUnavailableError("The server can't write to its disk.")

    watched.before["insert_message"] = fail_at_the_second
    with pytest.raises(StorageUnavailableError):
        await import_session(Tenant(watched, desk.tenant.key), export(1_500))
    assert await list_sessions(desk.tenant, Page(limit=10)) == []
    session, is_new = await import_session(desk.tenant, export(1_500))
    assert (is_new, session.message_count) == (True, 1_500)


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_an_export_is_known_by_the_digest_that_earlier_versions_stored(desk: Desk, count: int) -> None:
    document = export(count, title='"messages":[ \\"messages\\":[{}]')
    expected = hashlib.sha256(orjson.dumps(document.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()
    await import_session(desk.tenant, document)
    stored = await desk.tenant.fetch_all(
        queries.select_session_by_import, {"end_user_id": desk.tenant.end_user_id, "import_sha256": expected}
    )
    assert len(stored) == 1


def test_an_answer_whose_parts_are_too_long_together_is_refused() -> None:
    message = {"role": "assistant", "created_at": TIME, "provider": "fake", "model": "fake"}
    document = export(0).model_dump()

    def of(parts: int) -> dict[str, object]:
        return {**document, "messages": [{**message, "parts": [{"type": "text", "text": "a" * 100_000}] * parts}]}

    SessionDocument.model_validate(of(4))
    with pytest.raises(ValidationError, match="an answer must be at most 400000 characters long"):
        SessionDocument.model_validate(of(5))


class CountedText(str):
    """A segment's words, which count how often something is looked for in them."""

    looks = 0

    def __contains__(self, said: object) -> bool:
        CountedText.looks += 1
        return super().__contains__(said)  # type: ignore[operator]


async def _looks_of_import(desk: Desk, monkeypatch: pytest.MonkeyPatch, segments: int, citations: int) -> int:
    """Import citations of words that nobody says, all of the moment at which all segments start; return the looks."""
    recording = await desk.recording(talk=[Segment(1_000, 2_000, f"Nothing {at}.", "Ada") for at in range(segments)])

    async def counted(*given: Any) -> list[Segment]:
        return [replace(one, text=CountedText(one.text)) for one in await list_segments(*given)]

    says = {"type": "text", "text": "What nobody says."}
    cites = {"type": "citation", "recording_id": recording.id, "start_ms": 1_000}
    answer = {"role": "assistant", "parts": [says, *[cites] * citations], "created_at": TIME, "provider": "earmark",
              "model": "extractive-3"}  # fmt: skip
    document = SessionDocument.model_validate({
        "format": "earmark.ask-session/1", "title": f"{segments} {citations}", "created_at": TIME,
        "scope": {"type": "library", "recording_ids": []}, "messages": [answer],
    })  # fmt: skip
    monkeypatch.setattr("earmark.ask.exchange.importing.list_segments", counted)
    CountedText.looks = 0
    await import_session(desk.tenant, document)
    return CountedText.looks


async def test_unsound_citations_cost_as_much_however_many_segments_start_at_their_moment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = await _looks_of_import(desk, monkeypatch, segments=50, citations=20)
    assert few > 0
    assert await _looks_of_import(desk, monkeypatch, segments=800, citations=20) == few
    assert await _looks_of_import(desk, monkeypatch, segments=50, citations=200) == 10 * few
