"""Errors of the database."""

from __future__ import annotations

from earmark.errors import ConflictError, EarmarkError, NotFoundError, UnavailableError


class UniqueViolationError(ConflictError):
    """A row with this key exists; rooms translate it to an error of their own."""

    def __init__(self) -> None:
        super().__init__("This object already exists.")


class MissingParentError(NotFoundError):
    """The new row's parent was deleted meanwhile."""

    def __init__(self) -> None:
        super().__init__("The parent object no longer exists.")


class StorageUnavailableError(UnavailableError):
    """The database can't be reached, is busy for too long, or can't be written."""


class LockedError(StorageUnavailableError):
    """A unit of work exceeded its lock timeout; it may be retried."""

    def __init__(self) -> None:
        super().__init__("Another request is changing this object; try again.")


class NoDatabaseError(UnavailableError):
    """There is no installation yet, and what was asked for must not begin one: the place may be the wrong one."""

    def __init__(self, place: str, question: str) -> None:
        super().__init__(
            f"{place} holds no data of earmark. Is {question} A new installation begins with `earmark setup` or "
            "`earmark serve`."
        )


class UnknownSchemaError(UnavailableError):
    """The database's schema is unknown to this version of earmark."""


class UnguardedQueryError(EarmarkError):
    """A query uses customers' data without its tenant: a bug, refused before it runs."""
