"""Why signing in with a provider fails."""

from __future__ import annotations

from earmark.errors import NotFoundError, UnauthorizedError
from earmark.oidc.types import Reason


class ProviderNotFoundError(NotFoundError):
    """No provider has this name."""

    def __init__(self) -> None:
        super().__init__("There is no such way to sign in.")


class SignInFailedError(UnauthorizedError):
    """A sign-in failed. `reason` is for the sign-in page, `problem` for the log; neither repeats what was sent."""

    def __init__(self, reason: Reason, problem: str) -> None:
        super().__init__()
        self.message = "Signing in failed."
        self.reason: Reason = reason
        self.problem = problem
