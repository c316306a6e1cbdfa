"""`/v1/imports`: files and whole exports become recordings, by a job."""

from __future__ import annotations

from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.transfers import TOKEN, check_declared, grant_of, pieces_of
from earmark.api.wire.imports import (
    ImportBegunShown,
    ImportFileBody,
    ImportListQuery,
    ImportPage,
    ImportShown,
    begun_to_wire,
    import_to_wire,
    listed_to_wire,
)
from earmark.errors import ConflictError, ForbiddenError, NotFoundError
from earmark.identity.access import require_scope
from earmark.imports.receiving import begin_import, get_import, list_files, list_imports_page, receive_import
from earmark.library.end_users import narrow_to_end_user
from earmark.library.types import FolderFilters
from earmark.media.errors import UploadTooLargeError
from earmark.storage.tenant import Tenant

routes = Routes("Imports")
BY_ID = {"import_id": "imp"}
_ALSO = ("transcriptions:write",)
_FOLDERS = "folders:write"
_CONTENT: dict[str, Any] = {
    "parameters": [TOKEN],
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
}


def _may_use_folder(call: Call, body: ImportFileBody) -> None:
    if body.folder_id is not None:
        require_scope(call.caller, _FOLDERS)


@routes.add("POST", "/imports",
            Rules("recordings:write", also=_ALSO, limits=("overall", "uploads", "jobs"), retry="secret",
                  authorise=_may_use_folder),
            answers={201: ImportBegunShown}, errors=[NotFoundError, UploadTooLargeError])  # fmt: skip
async def create_import(call: Call, body: ImportFileBody) -> Reply:
    """Start an import: return a URL to `PUT` the file to, valid for an hour.

    As soon as all bytes have arrived they are imported, with what a key without `folders:write` may not make left out:
    the folders of an archive. The same bytes are imported once for each end user.
    """
    limit_bytes = call.runtime.settings.import_limit_bytes
    if body.file_size_bytes is not None and body.file_size_bytes > limit_bytes:
        raise UploadTooLargeError(limit_bytes)
    owner = await narrow_to_end_user(call.tenant, body.end_user_id)
    one, grant = await begin_import(
        owner,
        body.file_name.replace("\\", "/").rpartition("/")[2] or body.file_name,
        size_bytes=body.file_size_bytes,
        folder_id=body.folder_id,
        makes_folders=call.caller.may(_FOLDERS),
    )
    return json_reply(begun_to_wire(one, call.runtime.grants.render(grant), call.base_url), 201)


@routes.add("GET", "/imports", Rules("recordings:write", also=_ALSO), answers={200: ImportPage})
async def show_imports(call: Call, query: ImportListQuery) -> Reply:
    """List imports, newest first, without their files; kept for 30 days after their end."""
    filters = asked_filters(query, FolderFilters)
    return await page_reply(
        call,
        "imports",
        query,
        filters,
        fetch=lambda page: list_imports_page(call.tenant, page, filters),
        position_of=lambda one: (one.created_us, one.id),
        to_wire=listed_to_wire,
    )


@routes.add("GET", "/imports/{import_id}", Rules("recordings:write", BY_ID, also=_ALSO), answers={200: ImportShown},
            errors=[NotFoundError])  # fmt: skip
async def show_import(call: Call, import_id: str) -> Reply:
    """Show how far an import is, and what became of each file; kept for 30 days after its end."""
    async with call.tenant.reading() as snapshot:
        one = await get_import(snapshot, import_id)
        files, total = await list_files(snapshot, import_id)
    return json_reply(import_to_wire(one, files, total))


@routes.add("PUT", "/imports/{import_id}/content", Rules(None, BY_ID, retry="none", is_signed=True),
            answers={200: ImportShown}, openapi=_CONTENT,
            errors=[ForbiddenError, NotFoundError, ConflictError, UploadTooLargeError])  # fmt: skip
async def upload_import(call: Call, import_id: str) -> Reply:
    """Upload the file to the URL that `POST /v1/imports` returned, whatever its type; needs no key."""
    with call.bodies.waiting():
        grant = grant_of(call, "PUT", import_id)
        limit_bytes = call.runtime.settings.import_limit_bytes
        check_declared(call, grant, limit_bytes)
        tenant = Tenant(call.runtime.database, grant.tenant_key)
        pieces = pieces_of(call.receive)
        one = await receive_import(tenant, call.runtime.media, grant, pieces, limit_bytes=limit_bytes)
    if call.runtime.metrics is not None:
        call.runtime.metrics.count("earmark_media_bytes_total", one.size_bytes or 0, direction="in")
    return json_reply(import_to_wire(one, (), 0))
