"""Errors of summaries. Messages contain ids at most, never people's words."""

from __future__ import annotations

from typing import Final

from earmark.errors import ConflictError, InvalidError, NotFoundError
from earmark.jobs.types import PermanentJobError

MESSAGES: Final = {"processing_error": "The summary could not be written.", "cancelled": "The summary was cancelled."}
"""What is said with the codes of summaries that failed, where nothing more is known."""


class SummaryNotFoundError(NotFoundError):
    """No summary has this id, or the caller may not see it."""

    def __init__(self) -> None:
        super().__init__("No such summary.")


class TemplateNotFoundError(NotFoundError):
    """No template has this id."""

    def __init__(self, *, param: str | None = None) -> None:
        super().__init__("No such summary template.", param=param)


class TemplateOrPromptError(InvalidError):
    """A summary is made by a template or by a prompt, by exactly one of them."""

    def __init__(self) -> None:
        super().__init__("Give exactly one of template_id and prompt.", param="template_id")


class TranscriptionNotReadyError(ConflictError):
    """The transcript is not completed."""

    code = "transcription_not_ready"

    def __init__(self) -> None:
        super().__init__("The transcription is not completed.")


class SummaryEndedError(ConflictError):
    """The summary has ended, so that it can't be cancelled."""

    def __init__(self) -> None:
        super().__init__("The summary has already ended.")


class SummaryNotReadyError(ConflictError):
    """Only a completed summary can be corrected."""

    def __init__(self) -> None:
        super().__init__("Only a completed summary can be corrected.")


class BuiltInTemplateError(ConflictError):
    """The templates that come with the program can't be changed or deleted."""

    def __init__(self) -> None:
        super().__init__("This template comes with earmark; it can't be changed or deleted.")


class TooManyTemplatesError(ConflictError):
    """A project has as many templates as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"A project has at most {most} summary templates. Delete one first.")


class SchemaError(InvalidError):
    """A template's schema is not one of strings, arrays of strings and objects of them."""

    def __init__(self, message: str) -> None:
        super().__init__(message, param="schema")


class CannotSummariseError(PermanentJobError):
    """A summary can't be written, however often it is tried; its code and message are shown with the summary."""
