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

    def __init__(self) -> None:
        super().__init__("An end user's credential can't do this; use a project-wide key.")


def require_scope(caller: Caller, scope: str) -> None:
    """Check that the caller has a scope.

    Raises: ScopeMissingError.
    """
    if not caller.may(scope):
        raise ScopeMissingError(scope)


def require_project_wide(caller: Caller) -> None:
    """Check that the caller's credential is not an end user's.

    Raises: NotForEndUsersError.
    """
    if caller.end_user_id is not None:
        raise NotForEndUsersError
