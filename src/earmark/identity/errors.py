"""Errors of identity."""

from __future__ import annotations

from earmark.errors import ConflictError, InvalidError, NotFoundError


class ProjectNotFoundError(NotFoundError):
    """No project has this id."""

    def __init__(self, project_id: str) -> None:
        super().__init__(f"Project {project_id} does not exist.", param="project")


class ProjectNameError(InvalidError):
    """The project's name is empty, too long or has control characters."""

    def __init__(self, message: str) -> None:
        super().__init__(message, param="project_name")


class KeyNotFoundError(NotFoundError):
    """No key of the project has this id."""

    def __init__(self) -> None:
        super().__init__("No such key.")


class ReservedLabelError(InvalidError):
    """A key may not be labelled as those are that one-time links give: it would pass for a person's browser."""

    def __init__(self) -> None:
        super().__init__("This label is reserved; choose another one.", param="label")


class OtherModeError(InvalidError):
    """A key can make keys of its own mode only."""

    def __init__(self, mode: str) -> None:
        super().__init__(f"This key makes {mode} keys only; use a key of the other mode to make one.", param="mode")


class KeyNotRotatableError(ConflictError):
    """The key is revoked, expired or a token, so it can't be rotated."""

    def __init__(self, key_id: str, why: str) -> None:
        super().__init__(f"Key {key_id} {why}, so it can't be rotated.", param="key")


class AccessTokenNotFoundError(NotFoundError):
    """The person has no access token of this id, or it is revoked."""

    def __init__(self) -> None:
        super().__init__("No such access token.")


class TooManyAccessTokensError(ConflictError):
    """The person has as many valid access tokens as one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} access tokens, which is the most. Revoke one that is no longer used.")


class AccessTokenLifeError(InvalidError):
    """The access token would live too long."""

    def __init__(self, most_days: int) -> None:
        super().__init__(f"expires_at must be at most {most_days} days from now.", param="expires_at")


class ConsoleSessionNotFoundError(NotFoundError):
    """No signed-in browser of the caller's has this id."""

    def __init__(self) -> None:
        super().__init__("No signed-in device has this id.")
