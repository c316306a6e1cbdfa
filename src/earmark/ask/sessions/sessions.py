"""Sessions: create, read, list, rename and delete."""

from __future__ import annotations

from typing import Any

from earmark.ask import queries
from earmark.ask.errors import SessionNotFoundError
from earmark.ask.sessions.list_queries import select_sessions, select_titles_of
from earmark.ask.sessions.scopes import with_folder_names
from earmark.ask.sessions.stored import dump_scope, load_scope, to_session
from earmark.ask.sessions.title_index import forget_titles, list_titled, take_title_seq
from earmark.ask.types import NEW_CHAT, Scope, Session, SessionFilters, SessionState
from earmark.clock import now_us
from earmark.ids import new_id
from earmark.library.deletion import Deletion, Gone
from earmark.library.types import Page
from earmark.storage.keyset import position_params
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant
from earmark.text import fold

_ALL = SessionFilters()


async def create_session(
    tenant: Tenant,
    scope: Scope,
    *,
    title: str | None = None,
    import_sha256: str | None = None,
    session_id: str | None = None,
    created_us: int | None = None,
    last_message_us: int | None = None,
) -> Session:
    """Create an empty session of the end user that the handle is narrowed to; its times are now, or those given.

    Raises: UniqueViolationError if `session_id` or `import_sha256` exists already.
    """
    assert tenant.end_user_id is not None
    now = now_us()
    created = now if created_us is None else created_us
    last = created if last_message_us is None else last_message_us
    session = Session(
        session_id or new_id("as"), tenant.end_user_id, scope, title or NEW_CHAT, 0, last, None, None, created, now
    )
    common: dict[str, Any] = {"session_id": session.id, "end_user_id": session.end_user_id}
    common |= {"scope_type": scope.type, "last_message_us": last}
    async with tenant.writing() as work:
        of_title = {"is_title_default": int(title is None), "title_seq": await take_title_seq(work)}
        await work.execute(queries.insert_session, _row_of(session) | of_title | {"import_sha256": import_sha256})
        named = [{**common, "recording_id": recording_id} for recording_id in scope.recording_ids]
        await work.execute_many(queries.insert_session_recording, named)
    return session


def _row_of(session: Session) -> dict[str, Any]:
    """Return a new session as it is stored, but for what only its creation knows."""
    row = session._asdict()
    row |= {"scope_json": dump_scope(row.pop("scope")), "scope_type": session.scope.type}
    return row | {
        "title_folded": fold(session.title), "turn_holder": None, "turn_message_id": None, "turn_expires_us": None,
    }  # fmt: skip


async def get_session(tenant: Tenant, session_id: str) -> Session:
    """Return a session.

    Raises: SessionNotFoundError.
    """
    row = await tenant.fetch_one(queries.select_session, {"session_id": session_id})
    if row is None:
        raise SessionNotFoundError
    return (await with_folder_names(tenant, [to_session(row)]))[0]


async def get_state(tenant: Tenant, session_id: str, *, for_update: bool = False) -> SessionState:
    """Return the session's state for a turn; `for_update` locks the row until the commit.

    Raises: SessionNotFoundError.
    """
    shape = {"for_update": True} if for_update else {}
    row = await tenant.fetch_one(queries.select_session_state, {"session_id": session_id}, **shape)
    if row is None:
        raise SessionNotFoundError
    fields = (*row[:3], load_scope(row[3]), *row[4:-1], bool(row[-1]))
    return SessionState(*fields)


async def list_sessions(tenant: Tenant, page: Page, filters: SessionFilters = _ALL) -> list[Session]:
    """Return sessions, newest activity first."""
    if filters.q:
        return await with_folder_names(tenant, await list_titled(tenant, page, filters))
    given = filters.given()
    params = {**given, "limit": page.limit, **position_params(page.after)}
    shape = {"filters": frozenset(given), "is_continued": page.after is not None}
    rows = list(map(to_session, await tenant.fetch_all(select_sessions, params, **shape)))
    return await with_folder_names(tenant, rows)


async def rename_session(tenant: Tenant, session_id: str, title: str) -> Session:
    """Set a title that no default title replaces; the session's place in lists stays.

    Raises: SessionNotFoundError.
    """
    async with tenant.writing() as work:
        before = await get_session(work, session_id)
        await set_title(work, session_id, title, max(now_us(), before.updated_us))
        return await get_session(work, session_id)


async def set_title(work: Tenant, session_id: str, title: str, now: int) -> None:
    """Set a title and update the title index, in the caller's unit of work."""
    await forget_titles(work, await _titles(work, session_id))
    changed = {
        "session_id": session_id,
        "new_title": title,
        "new_title_folded": fold(title),
        "new_title_seq": await take_title_seq(work),
        "new_is_title_default": 0,
        "new_updated_us": now,
    }
    await work.execute(queries.update_session_title, changed)


async def _titles(work: Tenant, session_id: str) -> list[Row]:
    return await work.fetch_all(select_titles_of, {"whose_id": session_id}, whose="session")


async def delete_session(tenant: Tenant, deletion: Deletion, session_id: str) -> None:
    """Delete a session with its messages and sources; this cannot be undone.

    Raises: SessionNotFoundError.
    """

    async def delete_rows(work: Tenant) -> None:
        if not await work.execute(queries.delete_session, {"session_id": session_id}):
            raise SessionNotFoundError

    end_user_id = (await get_session(tenant, session_id)).end_user_id
    await deletion.delete_session(tenant, Gone(end_user_id, session_id=session_id), delete_rows)
