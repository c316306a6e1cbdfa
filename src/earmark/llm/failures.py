"""Maps the errors of a vendor's SDK to our errors and messages."""

from __future__ import annotations

import re

from earmark.llm.errors import ContextTooLargeError, ModelFailedError

_OVERFLOW = re.compile(
    r"context.{0,12}(length|window|size)|prompt is too long|too many tokens|exceeds? the (maximum|available)"
    r"|maximum number of tokens|input.{0,20}too long",
    re.IGNORECASE,
)
_LONGEST_WAIT_S = 60.0


def explain(provider: str, error: Exception) -> ModelFailedError | ContextTooLargeError:
    """Return the error to raise for an SDK's error."""
    from pydantic_ai import exceptions as theirs

    if isinstance(error, theirs.ModelContextWindowExceededError) or _says_overflow(error):
        return ContextTooLargeError(provider)
    if isinstance(error, TimeoutError | theirs.ModelTimeoutError | theirs.ModelRequestTimeout):
        return ModelFailedError(
            provider, "did not answer in time", is_passing=isinstance(error, theirs.ModelTimeoutError)
        )
    for kind, why, is_passing in (
        (theirs.ModelQuotaExceededError, "has used up its quota at the vendor", False),
        (theirs.ModelRateLimitError, "exceeds the rate limit of its vendor", True),
        (theirs.ModelAuthenticationError, "was refused: its key is invalid or lacks permission", False),
        (theirs.ModelNotFoundError, "does not exist at its vendor", False),
        (theirs.ModelConnectionError, "can't be reached", True),
        (theirs.ModelUnavailableError, "is overloaded or down", True),
        (theirs.ModelServerError, "failed at its vendor", True),
    ):
        if isinstance(error, kind):
            return ModelFailedError(provider, why, is_passing=is_passing, retry_after_s=_asked_wait(error))
    if isinstance(error, theirs.ContentFilterError):
        return ModelFailedError(provider, "refused to answer", is_about_request=True)
    if isinstance(error, theirs.ModelRequestRejectedError):
        return ModelFailedError(provider, "rejected the request", is_about_request=True)
    return _by_status(provider, error)


def _by_status(provider: str, error: Exception) -> ModelFailedError:
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and (status >= 500 or status == 429):
        return ModelFailedError(provider, "failed at its vendor", is_passing=True, retry_after_s=_asked_wait(error))
    if isinstance(status, int) and status in (400, 413, 422):
        return ModelFailedError(provider, "rejected the request", is_about_request=True)
    return ModelFailedError(provider, "gave an unreadable answer")


def _says_overflow(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    return status in (400, 413, 422) and bool(_OVERFLOW.search(str(getattr(error, "body", ""))))


def _asked_wait(error: Exception) -> float | None:
    headers = getattr(error, "headers", None) or {}
    try:
        return min(_LONGEST_WAIT_S, max(0.0, float(headers["retry-after"])))
    except (KeyError, TypeError, ValueError):
        return None
