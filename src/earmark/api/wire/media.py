"""Wire models of uploads and downloads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.wire.common import Body, MediaIdField, Query, Shown, is_whole
from earmark.clock import render_time
from earmark.media.grants import Grant
from earmark.media.types import EXTENSIONS, Claim, Media

_MAX_DURATION_S = 168 * 3_600


def _check_type(value: str) -> str:
    """Return the media type without parameters such as `;codecs=opus`."""
    media_type = value.split(";")[0].strip().lower()
    if media_type not in EXTENSIONS:
        raise ValueError(f"must be one of {', '.join(EXTENSIONS)}")
    return media_type


def _check_digest(value: str) -> str:
    digest = value.lower()
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError("must be 64 hexadecimal digits")
    return digest


ContentType = Annotated[str, AfterValidator(_check_type), WithJsonSchema({"type": "string", "enum": list(EXTENSIONS)})]
Digest = Annotated[
    str, AfterValidator(_check_digest), WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"})
]
Size = Annotated[int, Field(ge=1, le=1 << 50), is_whole]


class UploadBody(Body):
    """Type and size of the file to upload."""

    content_type: ContentType = "audio/opus"
    file_size_bytes: Size | None = Field(None, description="If given, exactly this many bytes are accepted.")


class UploadShown(Shown):
    """The URL to `PUT` the bytes to, its headers, and its expiry."""

    media_id: str = Field(examples=["med_4dEfGh1jKlMn0pQrStUvWxYz"])
    upload_url: str
    content_type: str = Field(examples=["audio/ogg"])
    upload_token: str
    expires_at: str
    headers: dict[str, str] = Field(examples=[{"Content-Type": "audio/ogg"}])


class CompleteBody(Body):
    """The client's claims about the upload; each one given is verified."""

    content_sha256: Digest | None = None
    file_size_bytes: Size | None = None
    duration_seconds: Annotated[float, Field(ge=0, le=_MAX_DURATION_S)] | None = None
    duration_ms: Annotated[int, Field(ge=0, le=_MAX_DURATION_S * 1_000), is_whole] | None = None
    media_id: MediaIdField | None = Field(
        None, description="Which upload, if several were started; the last one if absent."
    )

    def to_claim(self) -> Claim:
        """Return the room's claim."""
        duration_ms = self.duration_ms
        if duration_ms is None and self.duration_seconds is not None:
            duration_ms = round(self.duration_seconds * 1_000)
        return Claim(self.content_sha256, self.file_size_bytes, duration_ms, self.media_id)


class DownloadQuery(Query):
    """The file to download."""

    media_id: MediaIdField | None = Field(None, description="One of the recording's `media`; the newest if absent.")


class DownloadBody(Body):
    """The file to download."""

    media_id: MediaIdField | None = Field(None, description="One of the recording's `media`; the newest if absent.")


class DownloadShown(Shown):
    """The URL to `GET` the bytes from, whole or in ranges, and its expiry."""

    download_url: str
    media_id: str
    content_type: str
    file_size_bytes: int
    expires_in: int = Field(description="Seconds.")
    expires_at: str


class ReceivedShown(Shown):
    """Size and checksum of the received bytes."""

    media_id: str
    status: Literal["received"]
    file_size_bytes: int
    content_sha256: str


class ArrivedShown(Shown):
    """How much of an upload in parts has arrived."""

    media_id: str
    status: Literal["waiting"]
    upload_offset: int = Field(description="The next part begins here.")


def upload_to_wire(media: Media, grant: Grant, token: str, base_url: str) -> dict[str, Any]:
    """Return an upload as the contract shows it."""
    return {
        "media_id": media.id,
        "upload_url": f"{base_url}/v1/media/{media.id}?token={token}",
        "content_type": media.content_type,
        "upload_token": token,
        "expires_at": render_time(grant.expires_s * 1_000_000),
        "headers": {"Content-Type": media.content_type},
    }


def download_to_wire(media: Media, grant: Grant, token: str, base_url: str, *, expires_in: int) -> dict[str, Any]:
    """Return a download as the contract shows it."""
    return {
        "download_url": f"{base_url}/v1/media/{media.id}?token={token}",
        "media_id": media.id,
        "content_type": media.content_type,
        "file_size_bytes": media.size_bytes,
        "expires_in": expires_in,
        "expires_at": render_time(grant.expires_s * 1_000_000),
    }


def received_to_wire(media: Media) -> dict[str, Any]:
    """Return a received upload as the contract shows it."""
    return {
        "media_id": media.id,
        "status": "received",
        "file_size_bytes": media.size_bytes,
        "content_sha256": media.sha256,
    }


def arrived_to_wire(media: Media, offset: int) -> dict[str, Any]:
    """Return an upload of which parts are missing as the contract shows it."""
    return {"media_id": media.id, "status": "waiting", "upload_offset": offset}
