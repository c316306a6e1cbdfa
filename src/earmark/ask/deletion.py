"""What Ask deletes beyond its rows: titles and words in its indexes, and stored answers that quote a recording."""

from __future__ import annotations

from earmark.ask import queries
from earmark.ask.sessions.list_queries import select_titles_of
from earmark.ask.sessions.title_index import forget_titles
from earmark.ask.sessions.word_index import forget_words
from earmark.ask.turns.log import turn_channel
from earmark.ask.turns.signals import line_channel
from earmark.idempotency.requests import delete_quoting
from earmark.library.deletion import Afterwards, Gone, RoomDeletion
from earmark.storage.tenant import Tenant


def deletion() -> RoomDeletion:
    """Return what this room deletes."""
    return RoomDeletion(
        "ask", recording=_delete_answers, transcript=_delete_sources, session=_delete_session, end_user=_delete_titles
    )


async def _delete_answers(work: Tenant, gone: Gone) -> None:
    """Delete the responses stored for retries of turns that repeat words of the recording."""
    await delete_quoting(work, gone.recording_id or "")


async def _delete_sources(work: Tenant, gone: Gone) -> None:
    """Delete what answers kept of a recording's words; with the recording itself these rows go by cascade."""
    await work.execute(queries.delete_sources_of, {"gone_id": gone.recording_id})
    await _delete_answers(work, gone)


async def _delete_session(work: Tenant, gone: Gone) -> Afterwards:
    """Take the session's title and its messages' words out of the indexes; an end user's words go by cascade."""
    assert gone.session_id is not None
    afterwards = await _delete_titles(work, gone)
    await forget_words(work, gone.end_user_id, gone.session_id)
    return afterwards


async def _delete_titles(work: Tenant, gone: Gone) -> Afterwards:
    whose = "end_user" if gone.session_id is None else "session"
    params = {"whose_id": gone.session_id or gone.end_user_id}
    titles = await work.fetch_all(select_titles_of, params, whose=whose)
    if gone.session_id is not None:  # who follows or awaits its turn elsewhere is told at once; of an end user's, soon
        work.signal(turn_channel(gone.session_id))
        work.signal(line_channel(gone.session_id))
    # After the rows, as turns and new sessions do: two that lock crosswise would deadlock.
    return lambda: forget_titles(work, titles)
