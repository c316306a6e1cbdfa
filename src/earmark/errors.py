"""The error tree.

    EarmarkError
    ├─ InvalidError        400  the request says something impossible
    ├─ UnauthorizedError   401  nobody we know is asking
    ├─ ForbiddenError      403  somebody who may not do this is asking
    ├─ NotFoundError       404  there is no such thing for this caller
    ├─ ConflictError       409  the thing is not in a state that allows it
    ├─ TooLargeError       413  more than we take
    ├─ LimitExceededError  429  too often
    ├─ ProviderError       502  a language model failed
    └─ UnavailableError    503  we can't work right now

Rooms raise subclasses that live beside the code that raises them. `api` renders the contract's
envelope from `code`, `message`, `param` and `details`; `cli` prints `message` and exits 1.
"""

from __future__ import annotations

from typing import Any, ClassVar


class EarmarkError(Exception):
    """Base of every error that a person is meant to read.

    Args:
        message: one sentence, free of internals and of anybody's words.
        param: the field at fault, in dotted form (`scope.recording_ids`).
        details: more, for machines.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, param: str | None = None, details: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.details = details
        self.session_id: str | None = None
        """The session in which to try again, where a turn failed after it had started."""


class InvalidError(EarmarkError):
    """The request says something impossible."""

    code = "invalid_request"
    status = 400


class UnauthorizedError(EarmarkError):
    """Nobody we know is asking: missing, malformed, unknown, revoked and expired credentials look the same."""

    code = "unauthorized"
    status = 401

    def __init__(self) -> None:
        super().__init__("A valid API key is required.")


class ForbiddenError(EarmarkError):
    """Somebody who may not do this is asking."""

    code = "forbidden"
    status = 403


class NotFoundError(EarmarkError):
    """There is no such thing for this caller; whether others have it can't be told from the answer."""

    code = "not_found"
    status = 404


class ConflictError(EarmarkError):
    """The thing is not in a state that allows this."""

    code = "conflict"
    status = 409


class TooLargeError(EarmarkError):
    """More than we take."""

    code = "payload_too_large"
    status = 413


class LimitExceededError(EarmarkError):
    """Too often."""

    code = "rate_limit_exceeded"
    status = 429


class ProviderError(EarmarkError):
    """A language model failed; the question is kept."""

    code = "provider_error"
    status = 502


class UnavailableError(EarmarkError):
    """We can't work right now; try again."""

    code = "unavailable"
    status = 503
