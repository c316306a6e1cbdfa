"""What an authenticated caller may do, whichever edge it came through."""

from __future__ import annotations

from earmark.errors import ForbiddenError
from earmark.identity.types import Caller


class ScopeMissingError(ForbiddenError):
    """A restricted key lacks a scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This key needs the scope {scope}.", details={"scope": scope})


class NotForEndUsersError(ForbiddenError):
    """The operation refuses end-user-scoped credentials, whatever their scopes."""

    def __init__(self, missing_scope: str | None = None) -> None:
        scope = "" if missing_scope is None else f" with the scope {missing_scope}"
        super().__init__(
            f"An end user's credential can't do this; use a project-wide key{scope}.",
            details=None if missing_scope is None else {"scope": missing_scope},
        )


class NotPersonsKeyError(ForbiddenError):
    """The operation needs a person's own console session or unrestricted key."""

    def __init__(self) -> None:
        super().__init__("This needs a person's console session, or a secret key bound to one end user.")


class NotUnrestrictedError(ForbiddenError):
    """The operation gives others access: it refuses tokens and restricted keys."""

    def __init__(self) -> None:
        super().__init__("This needs a console session or a secret key.")


def require_scope(caller: Caller, scope: str) -> None:
    """Check that the caller has a scope.

    Raises: ScopeMissingError.
    """
    if not caller.may(scope):
        raise ScopeMissingError(scope)


def require_project_wide(caller: Caller, scope: str = "") -> None:
    """Check that the caller's credential is not an end user's, which no scope could help.

    Raises: NotForEndUsersError, which names the operation's scope if the caller lacks it too.
    """
    if caller.end_user_id is not None:
        raise NotForEndUsersError(scope if scope and not caller.may(scope) else None)


def require_unrestricted(caller: Caller) -> None:
    """Check that the caller's credential has no restrictions: no token, no restricted key.

    Raises: NotUnrestrictedError.
    """
    if caller.scopes is not None:
        raise NotUnrestrictedError


def require_persons_key(caller: Caller) -> None:
    """Check that the caller's credential is one end user's and has no restrictions: no token, no restricted key.

    Raises: NotPersonsKeyError.
    """
    if caller.end_user_id is None or caller.scopes is not None:
        raise NotPersonsKeyError
