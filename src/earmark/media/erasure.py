"""Which stored bytes are deleted: replaced ones, abandoned uploads, and files that no row names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from earmark.clock import now_us
from earmark.clock_jumps import jumps
from earmark.identity.projects import list_tenants
from earmark.media import queries
from earmark.media.store import MediaStore, StoredKey
from earmark.media.strays import Strays
from earmark.media.types import Media
from earmark.storage.tenant import Operator, Tenant

_STALE_US = 24 * 3_600 * 1_000_000
_IDLE_S = 3_600.0
_BATCH = 500
Kept = Callable[[Tenant, Sequence[str]], Awaitable[dict[str, str | None]]]
"""Returns, of these ids, those whose bytes are kept, and the digest of the bytes that they have."""
_strays = Strays()


async def delete_replaced(tenant: Tenant, store: MediaStore, *, media_id: str, sha256: str | None, key: str) -> None:
    """Delete bytes that a medium no longer has, unless they were sent again: storing bytes also locks the row."""
    async with tenant.writing() as work:
        row = await work.fetch_one(queries.select_media, {"media_id": media_id}, for_update=True)
        if row is None or (media := Media(*row)).sha256 != sha256 or media.status == "failed":
            await store.delete(key)


async def _kept_media(tenant: Tenant, ids: Sequence[str]) -> dict[str, str | None]:
    return dict(await tenant.fetch_all(queries.select_stored_media, {"media_ids": list(ids)}))


async def sweep(operator: Operator, store: MediaStore, kept: Mapping[str, Kept] | None = None) -> int:
    """Delete half uploads and bytes without a row; return how many. Safe beside uploads in any process.

    Args:
        kept: what other rooms keep in the store, by the prefix of their ids.

    None while the clock has jumped since bytes may last have been written: their files' times say nothing then.
    """
    if jumps.quiet_s() < _IDLE_S:
        return 0
    swept = await store.sweep_staged(idle_s=_IDLE_S)
    for tenant in await list_tenants(operator):
        swept += await _sweep_stale(tenant, store)
        swept += await _sweep_orphans(tenant, store, {"med": _kept_media, **(kept or {})})
    return swept


async def _sweep_stale(tenant: Tenant, store: MediaStore) -> int:
    """Uploads that were begun and not completed within a day."""
    rows = await tenant.fetch_all(queries.select_stale_media, {"before_us": now_us() - _STALE_US})
    for media in (Media(*row) for row in rows):
        async with tenant.writing() as work:
            await work.execute(queries.delete_unfinished_media, {"media_id": media.id})
    return len(rows)


async def _sweep_orphans(tenant: Tenant, store: MediaStore, kept: Mapping[str, Kept]) -> int:
    """Bytes are looked for before rows: a row is there before its bytes are, and gone before they are deleted."""
    stored = await store.list_under(str(tenant.key.tenant_id))
    swept = 0
    for start in range(0, len(stored), _BATCH):
        swept += await _sweep_batch(tenant, store, stored[start : start + _BATCH], kept)
    return swept


async def _sweep_batch(tenant: Tenant, store: MediaStore, stored: list[StoredKey], keepers: Mapping[str, Kept]) -> int:
    named = [(one, *_named(one.key)) for one in stored]
    kept: dict[str, str | None] = {}
    for prefix, keeper in keepers.items():
        theirs = sorted({owner_id for _, owner_id, _ in named if owner_id.startswith(f"{prefix}_")})
        kept |= await keeper(tenant, theirs) if theirs else {}
    swept = 0
    for one, owner_id, sha256 in named:
        if owner_id.partition("_")[0] not in keepers:
            _strays.note(one.key)
            continue
        is_part = one.key.endswith(".part")  # of an upload that nobody goes on with, or of a copy
        is_other = owner_id in kept and kept[owner_id] != sha256
        is_unwanted = one.idle_s > _IDLE_S if is_part or is_other else owner_id not in kept
        if is_unwanted:
            await store.delete(one.key)
            swept += 1
    return swept


def _named(key: str) -> tuple[str, str]:
    """Return whose bytes a key names, and their digest."""
    owner_id, _, sha256 = key.rpartition("/")[2].partition("-")
    return owner_id.partition(".")[0], sha256.partition(".")[0]
