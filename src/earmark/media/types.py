"""Immutable values of media."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MediaStatus = Literal["waiting", "received", "verified", "failed"]

EXTENSIONS: Final[dict[str, str]] = {
    "audio/wav": "wav", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/x-m4a": "m4a", "audio/ogg": "ogg",
    "audio/opus": "opus", "audio/flac": "flac", "audio/webm": "webm", "audio/aac": "aac", "image/jpeg": "jpg",
    "image/png": "png", "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm",
    "audio/3gpp": "3gp", "audio/ac3": "ac3", "audio/aiff": "aiff", "audio/amr": "amr", "audio/basic": "au",
    "audio/eac3": "eac3", "audio/vnd.dts": "dts", "audio/x-ape": "ape", "audio/x-caf": "caf", "audio/x-dss": "dss",
    "audio/x-matroska": "mka", "audio/x-ms-wma": "wma", "audio/x-musepack": "mpc", "audio/x-tak": "tak",
    "audio/x-tta": "tta", "audio/x-voc": "voc", "audio/x-w64": "w64", "audio/x-wavpack": "wv", "video/3gpp": "3gp",
    "video/mp2t": "ts", "video/mpeg": "mpg", "video/x-flv": "flv", "video/x-matroska": "mkv",
    "video/x-ms-asf": "wmv", "video/x-msvideo": "avi",
}  # fmt: skip
"""The media types accepted, and their file extensions. Downloads have exactly one of these types."""


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a recording; its bytes are in the media store.

    `size_bytes` is the announced size until the bytes arrive; `sha256` is of the bytes received. `seq` says which of a
    recording's uploads was begun later; which is its audio, `Recording.media_id` names.
    """

    id: str
    recording_id: str
    end_user_id: str
    status: MediaStatus
    content_type: str
    size_bytes: int | None
    sha256: str | None
    expires_us: int
    created_us: int
    updated_us: int
    seq: int

    def key(self, tenant_id: int) -> str:
        """Return the storage key. It contains the digest, so that other bytes never replace these."""
        return f"{folder_of(tenant_id, self.end_user_id, self.recording_id)}/{self.id}-{self.sha256}"

    def partial_key(self, tenant_id: int) -> str:
        """Return the key of what arrived of an upload in parts; it goes with its recording."""
        return f"{folder_of(tenant_id, self.end_user_id, self.recording_id)}/{self.id}.part"


def folder_of(tenant_id: int, end_user_id: str, recording_id: str | None = None) -> str:
    """Return the key prefix of an end user's media, or of one recording's."""
    folder = f"{tenant_id}/{end_user_id}"
    return folder if recording_id is None else f"{folder}/{recording_id}"


@dataclass(frozen=True, slots=True)
class Claim:
    """The sender's claim about its upload; None where it claims nothing."""

    sha256: str | None = None
    size_bytes: int | None = None
    duration_ms: int | None = None
    media_id: str | None = None
