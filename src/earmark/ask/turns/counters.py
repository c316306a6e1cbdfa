"""A session's counters and activity, moved by each question and each answer."""

from __future__ import annotations

from earmark.ask import queries
from earmark.ask.types import Message, SessionState
from earmark.storage.tenant import Tenant


async def count_messages(
    work: Tenant, state: SessionState, *, messages: int, now: int, answer: Message | None = None
) -> None:
    """Move the session's counters and activity, here and where recordings list their sessions."""
    changed = {
        "session_id": state.id,
        "new_message_count": state.message_count + messages,
        "new_last_message_us": now,
        "new_updated_us": max(now, state.updated_us),
        "new_last_model": answer.model if answer else None,
        "new_last_provider": answer.provider if answer else None,
    }
    await work.execute(queries.update_session_counters, changed)
    if state.scope.type in ("recording", "selected"):
        await work.execute(queries.update_session_recordings_activity, changed)
