"""Where SQL may be written: every other way to the database would pass the guard by."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.meta.sources import nodes, place, source_files, tree_of
from tests.meta.test_code import QUERIES

QUERY_MAKERS = {"query", "long_query", "operator_query", "Query"}
STATEMENTS = {"select", "insert", "update", "delete"}
WORDS = {
    "text", "literal_column", "column", "table", "union", "union_all", "intersect", "except_", "values", "lateral",
    "tablesample", "alias", "cte", "lambda_stmt", "TextClause", "TableClause", "Table", "DDL", "custom_op", "compiles",
    "UserDefinedType", "TypeDecorator",
}  # fmt: skip
"""What makes a statement, or part of one, of words or tables that the guard can't know."""

WRITES_WORDS = {
    "storage/dialect.py": {"compiles"},  # our own elements, which the guard lists
    "storage/elements.py": {"Table", "custom_op"},  # the guard's list itself
    "storage/migrate_postgres.py": {"text"},  # migrations: before anybody is served
    "storage/row_security.py": {"text"},  # migrations
    "storage/guard_check.py": {"Table", "TableClause", "TextClause"},  # which it refuses or looks up
    "storage/tables/ask.py": {"Table"},
    "storage/tables/corrections.py": {"Table"},
    "storage/tables/identity.py": {"Table"},
    "storage/tables/imports.py": {"Table"},
    "storage/tables/jobs.py": {"Table", "text"},  # the conditions of partial indexes
    "storage/tables/library.py": {"Table"},
    "storage/tables/oauth.py": {"Table"},
    "storage/tables/sharing.py": {"Table"},
    "storage/tables/summaries.py": {"Table"},
    "storage/tables/processing.py": {"Table"},
    "storage/tables/retrieval.py": {"Table", "UserDefinedType"},  # pgvector's type, which the guard lists
    "storage/tables/speech.py": {"Table"},
    "storage/tables/webhooks.py": {"Table", "text"},  # the conditions of partial indexes
}
BUILDS_STATEMENTS = {
    "storage/dump.py": "backups: queries like the rooms'",
    "storage/guard.py": "inserts",
    "storage/pgvector.py": "the semantic scan: queries like the rooms'",
}
"""Besides the rooms' `queries.py`."""
SPEAKS_SQL = {
    "storage/credentials.py": "the one look-up that starts without a tenant: by a key's hash, one row",
    "storage/migrate.py": "which schema is there, before anybody is served",
    "storage/migrate_postgres.py": "which schema and which role are there, before anybody is served",
    "storage/postgres.py": "transactions, the tenant of row-level security, and whether the database is there",
    "storage/row_security.py": "migrations: policies",
    "storage/sqlite.py": "pragmas, transactions, and whether the database is there",
}
"""Files with SQL in words of their own."""
HAS_DRIVER = {
    "storage/migrate.py": {"sqlite3"},
    "storage/migrate_postgres.py": {"asyncpg"},
    "storage/postgres.py": {"asyncpg"},
    "storage/sqlite.py": {"sqlite3"},
    "storage/sqlite_connections.py": {"sqlite3"},
    "storage/sqlite_version.py": {"sqlite3"},
}
RUNS = {"execute", "executemany", "executescript", "exec_driver_sql", "fetchval", "fetchrow", "copy_to_table"}
"""Methods of the drivers. `execute` is also the handle's, which takes a query."""
SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE|CREATE|ALTER|DROP|GRANT|REVOKE|PRAGMA|ATTACH|COPY|SET)\s"
)


def _imported(file: str, package: str = "sqlalchemy") -> dict[str, str]:
    """Return what a file imports from a package: its name there by its name here, `*` for a whole module."""
    found: dict[str, str] = {}
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
            found |= {one.asname or one.name: one.name for one in node.names}
        elif isinstance(node, ast.Import):
            of_it = [one for one in node.names if f"{one.name}.".startswith(f"{package}.")]
            found |= {one.asname or package: "*" for one in of_it}
    return found


def _named(names: set[str]) -> dict[str, set[str]]:
    """Return which of SQLAlchemy's `names` each file uses, imported or as an attribute of what is imported."""
    found = defaultdict(set)
    for file in source_files():
        imported = _imported(file)
        found[file] |= names & {name for node in _uses(file) if (name := imported.get(node.id, "")) and name != "*"}
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
                found[file] |= names & {node.attr}
    return {file: used for file, used in found.items() if used}


def _uses(file: str) -> Iterator[ast.Name]:
    """Yield names where something is done with them; annotations only say what something is."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Call):
            yield from (one for one in (node.func, *node.args) if isinstance(one, ast.Name))
        elif isinstance(node, ast.ClassDef):
            bases = [one.value if isinstance(one, ast.Subscript) else one for one in node.bases]
            yield from (one for one in bases if isinstance(one, ast.Name))


def _docstrings(tree: ast.Module) -> set[ast.AST]:
    """Return the strings of a file that are statements by themselves."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def test_statements_are_built_in_the_files_of_queries_only() -> None:
    files = {file for file in _named(STATEMENTS) if not file.endswith("queries.py")}
    assert files == set(BUILDS_STATEMENTS)


def test_nothing_of_words_or_unknown_tables_is_built_but_in_storage() -> None:
    assert _named(WORDS) == WRITES_WORDS


def test_no_table_builds_a_statement_or_another_name_of_itself() -> None:
    of_it = {*STATEMENTS, "alias", "tablesample", "lateral", "to_metadata", "tometadata", "append_column"}
    found = []
    for file in source_files():
        known = _imported(file, "earmark.storage.tables")
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                found += [place(file, node)] if node.attr in of_it else []
    assert found == []


def test_sql_in_words_stands_in_storage_only() -> None:
    files = set()
    for file in source_files():
        docs = _docstrings(tree_of(file))
        for node in ast.walk(tree_of(file)):
            is_words = isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs
            files |= {file} if is_words and SQL.match(node.value) else set()  # type: ignore[attr-defined]
    assert files == set(SPEAKS_SQL)


def test_drivers_are_used_in_storage_only() -> None:
    found = defaultdict(set)
    for file, node in nodes():
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            found[file] |= {"sqlite3", "asyncpg", "psycopg", "aiosqlite"} & {name.partition(".")[0] for name in names}
    assert {file: drivers for file, drivers in found.items() if drivers} == HAS_DRIVER


def test_a_driver_gets_its_words_from_a_compiled_query_or_in_a_listed_file() -> None:
    files = set()
    for file, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS and node.args:
            is_words = isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
            files |= {file} if is_words or node.func.attr != "execute" else set()
    assert files <= set(SPEAKS_SQL) | set(HAS_DRIVER)


def test_every_query_of_the_program_is_among_those_that_are_compiled() -> None:
    marked = set()
    for file, node in nodes(outside=("storage/query.py",)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            marks = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
            marked |= {f"{file.partition('/')[0]}.{node.name}"} if marks & QUERY_MAKERS else set()
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in QUERY_MAKERS:
            assert node.func.id not in _imported(file, "earmark.storage.query"), place(file, node)
    assert marked == set(QUERIES)
    assert len(marked) > 150


def test_queries_have_names_of_their_own() -> None:
    made = [
        f"{file.partition('/')[0]}.{node.name}"
        for file, node in nodes(outside=("storage/query.py",))
        if isinstance(node, ast.FunctionDef)
        and {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list} & QUERY_MAKERS
    ]
    assert sorted(set(made)) == sorted(made)
