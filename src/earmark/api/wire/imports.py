"""Wire models of imports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from earmark.api.wire.common import Body, EndUserIdField, FolderIdField, ListQuery, Shown
from earmark.api.wire.media import Size
from earmark.clock import render_time, render_time_or_none
from earmark.imports.types import Import, ImportedFile
from earmark.lengths import check_length


class ImportFileBody(Body):
    """A file to import: a transcript, audio, or a zip archive of them, such as a service's export."""

    file_name: Annotated[str, check_length(1, 255)] = Field(
        examples=["export.zip"], description="A hint, and the name of a recording that has none."
    )
    end_user_id: EndUserIdField | None = Field(
        None, description="Whose recordings they become; required unless the credential is end-user-scoped."
    )
    folder_id: FolderIdField | None = Field(
        None, description="A folder for all of them, which needs `folders:write`; else those of the archive are used."
    )
    file_size_bytes: Size | None = Field(None, description="If given, exactly this many bytes are accepted.")


class ImportedFileShown(Shown):
    """What became of one recording of the file, or of a part that is none."""

    file: str = Field(examples=["Orchard/Monday.vtt"])
    status: Literal["imported", "skipped", "failed"] = Field(
        description="`skipped`: the same bytes were imported before, as `recording_id`."
    )
    recording_id: str | None
    warnings_total: int = Field(ge=0, description="How much was repaired or left out; the transcription says what.")
    error: str | None = Field(None, description="Only if it failed.")


class ImportListed(Shown):
    """An import and its state."""

    id: str = Field(examples=["imp_7bCdEfGh1jKlMn0pQrStUvWx"])
    end_user_id: str
    status: Literal["waiting", "running", "completed", "failed"] = Field(
        description="`waiting` for its bytes; `running` from their arrival; `completed` even if single files failed."
    )
    progress: float = Field(ge=0, le=1)
    file_name: str
    folder_id: str | None
    file_size_bytes: int | None
    error: str | None = Field(description="Why nothing more of it can be imported.")
    created_at: str
    completed_at: str | None


class ImportShown(ImportListed):
    """An import: its state, and what became of each file so far."""

    files: list[ImportedFileShown] = Field(description="At most 10,000.")
    files_total: int = Field(ge=0)


class ImportListQuery(ListQuery):
    """Filter of the list of imports."""

    end_user_id: EndUserIdField | None = Field(None, description="Only imports for this end user.")


class ImportPage(Shown):
    """A page of imports, newest first."""

    data: list[ImportListed]
    has_more: bool
    next_cursor: str | None


class ImportBegunShown(ImportShown):
    """A new import, the URL to `PUT` its bytes to, and until when."""

    upload_url: str
    expires_at: str


def import_to_wire(one: Import, files: Sequence[ImportedFile], total: int) -> dict[str, Any]:
    """Return an import as the contract shows it."""
    return {**listed_to_wire(one), "files": [_file_to_wire(file) for file in files], "files_total": total}


def listed_to_wire(one: Import) -> dict[str, Any]:
    """Return an import as lists show it, without its files."""
    return {
        "id": one.id,
        "end_user_id": one.end_user_id,
        "status": one.status,
        "progress": round(one.progress, 4),
        "file_name": one.file_name,
        "folder_id": one.folder_id,
        "file_size_bytes": one.size_bytes,
        "error": one.error_message,
        "created_at": render_time(one.created_us),
        "completed_at": render_time_or_none(one.completed_us),
    }


def begun_to_wire(one: Import, token: str, base_url: str) -> dict[str, Any]:
    """Return a new import as the contract shows it."""
    return {
        **import_to_wire(one, (), 0),
        "upload_url": f"{base_url}/v1/imports/{one.id}/content?token={token}",
        "expires_at": render_time(one.expires_us),
    }


def _file_to_wire(file: ImportedFile) -> dict[str, Any]:
    shown = {
        "file": file.path,
        "status": file.status,
        "recording_id": file.recording_id,
        "warnings_total": file.warnings_total,
    }
    return shown if file.error_message is None else {**shown, "error": file.error_message}
