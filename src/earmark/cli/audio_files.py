"""Audio files on this machine: their type by their name, and their way into the media store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from earmark.errors import InvalidError
from earmark.media.downloads import list_media
from earmark.media.errors import EmptyUploadError
from earmark.media.store import Staged
from earmark.media.uploads import attach
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

_PIECE_BYTES = 1 << 20
TYPES = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".ogg": "audio/ogg",
    ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".webm": "audio/webm", ".aac": "audio/aac",
}  # fmt: skip
"""An `.opus` file is Opus in Ogg, and players know it by that name."""


class AudioTypeError(InvalidError):
    """A file whose name says nothing that can be played."""

    def __init__(self) -> None:
        super().__init__(f"Audio must be one of {', '.join(TYPES)}.")


def type_of(path: Path) -> str:
    """Return the content type of an audio file.

    Raises: AudioTypeError.
    """
    found = TYPES.get(path.suffix.lower())
    if found is None:
        raise AudioTypeError
    return found


@asynccontextmanager
async def staged(runtime: Runtime, path: Path | None) -> AsyncIterator[Staged | None]:
    """Copy a file into the store's waiting room for as long as the block runs; None stays None.

    Raises: AudioTypeError, EmptyUploadError, StorageUnavailableError, OSError if it can't be read.
    """
    if path is None:
        yield None
        return
    type_of(path)
    with path.open("rb") as file:
        copy = await runtime.media.stage()
        try:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                await copy.write(piece)
            if not copy.size_bytes:
                raise EmptyUploadError
            await copy.finish()
            yield copy
        finally:
            await copy.discard()


async def attach_missing(runtime: Runtime, owner: Tenant, recording_id: str, path: Path, copy: Staged) -> None:
    """Give a recording its audio, unless it has some."""
    if recording_id not in await list_media(owner, [recording_id]):
        await attach(owner, runtime.media, recording_id, type_of(path), copy)
