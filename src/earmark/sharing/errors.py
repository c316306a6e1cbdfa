"""Errors of sharing."""

from __future__ import annotations

from earmark.errors import ConflictError, InvalidError, NotFoundError
from earmark.sharing.types import DAY_US, LONGEST_LIFE_US, MOST


class ShareNotFoundError(NotFoundError):
    """No link has this id, or the caller may not see it."""

    def __init__(self) -> None:
        super().__init__("No such shared link.")


class LinkGoneError(NotFoundError):
    """The link is wrong, was revoked, has expired, or what it showed is gone; the response does not tell which."""

    def __init__(self) -> None:
        super().__init__("This link is not valid, or no longer.")


class ShareLifeError(InvalidError):
    """The link would live too long."""

    def __init__(self) -> None:
        days = LONGEST_LIFE_US // DAY_US
        super().__init__(f"expires_at must be at most {days} days from now.", param="expires_at")


class NothingToShareError(ConflictError):
    """There is nothing yet that the link could show, or no audio."""


class TooManySharesError(ConflictError):
    """The person has as many links as one may have."""

    def __init__(self) -> None:
        super().__init__(f"A person may have {MOST} shared links in use; revoke some.")
