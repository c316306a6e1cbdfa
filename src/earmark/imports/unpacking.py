"""What an upload holds: the recordings of an archive in an order that never changes, or one file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from earmark.imports.archives import ArchiveError, is_archive, open_archive
from earmark.imports.grouping import group_files, single
from earmark.imports.types import File, Group
from earmark.media.reader import as_file
from earmark.media.store import MediaStore


@asynccontextmanager
async def unpacked(store: MediaStore, key: str, file_name: str) -> AsyncIterator[list[Group]]:
    """Open stored bytes as recordings, whose files can be read inside the block.

    Raises: ArchiveError, MediaNotFoundError, StorageUnavailableError.
    """
    stored = await store.open(key)
    try:
        with ExitStack() as opened:
            file = File(file_name, stored.size_bytes, lambda: as_file(stored))
            yield await asyncio.to_thread(_groups, file, opened)
    finally:
        await stored.close()


def _groups(file: File, opened: ExitStack) -> list[Group]:
    if not is_archive(file):
        return [single(file)]
    groups, _ = group_files(opened.enter_context(open_archive(file)), root=file.name)
    if not groups:
        raise ArchiveError("The archive has neither transcripts nor audio.")
    return groups
