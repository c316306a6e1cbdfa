"""Jobs of Ask: blocks of the indexes of titles and of messages, and turn events that nobody can ask for any more."""

from __future__ import annotations

from earmark.ask.sessions.title_index import INDEX_TITLES, index_full_blocks
from earmark.ask.sessions.word_index import INDEX_MESSAGES
from earmark.ask.sessions.word_index import index_full_blocks as index_messages
from earmark.ask.turns.log import sweep_events
from earmark.jobs.kinds import JobKind, sweeping

_EVERY_S = 600.0


def kinds() -> list[JobKind]:
    """Return this room's kinds of job."""
    return [
        JobKind(INDEX_TITLES, index_full_blocks),
        JobKind(INDEX_MESSAGES, index_messages),
        sweeping("turns.prune_events", sweep_events, _EVERY_S),
    ]
