"""The error tree.

    EarmarkError
    ├─ InvalidError        400  the request is invalid
    ├─ UnauthorizedError   401  the credential is missing or invalid
    ├─ ForbiddenError      403  the caller lacks the permission
    ├─ NotFoundError       404  the object does not exist for this caller
    ├─ ConflictError       409  the object's state does not allow the operation
    ├─ TooLargeError       413  the request exceeds a size limit
    ├─ LimitExceededError  429  the caller exceeds a rate limit
    ├─ ProviderError       502  a language model failed
    └─ UnavailableError    503  the server is temporarily unable to respond

Rooms define subclasses beside the code that raises them. `api` renders the contract's envelope from
`code`, `message`, `param` and `details`; `cli` prints `message` and exits 1.
"""

from __future__ import annotations

from typing import Any, ClassVar


class EarmarkError(Exception):
    """Base of every error whose message is shown to people.

    Args:
        message: one sentence, without internals or user content.
        param: the invalid field, in dotted form (`scope.recording_ids`).
        details: structured data for programs.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, param: str | None = None, details: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.details = details
        self.session_id: str | None = None
        """The session to retry in, if a turn failed after it had started."""


class InvalidError(EarmarkError):
    """The request is invalid."""

    code = "invalid_request"
    status = 400


class UnauthorizedError(EarmarkError):
    """The credential is missing or invalid; malformed, unknown, revoked and expired ones look the same."""

    code = "unauthorized"
    status = 401
    challenge = "Bearer"
    """The `WWW-Authenticate` header of the response."""

    def __init__(self) -> None:
        super().__init__("A valid API key is required.")


class ForbiddenError(EarmarkError):
    """The caller lacks the permission."""

    code = "forbidden"
    status = 403


class NotFoundError(EarmarkError):
    """The object does not exist for this caller; other callers' objects look the same."""

    code = "not_found"
    status = 404


class ConflictError(EarmarkError):
    """The object's state does not allow the operation."""

    code = "conflict"
    status = 409


class TooLargeError(EarmarkError):
    """The request exceeds a size limit."""

    code = "payload_too_large"
    status = 413


class LimitExceededError(EarmarkError):
    """The caller exceeds a rate limit."""

    code = "rate_limit_exceeded"
    status = 429


class ProviderError(EarmarkError):
    """A language model failed; the question is stored."""

    code = "provider_error"
    status = 502


class UnavailableError(EarmarkError):
    """The server is temporarily unable to respond; a retry may succeed."""

    code = "unavailable"
    status = 503
