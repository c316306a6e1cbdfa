"""Errors of Ask. Messages never contain a title or a question."""

from __future__ import annotations

from earmark.errors import (
    ConflictError,
    LimitExceededError,
    NotFoundError,
    ProviderError,
    TooLargeError,
    UnavailableError,
)


class SessionNotFoundError(NotFoundError):
    """No session has this id, or the caller may not see it."""

    def __init__(self) -> None:
        super().__init__("No such Ask session.")


class MessageNotFoundError(NotFoundError):
    """No message of the session has this id."""

    def __init__(self) -> None:
        super().__init__("No such message in this session.")


class RecordingGoneError(ConflictError):
    """All recordings of the session's scope were deleted."""

    def __init__(self) -> None:
        super().__init__("The recordings of this session were deleted; it can be read but not asked.")


class FolderGoneError(ConflictError):
    """The folder of the session's scope was deleted."""

    def __init__(self) -> None:
        super().__init__("The folder of this session was deleted; the session can be read but not asked.")


class TurnWaitedTooLongError(ConflictError):
    """Another turn of the session ran for too long."""

    def __init__(self) -> None:
        super().__init__("Another turn of this session is still running; nothing was stored. Try again.")


class TooManyWaitingError(LimitExceededError):
    """As many sends as may wait in a session do so already."""

    retry_after_s = 5

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} questions wait in this session already; nothing was stored. Try again later.")


class SupersededError(ConflictError):
    """The question was stored, not answered, and another one was asked after it: it will not be answered.

    Names the session, so that its Idempotency-Key keeps this final state.
    """

    def __init__(self, session_id: str, superseded_by: str) -> None:
        super().__init__(
            "Another question was asked after this one; it was answered with both in view.",
            details={"superseded_by": superseded_by},
        )
        self.session_id = session_id


class TurnLostError(UnavailableError):
    """The turn's lease expired before its answer was stored; another turn may have answered."""

    def __init__(self) -> None:
        super().__init__("The session changed while it was being answered; the answer was not stored.")


class NotLastTurnError(ConflictError):
    """Only the last turn of a session can be answered again."""

    def __init__(self) -> None:
        super().__init__("Only the last turn of a session can be answered again.")


class AnswerFailedError(ProviderError):
    """The model failed after the question was stored. `session_id` lets the caller retry."""

    def __init__(self, message: str, session_id: str) -> None:
        super().__init__(message)
        self.session_id = session_id


class AnswerTooLargeError(TooLargeError):
    """The model rejected the question as too long, after the question was stored."""

    code = "context_too_large"

    def __init__(self, message: str, session_id: str) -> None:
        super().__init__(message)
        self.session_id = session_id


class TurnInterruptedError(UnavailableError):
    """The process that ran the turn stopped; the question is stored without an answer."""

    def __init__(self, session_id: str) -> None:
        super().__init__("The turn was interrupted; send the question again to have it answered.")
        self.session_id = session_id


class TurnStillRunningError(UnavailableError):
    """The turn was cancelled but is still running; a retry succeeds once it ended."""

    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The turn was cancelled but hasn't ended yet. Try again in a second.")


class EventsGoneError(NotFoundError):
    """The turn's events were deleted; they are stored until five minutes after its end."""

    def __init__(self) -> None:
        super().__init__("The events of this turn were deleted.")
