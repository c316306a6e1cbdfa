"""What `earmark doctor` says of stored media: whether the files of a sample are there, of the right size."""

from __future__ import annotations

from typing import Final

from earmark.cli.archives import find_lost
from earmark.errors import UnavailableError
from earmark.identity.projects import list_tenants
from earmark.ids import new_id
from earmark.media import queries
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore
from earmark.media.types import Media
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

_EACH: Final = 20
"""So many of a tenant's newest media are looked at, and as many random ones."""
_MOST: Final = 2_000
"""So many are looked at of all tenants."""


class MediaLostError(UnavailableError):
    """Files of media are missing in the store, or have another size than they had."""

    def __init__(self, lost: list[Media], looked_at: int, folder: str) -> None:
        named = ", ".join(f"{media.id} of {media.recording_id}" for media in lost[:3])
        super().__init__(
            f"{len(lost)} of {looked_at} files looked at are missing or cut off in {folder} ({named}"
            f'{", …" if len(lost) > 3 else ""}). Is it mounted, or was it moved? See "Move the media" in '
            "docs/guides/operate.md; `earmark backup` names all that are missing."
        )


async def check_media(runtime: Runtime) -> str:
    """Look for the files of each tenant's newest and of random media.

    Raises: MediaLostError.
    """
    looked_at, lost = 0, list[Media]()
    for tenant in await list_tenants(runtime.operator):
        sample = await _sample(tenant)
        absent = [media for media in sample if not await _is_whole(runtime.media, tenant, media)]
        lost += await find_lost(tenant, absent)
        looked_at += len(sample)
        if looked_at >= _MOST:
            break
    if lost:
        raise MediaLostError(lost, looked_at, str(runtime.settings.data_dir / "media"))
    return f"{looked_at} files looked at, each is there" if looked_at else "no files yet"


async def _sample(tenant: Tenant) -> list[Media]:
    rows = [
        *await tenant.fetch_all(queries.select_newest_media, {"most": _EACH}),
        *await tenant.fetch_all(queries.select_media_from, {"media_id": new_id("med"), "most": _EACH}),
        *await tenant.fetch_all(queries.select_media_from, {"media_id": "", "most": _EACH // 4}),
    ]
    return list({row[0]: Media(*row) for row in rows}.values())


async def _is_whole(store: MediaStore, tenant: Tenant, media: Media) -> bool:
    try:
        file = await store.open(media.key(tenant.key.tenant_id))
    except MediaNotFoundError:
        return False
    await file.close()
    return file.size_bytes == media.size_bytes
