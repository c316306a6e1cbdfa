"""How much a project has, counted when its owners ask."""

from __future__ import annotations

from dataclasses import dataclass

from earmark.library.queries import count_library
from earmark.media.queries import select_stored_bytes
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Stored:
    """Counts of a project's live or test data; `audio_bytes` are those of verified media."""

    end_users: int
    recordings: int
    audio_bytes: int


async def count_stored(tenant: Tenant) -> Stored:
    """Count what a project has."""
    rows = [await tenant.fetch_one(one) or (0,) for one in (count_library, select_stored_bytes)]
    return Stored(*(int(number) for row in rows for number in row))
