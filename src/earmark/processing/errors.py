"""Errors of processing."""

from __future__ import annotations

from collections.abc import Iterable

from earmark.errors import InvalidError, NotFoundError


class UnknownSectionError(InvalidError):
    """The configuration has no section of this name."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(f"A section of the configuration is one of {', '.join(known)}.", param="section")


class OtherProjectError(NotFoundError):
    """The project in the path is not the caller's, or does not exist."""

    def __init__(self) -> None:
        super().__init__("No such project.")
