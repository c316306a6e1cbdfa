"""Audio and video that come with an import: recognised by their content, and their way into the media store.

A file's name only says which files of a folder belong together. What a file is decides the decoding process, which
opens it within limits; here no more than its first bytes are looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from earmark.errors import InvalidError
from earmark.imports.types import File
from earmark.library.recordings import get_recording
from earmark.media.errors import EmptyUploadError
from earmark.media.store import MediaStore, Staged
from earmark.media.uploads import attach
from earmark.speech.decoding.probe import probe
from earmark.speech.decoding.types import Probe, UndecodableError
from earmark.storage.tenant import Tenant
from earmark.transcripts.sounds import HEAD_BYTES, find_sound

_PIECE_BYTES: Final = 1 << 20
_TYPES: Final = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".ogg": "audio/ogg",
    ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".webm": "video/webm", ".aac": "audio/aac",
    ".m4v": "video/mp4", ".mov": "video/quicktime", ".amr": "audio/amr", ".3gp": "video/3gpp",
    ".mkv": "video/x-matroska", ".mka": "audio/x-matroska", ".aif": "audio/aiff", ".aiff": "audio/aiff",
    ".caf": "audio/x-caf", ".wma": "audio/x-ms-wma", ".wmv": "video/x-ms-asf", ".avi": "video/x-msvideo",
}  # fmt: skip
"""An `.opus` file is Opus in an Ogg container, hence `audio/ogg`."""
_UNFINISHED: Final = frozenset(
    {".part", ".partial", ".crdownload", ".download", ".opdownload", ".tmp", ".temp", ".!ut"}
)
"""What programs append to the name of a file that they are still writing."""
_OF_CONTAINERS: Final = {
    "wav": "audio/wav", "w64": "audio/x-w64", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac",
    "aac": "audio/aac", "loas": "audio/aac", "amr": "audio/amr", "aiff": "audio/aiff", "au": "audio/basic",
    "caf": "audio/x-caf", "ac3": "audio/ac3", "eac3": "audio/eac3", "dts": "audio/vnd.dts", "ape": "audio/x-ape",
    "dss": "audio/x-dss", "mpc": "audio/x-musepack", "mpc8": "audio/x-musepack", "tak": "audio/x-tak",
    "tta": "audio/x-tta", "voc": "audio/x-voc", "wv": "audio/x-wavpack", "mov": "video/quicktime",
    "avi": "video/x-msvideo", "flv": "video/x-flv", "mpeg": "video/mpeg", "mpegts": "video/mp2t",
}  # fmt: skip
_WITH_PICTURES: Final = {
    "m4a": ("audio/mp4", "video/mp4"), "mp4": ("audio/mp4", "video/mp4"), "webm": ("audio/webm", "video/webm"),
    "matroska": ("audio/x-matroska", "video/x-matroska"), "3gp": ("audio/3gpp", "video/3gpp"),
    "asf": ("audio/x-ms-wma", "video/x-ms-asf"),
}  # fmt: skip
"""Containers whose type says whether there are moving pictures: (without, with)."""


class AudioTypeError(InvalidError):
    """The file is neither audio nor video."""

    def __init__(self) -> None:
        super().__init__(
            "This is no audio or video that can be read. Most kinds are: m4a, mp3, wav, flac, ogg, opus, webm, amr, "
            "3gp, mp4, mov, mkv and others, whatever the file is called."
        )


@dataclass(frozen=True, slots=True)
class StagedSound:
    """Audio or video whose bytes are staged in the media store, and what it is."""

    staged: Staged
    content_type: str


def is_audio(file: File) -> bool:
    """Whether a file is taken for audio or video: by its name, else by its first bytes."""
    suffix = _suffix(file.base)
    return suffix in _TYPES or (suffix not in _UNFINISHED and find_sound(_head(file)) is not None)


def is_audio_by_name(name: str) -> bool:
    """Whether a file's name is that of audio or video."""
    return _suffix(name) in _TYPES


def check(file: File) -> None:
    """Check that an audio file can be read and isn't empty.

    Raises: EmptyUploadError, OSError.
    """
    with file.open() as opened:
        if not opened.read(1):
            raise EmptyUploadError


@asynccontextmanager
async def staged(store: MediaStore, sound: File | None) -> AsyncIterator[StagedSound | None]:
    """Copy a file into the media store and find out what it is; it is discarded unless it was attached.

    Raises: AudioTypeError, StorageUnavailableError, OSError.
    """
    if sound is None:
        yield None
        return
    copy = await store.stage()
    try:
        with ExitStack() as closing:
            opened = await asyncio.to_thread(closing.enter_context, sound.open())
            while piece := await asyncio.to_thread(opened.read, _PIECE_BYTES):
                await copy.write(piece)
        await copy.finish()
        yield StagedSound(copy, await _type_of(copy, sound))
    finally:
        await copy.discard()


async def attach_missing(store: MediaStore, owner: Tenant, recording_id: str, sound: StagedSound) -> None:
    """Attach audio to a recording that has none.

    Raises: StorageUnavailableError.
    """
    if (await get_recording(owner, recording_id)).media_id is None:
        await attach(owner, store, recording_id, sound.content_type, sound.staged)


async def _type_of(copy: Staged, sound: File) -> str:
    """Return the content type of staged bytes.

    One that is damaged, or can't be opened on this machine, has the type that it begins like or is named after: its
    transcription says what is wrong.
    """
    opened = await copy.open()
    try:
        return _of_probe(await probe(opened))
    except UndecodableError as error:
        begins_like = find_sound(await opened.read(0, HEAD_BYTES))
        if begins_like is not None:
            return begins_like.content_type
        named = _TYPES.get(_suffix(sound.base))
        if named is None or error.problem == "unsupported_format":
            raise AudioTypeError from error
        return named
    finally:
        await opened.close()


def _of_probe(found: Probe) -> str:
    both = _WITH_PICTURES.get(found.container)
    return _OF_CONTAINERS[found.container] if both is None else both[found.has_video]


def _head(file: File) -> bytes:
    """Return a file's first bytes, none if it can't be read: whoever imports it says so."""
    try:
        with file.open() as opened:
            return opened.read(HEAD_BYTES)
    except (OSError, InvalidError):
        return b""


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""
