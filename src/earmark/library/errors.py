"""Errors of the library. Messages contain ids at most, never people's words."""

from __future__ import annotations

from earmark.errors import ConflictError, InvalidError, NotFoundError


class EndUserNotFoundError(NotFoundError):
    """No end user has this id, or the caller may not see it."""

    def __init__(self, *, param: str | None = None) -> None:
        super().__init__("No such end user.", param=param)


class EndUserRequiredError(InvalidError):
    """A project-wide credential must name an end user."""

    def __init__(self) -> None:
        super().__init__("end_user_id is required with a project-wide key.", param="end_user_id")


class ExternalIdTakenError(ConflictError):
    """Another end user of the project has this external id."""

    code = "resource_already_exists"

    def __init__(self) -> None:
        super().__init__("An end user with this external_id already exists.", param="external_id")


class RecordingNotFoundError(NotFoundError):
    """No recording has this id, or the caller may not see it."""

    def __init__(self, *, param: str | None = None, index: int | None = None) -> None:
        """`index`: which of several ids it is."""
        super().__init__("No such recording.", param=param, details=None if index is None else {"index": index})


class FolderNotFoundError(NotFoundError):
    """No folder has this id, or the caller may not see it."""

    def __init__(self, *, param: str | None = None) -> None:
        super().__init__("No such folder.", param=param)


class NotInFolderError(NotFoundError):
    """The folder exists, but the recording is not in it."""

    def __init__(self) -> None:
        super().__init__("This recording is not in the folder.")


class FileImportedError(ConflictError):
    """The same bytes are already imported for this end user."""

    def __init__(self) -> None:
        super().__init__("This file is already imported for this end user.")


class TranscriptionNotFoundError(NotFoundError):
    """No transcription has this id, or the caller may not see it."""

    def __init__(self) -> None:
        super().__init__("No such transcription.")


class TranscriptionNotReadyError(ConflictError):
    """The recording has no transcript yet, or it is not completed."""

    code = "transcription_not_ready"

    def __init__(self) -> None:
        super().__init__("The recording has no completed transcript yet.")


class TranscriptTooLateError(ConflictError):
    """The recording was deleted while its transcript was being prepared."""

    def __init__(self) -> None:
        super().__init__("The recording was deleted while its transcript was being prepared.")
