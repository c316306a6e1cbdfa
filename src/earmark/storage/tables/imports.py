"""Tables of imports: uploads that become recordings, and what became of each of their files."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

imports = Table(
    "imports",  # the bytes are in the media store until the import has ended
    metadata,
    tenant(),
    own_id(),
    Column("end_user_id", Key, nullable=False),
    Column("status", Key, nullable=False),  # waiting (for bytes) | running | completed | failed
    Column("file_name", Text, nullable=False),
    Column("folder_id", Key),  # into which all recordings go
    Column("makes_folders", Int, nullable=False),  # 1: the archive's folders become folders
    Column("size_bytes", Int),  # as declared, then as received
    Column("sha256", Key),  # of the bytes received, hexadecimal
    Column("error_message", Text),
    Column("progress", Float, nullable=False),  # 0 to 1
    Column("groups_done", Int, nullable=False),  # how many recordings of the archive are done with
    Column("expires_us", Int, nullable=False),  # of the upload
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    Column("completed_us", Int),
    to("end_users", "end_user_id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
    Index(None, "tenant_id", "created_us", "id"),
    Index(None, "tenant_id", "status", "updated_us"),
)

import_files = Table(
    "import_files",  # go with the recording that was made of them: a name may say what was talked about
    metadata,
    tenant(),
    Column("import_id", Key, primary_key=True),
    Column("group_no", Int, primary_key=True, autoincrement=False),
    Column("number", Int, primary_key=True, autoincrement=False),  # within the group
    Column("end_user_id", Key, nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Key, nullable=False),  # imported | skipped | failed
    Column("recording_id", Key),
    Column("warnings_total", Int, nullable=False),
    Column("error_message", Text),
    to("imports", "import_id"),
    to("recordings", "recording_id"),
    Index(None, "tenant_id", "recording_id"),
    sqlite_with_rowid=False,
)
