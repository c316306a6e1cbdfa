"""Errors of OAuth: those of the token endpoint as RFC 6749 names them, those of a person's consent as the API's."""

from __future__ import annotations

from typing import ClassVar

from earmark.errors import EarmarkError, InvalidError, NotFoundError


class OAuthError(EarmarkError):
    """A request to an OAuth endpoint is refused. Source: RFC 6749, section 5.2; RFC 7591, section 3.2.2.

    Args:
        reason: the error's name on the wire.
    """

    code: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class InvalidGrantError(OAuthError):
    """The code or token is wrong, used, expired or another client's; the response does not tell which."""

    def __init__(self) -> None:
        super().__init__("invalid_grant", "The code or token is wrong, used or expired.")


class ClientUnknownError(InvalidError):
    """No client is registered under this id, and it is no address of a client's metadata document."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The client is not known: {why}", param="client_id")


class RedirectUriError(InvalidError):
    """The client does not list this redirect address, or it is of a form that is not allowed."""

    def __init__(self) -> None:
        super().__init__("The client does not list this redirect address.", param="redirect_uri")


class AuthorizationError(InvalidError):
    """A known client asks for something that can't be granted; `details.redirect_to` tells it."""

    def __init__(self, param: str, message: str, redirect_to: str) -> None:
        super().__init__(message, param=param, details={"redirect_to": redirect_to})


class TooManyClientsError(OAuthError):
    """Too many clients were registered from this address."""

    code = "rate_limit_exceeded"
    status = 429

    def __init__(self) -> None:
        super().__init__("temporarily_unavailable", "Too many clients were registered from this address.")


class GrantNotFoundError(NotFoundError):
    """No grant has this id, or the caller may not see it."""

    def __init__(self) -> None:
        super().__init__("No such grant.")
