"""Errors of media."""

from __future__ import annotations

from earmark.errors import ConflictError, EarmarkError, ForbiddenError, InvalidError, NotFoundError, TooLargeError


class MediaNotFoundError(NotFoundError):
    """The recording has no such media, or none that is verified."""

    def __init__(self, *, param: str | None = None) -> None:
        super().__init__("This recording has no such media.", param=param)


class MediaMissingError(MediaNotFoundError):
    """The medium exists, but its file is missing in the store."""

    def __init__(self) -> None:
        EarmarkError.__init__(
            self,
            "The file of this media is missing in the server's store; its operator has to restore it.",
        )


class NoUploadError(ConflictError):
    """`upload-complete` was called for a recording without an upload."""

    def __init__(self) -> None:
        super().__init__("No upload was started for this recording. Request an upload-url first.")


class UploadNotVerifiedError(EarmarkError):
    """Not all bytes have arrived yet."""

    code = "upload_not_verified"
    status = 425

    def __init__(self) -> None:
        super().__init__("The upload has not arrived yet. Send the bytes to its upload_url, then try again.")


class IntegrityError(ConflictError):
    """The bytes received don't match the sender's digest or size."""

    def __init__(self) -> None:
        super().__init__("The uploaded bytes don't match this digest and size. Start a new upload.")


class LinkInvalidError(ForbiddenError):
    """The link was not signed here, or was signed for something else."""

    def __init__(self) -> None:
        super().__init__("This link is not valid.")


class LinkExpiredError(ForbiddenError):
    """The link has expired, or its upload is complete."""

    def __init__(self) -> None:
        super().__init__("This link has expired.")


class LinkUsedError(LinkExpiredError):
    """The link's upload is complete."""

    def __init__(self) -> None:
        EarmarkError.__init__(
            self, "This upload has ended, and its link can't be used again. Request a new upload-url for other bytes."
        )


class UploadSizeError(InvalidError):
    """The upload has another size than announced."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"This upload doesn't have the announced size of {size_bytes} bytes.", param="file_size_bytes")


class SupersededUploadError(ConflictError):
    """A newer upload to the same link replaced this one."""

    def __init__(self) -> None:
        super().__init__("A newer upload to the same link replaced this one.")


class EmptyUploadError(InvalidError):
    """The upload has no bytes."""

    def __init__(self) -> None:
        super().__init__("The upload is empty.")


class UploadTooLargeError(TooLargeError):
    """The upload is larger than the operator allows."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"An upload may have at most {limit_bytes} bytes.", param="file_size_bytes")


class UploadBrokenOffError(InvalidError):
    """The sender disconnected or stalled before all bytes arrived."""

    def __init__(self) -> None:
        super().__init__("The upload was interrupted before all bytes arrived.")


class RangeError(EarmarkError):
    """The requested range is beyond the end of the file."""

    code = "range_not_satisfiable"
    status = 416

    def __init__(self, size_bytes: int) -> None:
        super().__init__("The requested range is beyond the end of the file.", param="Range")
        self.size_bytes = size_bytes


class UploadOffsetError(ConflictError):
    """A part of an upload does not begin where the bytes that arrived end."""

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"This upload has {offset} bytes; the next part must begin there.", param="Content-Range",
            details={"upload_offset": offset},
        )  # fmt: skip
        self.upload_offset = offset


class ContentRangeError(InvalidError):
    """The `Content-Range` of a part of an upload is invalid."""

    def __init__(self) -> None:
        super().__init__(
            "Content-Range must be `bytes FIRST-LAST/TOTAL` of the bytes sent, with `*` for a TOTAL not known yet, or "
            "`bytes */TOTAL` with none.",
            param="Content-Range",
        )
