"""Local audio files: their content type by name, and their import into the media store."""

from __future__ import annotations

import asyncio
from pathlib import Path

from earmark.errors import InvalidError
from earmark.library.recordings import get_recording
from earmark.media.errors import EmptyUploadError
from earmark.media.uploads import attach
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

_PIECE_BYTES = 1 << 20
TYPES = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".ogg": "audio/ogg",
    ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".webm": "audio/webm", ".aac": "audio/aac",
}  # fmt: skip
"""An `.opus` file is Opus in an Ogg container, hence `audio/ogg`."""


class AudioTypeError(InvalidError):
    """The file's suffix is no supported audio type."""

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


def check(path: Path) -> None:
    """Check that an audio file is readable, not empty and of a supported type.

    Raises: AudioTypeError, EmptyUploadError, OSError.
    """
    type_of(path)
    with path.open("rb") as file:
        if not file.read(1):
            raise EmptyUploadError


async def attach_missing(runtime: Runtime, owner: Tenant, recording_id: str, path: Path) -> None:
    """Attach an audio file to a recording that has no audio.

    Raises: StorageUnavailableError, OSError.
    """
    if (await get_recording(owner, recording_id)).media_id is not None:
        return
    with path.open("rb") as file:
        staged = await runtime.media.stage()
        try:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                await staged.write(piece)
            await staged.finish()
            await attach(owner, runtime.media, recording_id, type_of(path), staged)
        finally:
            await staged.discard()
