"""Errors of identity."""

from __future__ import annotations

from earmark.errors import ConflictError, NotFoundError


class ProjectNotFoundError(NotFoundError):
    """No project has this id."""

    def __init__(self, project_id: str) -> None:
        super().__init__(f"Project {project_id} does not exist.", param="project")


class KeyNotFoundError(NotFoundError):
    """No key of the project has this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"Key {key_id} does not exist.", param="key")


class KeyNotRotatableError(ConflictError):
    """The key is revoked, expired or a token, so it can't be rotated."""

    def __init__(self, key_id: str, why: str) -> None:
        super().__init__(f"Key {key_id} {why}, so it can't be rotated.", param="key")
