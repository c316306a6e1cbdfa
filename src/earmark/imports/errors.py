"""Errors of imports."""

from __future__ import annotations

from earmark.errors import ConflictError, NotFoundError


class ImportNotFoundError(NotFoundError):
    """No import has this id, or the caller may not see it."""

    def __init__(self) -> None:
        super().__init__("This import does not exist.")


class ImportReceivedError(ConflictError):
    """The bytes of the import have arrived, or it has ended."""

    def __init__(self) -> None:
        super().__init__("This import has its bytes, or has ended. Start a new import for another file.")
