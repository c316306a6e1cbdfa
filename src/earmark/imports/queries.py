"""The SQL of imports."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, or_, select, update

from earmark.imports.types import Import, ImportedFile
from earmark.library.queries import newest_first
from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, query
from earmark.storage.tables import import_files, imports

IMPORT = tuple(imports.c[name] for name in Import.__dataclass_fields__)
FILE = tuple(import_files.c[name] for name in ImportedFile.__dataclass_fields__)
CHANGING = (
    "status", "size_bytes", "sha256", "error_message", "progress", "groups_done", "updated_us", "completed_us",
)  # fmt: skip


@query
def insert_import(own: Guard) -> Insert:
    return own.insert(imports)


@query
def select_import(own: Guard, *, for_update: bool = False) -> Select[Any]:
    statement = select(*IMPORT).where(own(imports), imports.c.id == bindparam("import_id"))
    return statement.with_for_update() if for_update else statement


@query
def select_imports(own: Guard) -> Select[Any]:
    return select(*IMPORT).where(own(imports)).order_by(imports.c.created_us, imports.c.id)


@query
def select_imports_page(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    statement = select(*IMPORT).where(own(imports))
    if "end_user_id" in filters:
        statement = statement.where(imports.c.end_user_id == bindparam("end_user_id"))
    return newest_first(statement, imports, is_continued=is_continued)


@query
def update_import(own: Guard) -> Update:
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CHANGING}
    return update(imports).where(own(imports), imports.c.id == bindparam("import_id")).values(changed)


@query
def insert_file(own: Guard) -> Insert:
    """A group that is imported again after a crash keeps what was said of it first."""
    return own.insert_or_ignore(import_files)


@query
def select_files(own: Guard) -> Select[Any]:
    return (
        select(*FILE)
        .where(own(import_files), import_files.c.import_id == bindparam("import_id"))
        .order_by(import_files.c.group_no, import_files.c.number)
        .limit(bindparam("most"))
    )


@query
def count_files(own: Guard) -> Select[Any]:
    return select(func.count()).where(own(import_files), import_files.c.import_id == bindparam("import_id"))


@query
def select_kept(own: Guard) -> Select[Any]:
    """Select the imports among these that have not ended; their bytes are kept."""
    is_open = or_(imports.c.status == "waiting", imports.c.status == "running")
    return select(imports.c.id, imports.c.sha256).where(own(imports), any_of(imports.c.id, "import_ids"), is_open)


@query
def select_stuck(own: Guard) -> Select[Any]:
    """Select imports of a status in which nothing has happened since `before_us`."""
    is_idle = imports.c.updated_us < bindparam("before_us")
    return select(imports.c.id).where(own(imports), imports.c.status == bindparam("of_status"), is_idle)


@query
def delete_ended_before(own: Guard) -> Delete:
    is_ended = or_(imports.c.status == "completed", imports.c.status == "failed")
    return delete(imports).where(own(imports), is_ended, imports.c.updated_us < bindparam("before_us"))
