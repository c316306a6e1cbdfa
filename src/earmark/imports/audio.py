"""Audio and video that come with an import: their content type by name, and their way into the media store."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from earmark.errors import InvalidError
from earmark.imports.types import File
from earmark.library.recordings import get_recording
from earmark.media.errors import EmptyUploadError
from earmark.media.store import MediaStore
from earmark.media.uploads import attach
from earmark.storage.tenant import Tenant

_PIECE_BYTES = 1 << 20
TYPES = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".ogg": "audio/ogg",
    ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".webm": "video/webm", ".aac": "audio/aac",
    ".m4v": "video/mp4", ".mov": "video/quicktime",
}  # fmt: skip
"""An `.opus` file is Opus in an Ogg container, hence `audio/ogg`."""


class AudioTypeError(InvalidError):
    """The file's suffix is no supported audio type."""

    def __init__(self) -> None:
        super().__init__(f"Audio must be one of {', '.join(TYPES)}.")


def is_audio(name: str) -> bool:
    """Whether a file's name is that of audio or video."""
    return _suffix(name) in TYPES


def type_of(name: str) -> str:
    """Return the content type of an audio file.

    Raises: AudioTypeError.
    """
    found = TYPES.get(_suffix(name))
    if found is None:
        raise AudioTypeError
    return found


def check(file: File) -> None:
    """Check that an audio file can be read, isn't empty and has a supported type.

    Raises: AudioTypeError, EmptyUploadError, OSError.
    """
    type_of(file.name)
    with file.open() as opened:
        if not opened.read(1):
            raise EmptyUploadError


async def attach_missing(store: MediaStore, owner: Tenant, recording_id: str, audio: File) -> None:
    """Attach an audio file to a recording that has no audio.

    Raises: StorageUnavailableError, OSError.
    """
    if (await get_recording(owner, recording_id)).media_id is not None:
        return
    with ExitStack() as closing:
        opened = await asyncio.to_thread(closing.enter_context, audio.open())
        staged = await store.stage()
        try:
            while piece := await asyncio.to_thread(opened.read, _PIECE_BYTES):
                await staged.write(piece)
            await staged.finish()
            await attach(owner, store, recording_id, type_of(audio.name), staged)
        finally:
            await staged.discard()


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""
