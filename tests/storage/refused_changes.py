"""UPDATE, DELETE and INSERT that reach or make rows of others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam, delete, exists, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from earmark.storage.tables import ask_sessions, end_users, folders, projects
from tests.storage.refused import add, folder, joined, sessions

# ---- UPDATE and DELETE -----------------------------------------------------------------------------------

add("update_unguarded", lambda own: update(folders).values(name="x"))
add("update_guarded_in_an_or", lambda own: update(folders).where(or_(own(folders), folder.id == "x")).values(name="x"))
add("update_from", lambda own: update(folders).where(own(folders), sessions.id == folder.id).values(name="x"))
add(
    "update_from_guarded",
    lambda own: update(folders).where(own(folders), own(ask_sessions), sessions.id == folder.id).values(name="x"),
)
add(
    "update_from_a_system_table",
    lambda own: update(folders).where(own(folders), projects.c.id == folder.id).values(name="x"),
)
add("update_sets_from_another_table", lambda own: update(folders).where(own(folders)).values(name=sessions.title))
add(
    "update_sets_an_unguarded_subquery",
    lambda own: update(folders).where(own(folders)).values(name=select(sessions.title).limit(1).scalar_subquery()),
)
add("update_of_the_tenant", lambda own: update(folders).where(own(folders)).values(tenant_id=5))
add(
    "update_of_the_tenant_to_itself",
    lambda own: update(folders).where(own(folders)).values(tenant_id=bindparam("tenant_id")),
)
add(
    "update_of_the_tenant_by_its_column",
    lambda own: update(folders).where(own(folders)).values({folder.tenant_id: folder.tenant_id + 1}),
)
add(
    "update_of_the_tenant_in_order",
    lambda own: update(folders).where(own(folders)).ordered_values((folder.tenant_id, 5)),
)
add(
    "update_of_the_owner",
    lambda own: update(folders).where(own(folders)).values(end_user_id=bindparam("new_end_user_id")),
)
add("update_of_an_end_users_id", lambda own: update(end_users).where(own(end_users)).values(id=bindparam("new_id")))
add("update_of_no_column", lambda own: update(folders).where(own(folders)))
add(
    "update_of_a_join",
    lambda own: (
        update(folders.join(ask_sessions, joined())).where(own(folders), own(ask_sessions)).values({folder.name: "x"})
    ),
)
add("update_of_another_tables_column", lambda own: update(folders).where(own(folders)).values({sessions.title: "x"}))
add(
    "update_returns_another_table",
    lambda own: update(folders).where(own(folders)).values(name="x").returning(sessions.title),
)
add(
    "update_returns_a_subquery",
    lambda own: (
        update(folders)
        .where(own(folders))
        .values(name="x")
        .returning(select(sessions.title).limit(1).scalar_subquery())
    ),
)
add("update_returns_defaults", lambda own: update(folders).where(own(folders)).values(name="x").return_defaults())
add("delete_unguarded", lambda own: delete(folders))
add("delete_guarded_by_another_table", lambda own: delete(folders).where(own(ask_sessions)))
add("delete_using", lambda own: delete(folders).where(own(folders), own(ask_sessions), sessions.id == folder.id))
add("delete_using_named", lambda own: delete(folders).using(ask_sessions).where(own(folders)))
add(
    "delete_of_ids_of_an_unguarded_subquery",
    lambda own: delete(folders).where(own(folders), folder.id.in_(select(sessions.id))),
)
add("delete_returns_another_table", lambda own: delete(folders).where(own(folders)).returning(sessions.title))
add("delete_with_a_cte", lambda own: delete(folders).where(own(folders)).add_cte(select(sessions.id).cte("hidden")))

# ---- INSERT ----------------------------------------------------------------------------------------------

add("insert_of_another_tenant", lambda own: own.insert(folders).values(tenant_id=5))
add("insert_of_another_tenant_by_its_column", lambda own: own.insert(folders).values({folder.tenant_id: 5}))
add(
    "insert_of_a_tenant_with_a_value", lambda own: own.insert(folders).values(tenant_id=bindparam("tenant_id", value=5))
)
add("insert_of_another_parameter_as_tenant", lambda own: own.insert(folders).values(tenant_id=bindparam("tenant")))
add(
    "insert_of_a_cast_tenant",
    lambda own: own.insert(folders).values(tenant_id=sa.cast(bindparam("tenant_id"), sa.Integer)),
)
add(
    "insert_of_a_computed_tenant",
    lambda own: own.insert(folders).values(tenant_id=bindparam("tenant_id", type_=sa.Integer) + 1),
)
add("insert_without_a_tenant", lambda own: own.insert(folders, unset=("tenant_id",)))
add("insert_of_all_columns_as_they_come", lambda own: insert(folders))
add(
    "insert_of_several_rows",
    lambda own: insert(folders).values([{"tenant_id": 5, "id": "a"}, {"tenant_id": 6, "id": "b"}]),
)
add(
    "insert_from_select",
    lambda own: insert(folders).from_select(["tenant_id", "id"], select(sessions.tenant_id, sessions.id)),
)
add(
    "insert_from_a_guarded_select",
    lambda own: insert(folders).from_select(
        ["tenant_id", "id"], select(sa.literal(5), sessions.id).where(own(ask_sessions))
    ),
)
add(
    "insert_of_an_unguarded_subquery",
    lambda own: own.insert(folders).values(name=select(sessions.title).limit(1).scalar_subquery()),
)
add("insert_of_another_tables_column", lambda own: own.insert(folders).values(name=sessions.title))
add("insert_returns_another_table", lambda own: own.insert(folders).returning(sessions.title))
add(
    "insert_returns_a_subquery",
    lambda own: own.insert(folders).returning(exists(select(sessions.id)).label("is_there")),
)
add("insert_of_sqlites_own", lambda own: sqlite.insert(folders).values(tenant_id=bindparam("tenant_id"), id="x"))
add(
    "upsert_of_the_tenant",
    lambda own: (
        postgresql.insert(folders)
        .values(own._values(folders))
        .on_conflict_do_update(index_elements=["tenant_id", "id"], set_={"tenant_id": 5})
    ),
)
add(
    "upsert_of_the_owner",
    lambda own: (
        postgresql.insert(folders)
        .values(own._values(folders))
        .on_conflict_do_update(index_elements=["tenant_id", "id"], set_={"end_user_id": "x"})
    ),
)
add(
    "upsert_without_a_guard",
    lambda own: (
        postgresql.insert(folders)
        .values(own._values(folders))
        .on_conflict_do_update(index_elements=["tenant_id", "id"], set_={"name": "x"})
    ),
)
add(
    "upsert_with_a_guard",
    lambda own: (
        postgresql.insert(folders)
        .values(own._values(folders))
        .on_conflict_do_update(index_elements=["tenant_id", "id"], set_={"name": "x"}, where=own(folders))
    ),
)
add(
    "conflict_by_words",
    lambda own: (
        postgresql.insert(folders)
        .values(own._values(folders))
        .on_conflict_do_nothing(index_elements=["id"], index_where=text("1 = 1"))
    ),
)
