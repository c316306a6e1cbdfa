"""What can go wrong with media."""

from __future__ import annotations

from earmark.errors import ConflictError, EarmarkError, ForbiddenError, InvalidError, NotFoundError, TooLargeError


class MediaNotFoundError(NotFoundError):
    """The recording has no such media, or none that is verified."""

    def __init__(self, *, param: str | None = None) -> None:
        super().__init__("This recording has no such media.", param=param)


class NoUploadError(ConflictError):
    """`upload-complete` for a recording that no upload was begun for."""

    def __init__(self) -> None:
        super().__init__("No upload was begun for this recording; ask for an upload-url first.")


class UploadNotVerifiedError(EarmarkError):
    """The bytes have not all arrived yet."""

    code = "upload_not_verified"
    status = 425

    def __init__(self) -> None:
        super().__init__("The upload has not arrived yet; send the bytes to its upload_url, then try again.")


class IntegrityError(ConflictError):
    """What arrived is not what the sender says it sent."""

    def __init__(self) -> None:
        super().__init__("The uploaded bytes are not those of this digest and size; begin a new upload.")


class LinkInvalidError(ForbiddenError):
    """A signed address that we did not make, or that was made for something else."""

    def __init__(self) -> None:
        super().__init__("This link is not valid.")


class LinkExpiredError(ForbiddenError):
    """A signed address whose time is over, or whose upload is complete."""

    def __init__(self) -> None:
        super().__init__("This link has expired.")


class UploadSizeError(InvalidError):
    """Another number of bytes than was announced."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"This upload was announced as {size_bytes} bytes long.", param="file_size_bytes")


class SupersededUploadError(ConflictError):
    """The bytes of an upload are being sent anew."""

    def __init__(self) -> None:
        super().__init__("These bytes are being sent anew to the same address; the newest count.")


class EmptyUploadError(InvalidError):
    """An upload without a byte."""

    def __init__(self) -> None:
        super().__init__("The upload is empty.")


class UploadTooLargeError(TooLargeError):
    """More bytes than the operator allows."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"An upload may be {limit_bytes} bytes long at most.", param="file_size_bytes")


class UploadBrokenOffError(InvalidError):
    """The sender went away, or said nothing for too long, before all bytes were there."""

    def __init__(self) -> None:
        super().__init__("The upload was broken off.")


class RangeError(EarmarkError):
    """The bytes asked for lie beyond the end."""

    code = "invalid_request"
    status = 416

    def __init__(self, size_bytes: int) -> None:
        super().__init__("The range asked for lies beyond the end.", param="Range")
        self.size_bytes = size_bytes
