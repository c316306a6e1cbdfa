"""What can go wrong with rows."""

from __future__ import annotations

from earmark.errors import ConflictError, EarmarkError, NotFoundError, UnavailableError


class UniqueViolationError(ConflictError):
    """A row with this key is there already; rooms that expect it say so in their own words."""

    def __init__(self) -> None:
        super().__init__("That exists already.")


class MissingParentError(NotFoundError):
    """What the new row belongs to went away meanwhile."""

    def __init__(self) -> None:
        super().__init__("What this belongs to no longer exists.")


class StorageUnavailableError(UnavailableError):
    """The database can't be reached, is busy for too long, or can't write."""


class LockedError(StorageUnavailableError):
    """Others hold what a unit of work with little patience wants to lock; it may be begun again."""

    def __init__(self) -> None:
        super().__init__("Others are changing this; try again.")


class UnknownSchemaError(UnavailableError):
    """The database was made by a version of earmark that this one does not know."""


class UnguardedQueryError(EarmarkError):
    """A query names a customers' table without its tenant: a bug, stopped before it runs."""
