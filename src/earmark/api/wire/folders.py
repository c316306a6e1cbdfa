"""Wire models of folders."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.wire.common import NOT_BLANK, Body, EndUserIdField, ListQuery, Shown
from earmark.clock import render_time
from earmark.lengths import check_length
from earmark.library.types import Folder
from earmark.text import trim

FolderName = Annotated[
    str,
    AfterValidator(trim),
    check_length(1, 255),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 255, "pattern": NOT_BLANK}),
]


class FolderBody(Body):
    """A new folder. `end_user_id` is required unless the credential is end-user-scoped; names may repeat."""

    name: FolderName = Field(examples=["Board calls"])
    end_user_id: EndUserIdField | None = None


class FolderChanges(Body):
    """A folder's new name."""

    name: FolderName = Field(examples=["Board calls 2026"])


class FolderListQuery(ListQuery):
    """Filters of the folders list."""

    end_user_id: EndUserIdField | None = Field(None, description="Only this end user's folders.")


class FolderShown(Shown):
    """A named group of an end user's recordings."""

    id: str = Field(examples=["fld_2bCdEfGh1jKlMn0pQrStUvWx"])
    end_user_id: str
    name: str = Field(examples=["Board calls"])
    recording_count: int = Field(ge=0)
    created_at: str
    updated_at: str


class FolderPage(Shown):
    """A page of folders, newest first."""

    data: list[FolderShown]
    has_more: bool
    next_cursor: str | None


def folder_to_wire(folder: Folder) -> dict[str, Any]:
    """Return a folder as the contract shows it."""
    return {
        "id": folder.id,
        "end_user_id": folder.end_user_id,
        "name": folder.name,
        "recording_count": folder.recording_count,
        "created_at": render_time(folder.created_us),
        "updated_at": render_time(folder.updated_us),
    }
