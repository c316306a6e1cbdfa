"""Erasing an end user: everything goes in one unit of work, the shared title index included."""

from __future__ import annotations

import asyncio

from earmark.ask.list_queries import select_titles_of
from earmark.ask.title_index import forget_titles
from earmark.identity.audit import OPERATOR, record
from earmark.library.end_users import delete_end_user
from earmark.media.erasure import forget_bytes
from earmark.media.store import MediaStore
from earmark.storage.errors import LockedError
from earmark.storage.tenant import Tenant

_PATIENCE_MS = 250
_PAUSES_S = tuple(min(0.01 * 2**turn, 0.5) for turn in range(20))


async def erase_end_user(tenant: Tenant, media: MediaStore, end_user_id: str, *, actor: str = OPERATOR) -> None:
    """Delete an end user and everything it has, for good; the audit trail keeps who did it.

    The bytes of its audio go once the rows are gone, and so does the database's log of them.

    Raises: EndUserNotFoundError.
    """
    for pause_s in _PAUSES_S:
        try:
            await _erase(tenant, media, end_user_id, actor)
        except LockedError:
            await asyncio.sleep(pause_s)
        else:
            return
    await _erase(tenant, media, end_user_id, actor)


async def _erase(tenant: Tenant, media: MediaStore, end_user_id: str, actor: str) -> None:
    """An erasure holds what many wait for, while it waits for what each of them holds: so it is the one to let go.

    PostgreSQL would break the tie after a second, at the cost of either.
    """
    async with tenant.writing(_PATIENCE_MS) as work:
        titles = await work.fetch_all(select_titles_of, {"whose_id": end_user_id}, whose="end_user")
        await delete_end_user(work, end_user_id)
        await forget_titles(work, titles)  # last, as turns and new sessions do: two that lock crosswise would deadlock
        forget_bytes(work, media, end_user_id)
        work.after_commit(lambda: tenant.database.forget_log(at_once=True))
        await record(work, "end_user.erased", end_user_id, actor=actor)
