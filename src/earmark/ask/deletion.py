"""What Ask deletes with a session or an end user beyond its rows: their titles in the shared index."""

from __future__ import annotations

from earmark.ask.sessions.list_queries import select_titles_of
from earmark.ask.sessions.title_index import forget_titles
from earmark.library.deletion import Afterwards, Gone, RoomDeletion
from earmark.storage.tenant import Tenant


def deletion() -> RoomDeletion:
    """Return what this room deletes."""
    return RoomDeletion("ask", session=_delete_titles, end_user=_delete_titles)


async def _delete_titles(work: Tenant, gone: Gone) -> Afterwards:
    whose = "end_user" if gone.session_id is None else "session"
    params = {"whose_id": gone.session_id or gone.end_user_id}
    titles = await work.fetch_all(select_titles_of, params, whose=whose)
    # After the rows, as turns and new sessions do: two that lock crosswise would deadlock.
    return lambda: forget_titles(work, titles)
