"""Statements with words, elements or tables that the guard can't know."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam, delete, func, insert, literal_column, select, text, update
from sqlalchemy.ext.compiler import compiles

from earmark.storage.dialect import AnyOf, Constant
from earmark.storage.query import Guard
from earmark.storage.tables import ask_sessions, folders
from tests.storage.refused import add, folder, of_tenant, refused, sessions

# ---- words of one's own ------------------------------------------------------------------------------

add("text_statement", lambda own: text("SELECT id FROM folders"))
add("text_with_columns", lambda own: text("SELECT id FROM folders").columns(folder.id))
add("text_in_where", lambda own: select(folder.id).where(own(folders), text("1 = 1 OR 1 = 1")))
add(
    "text_as_a_column",
    lambda own: select(text("(SELECT title FROM ask_sessions)")).select_from(folders).where(own(folders)),
)
add("text_in_from", lambda own: select(folder.id).select_from(text("ask_sessions")).where(own(folders)))
add("text_in_order_by", lambda own: select(folder.id).where(own(folders)).order_by(text("(SELECT 1)")))
add("text_in_group_by", lambda own: select(func.count()).select_from(folders).where(own(folders)).group_by(text("id")))
add(
    "text_in_set", lambda own: update(folders).where(own(folders)).values(name=text("(SELECT title FROM ask_sessions)"))
)
add("text_in_values", lambda own: own.insert(folders).values(name=text("(SELECT title FROM ask_sessions)")))
add("label_named_in_words", lambda own: select(folder.id).where(own(folders)).order_by("id"))
add(
    "literal_column_in_the_columns",
    lambda own: select(folder.id, literal_column("(SELECT title FROM ask_sessions)")).where(own(folders)),
)
add("literal_column_in_where", lambda own: select(folder.id).where(own(folders), literal_column("1") == 1))
add(
    "literal_column_in_order_by",
    lambda own: select(folder.id).where(own(folders)).order_by(literal_column("(SELECT 1)")),
)
add(
    "literal_column_in_returning",
    lambda own: delete(folders).where(own(folders)).returning(literal_column("(SELECT title FROM ask_sessions)")),
)
add(
    "literal_column_cast",
    lambda own: select(sa.cast(literal_column("'x'"), sa.LargeBinary()), folder.id).where(own(folders)),
)
add("column_of_no_table", lambda own: select(folder.id, sa.column("title")).where(own(folders)))
add("prefix", lambda own: select(folder.id).prefix_with("title, ").where(own(folders)))
add("suffix", lambda own: select(folder.id).where(own(folders)).suffix_with("UNION SELECT id FROM ask_sessions"))
add("hint", lambda own: select(folder.id).where(own(folders)).with_hint(folders, "OR 1", "sqlite"))
add("statement_hint", lambda own: select(folder.id).where(own(folders)).with_statement_hint("-- "))
add("prefix_of_an_insert", lambda own: own.insert(folders).prefix_with("OR REPLACE"))
add("prefix_of_a_delete", lambda own: delete(folders).prefix_with("x").where(own(folders)))
add("operator_in_words", lambda own: select(folder.id).where(own(folders), folder.id.op("= 'x' OR 'y' =")("y")))
add("operator_of_bool", lambda own: select(folder.id).where(own(folders), folder.id.bool_op("OR")("y")))
add("escape_in_words", lambda own: select(folder.id).where(own(folders), folder.name.like("x", escape="' OR '")))
add("collation", lambda own: select(folder.id).where(own(folders)).order_by(folder.name.collate("NOCASE")))
add("type_with_a_collation", lambda own: select(sa.cast(folder.name, sa.Text(collation='x" OR'))).where(own(folders)))
add("list_rendered_into_the_words", lambda own: select(folder.id).where(own(folders), folder.id.in_(["a", "b"])))


class _Spying(sa.ColumnElement[str]):
    inherit_cache = False
    type = sa.Text()


@compiles(_Spying)
def _spying(element: Any, compiler: Any, **_: Any) -> str:
    return "(SELECT title FROM ask_sessions)"


class _SpyingType(sa.Text):
    def bind_expression(self, bindvalue: Any) -> Any:
        return select(sessions.title).scalar_subquery()


class _SpyingAnyOf(AnyOf):
    inherit_cache = False


class _SpyingTable(sa.Table):
    inherit_cache = False


add("element_of_ones_own", lambda own: select(_Spying(), folder.id).where(own(folders)))
add("subclass_of_an_element_of_ours", lambda own: select(folder.id).where(own(folders), _SpyingAnyOf(folder.id, "ids")))
add(
    "type_of_ones_own",
    lambda own: select(folder.id).where(own(folders), folder.name == bindparam("name", type_=_SpyingType())),
)
add(
    "type_with_a_variant_of_ones_own",
    lambda own: select(sa.cast(folder.name, sa.Text().with_variant(_SpyingType(), "sqlite"))).where(own(folders)),
)
add("type_coerced", lambda own: select(sa.type_coerce(folder.name, _SpyingType())).where(own(folders)))


@refused
def constant_of_ones_own(own: Guard) -> Any:
    constant = Constant("0", sa.Integer())
    constant.words = "(SELECT count(*) FROM ask_sessions)"
    return select(constant, folder.id).where(own(folders))


# ---- tables that are not ours, and other names for ours ------------------------------------------------

_same_name = sa.Table("ask_sessions", sa.MetaData(), *(sa.Column(one.name, one.type) for one in ask_sessions.c))
_other_schema = sa.Table("folders", sa.MetaData(), sa.Column("tenant_id", sa.Integer), schema="main")

add("table_by_its_name", lambda own: select(sa.table("ask_sessions", sa.column("id"))))
add(
    "table_by_its_name_in_from", lambda own: select(folder.id).select_from(sa.table("ask_sessions")).where(own(folders))
)
add("table_of_the_same_name", lambda own: select(_same_name.c.id).where(own(_same_name)))
add("table_of_another_schema", lambda own: select(_other_schema).where(of_tenant(_other_schema)))
add("table_of_the_database_itself", lambda own: select(sa.table("sqlite_master", sa.column("sql"))))
add("table_of_a_subclass", lambda own: select(_SpyingTable("folders", sa.MetaData(), sa.Column("id", sa.Text))))
add("delete_of_a_table_by_its_name", lambda own: delete(sa.table("ask_sessions")))
add("update_of_a_table_by_its_name", lambda own: update(sa.table("folders", sa.column("name"))).values(name="x"))
add("insert_into_a_table_by_its_name", lambda own: insert(sa.table("folders", sa.column("id"))).values(id="x"))
add("alias_guarded_by_its_table", lambda own: select(ask_sessions.alias().c.id).where(own(ask_sessions)))
add("tablesample", lambda own: select(folders.tablesample(100).c.id).where(own(folders)))
add("only_values", lambda own: select(sa.values(sa.column("x", sa.Integer), name="v").data([(1,)])))


@refused
def alias_with_a_guard_of_its_own(own: Guard) -> Any:
    hidden = ask_sessions.alias("folders")
    return select(hidden.c.id).where(hidden.c.tenant_id == bindparam("tenant_id"), own(folders))


@refused
def self_join_by_alias(own: Guard) -> Any:
    other = ask_sessions.alias()
    return select(other.c.title).join(ask_sessions, other.c.id != sessions.id).where(own(ask_sessions))


@refused
def update_of_an_alias(own: Guard) -> Any:
    hidden = folders.alias()
    return update(hidden).where(hidden.c.tenant_id == bindparam("tenant_id")).values(name="x")


@refused
def lateral(own: Guard) -> Any:
    inner = select(folder.name).where(own(folders)).lateral()
    return select(sessions.id, inner.c.name).select_from(ask_sessions).join(inner, sa.true()).where(own(ask_sessions))


@refused
def cte_unguarded(own: Guard) -> Any:
    return select(select(sessions.id).cte("hidden").c.id)


@refused
def cte_beside_the_statement(own: Guard) -> Any:
    return select(folder.id).where(own(folders)).add_cte(delete(ask_sessions).returning(sessions.id).cte("gone"))


@refused
def cte_that_changes(own: Guard) -> Any:
    return select(update(folders).values(name="x").returning(folder.id).cte("changed").c.id)


@refused
def subquery_with_a_tables_name(own: Guard) -> Any:
    named = select(folder.id, folder.tenant_id).where(own(folders)).subquery("ask_sessions")
    return select(sessions.id).where(own(ask_sessions), named.c.id == sessions.id)


@refused
def subquery_of_words(own: Guard) -> Any:
    return select(text("SELECT id FROM folders").columns(folder.id).subquery().c.id)


# ---- neither SELECT, INSERT, UPDATE nor DELETE -------------------------------------------------------------

add("create_table", lambda own: sa.schema.CreateTable(folders))
add("drop_table", lambda own: sa.schema.DropTable(folders))
add("ddl", lambda own: sa.DDL("DROP TABLE folders"))
add("a_bare_function", lambda own: func.count(folder.id))
add("a_bare_column", lambda own: folder.id)
add("a_bare_table", lambda own: folders)
add("a_bare_subquery", lambda own: select(folder.id).where(own(folders)).subquery())
add("a_lambda", lambda own: sa.lambda_stmt(lambda: select(folder.id)))
add("annotated_column", lambda own: select(folder.id._annotate({"hidden": 1})).where(own(folders)))
add(
    "schema_translated",
    lambda own: select(folder.id).where(own(folders)).execution_options(schema_translate_map={None: "other"}),
)
