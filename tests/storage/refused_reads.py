"""SELECTs with a second table, or a subquery, that nothing guards."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exists, func, select
from sqlalchemy.dialects import postgresql

from earmark.storage.dialect import any_of, contains
from earmark.storage.query import Guard
from earmark.storage.tables import ask_sessions, folders, recordings
from tests.storage.refused import add, folder, joined, refused, sessions

# ---- a second table anywhere in a SELECT ----------------------------------------------------------------

add("second_table_in_the_columns", lambda own: select(sessions.id, folder.name).where(own(ask_sessions)))
add("second_table_in_where", lambda own: select(sessions.id).where(own(ask_sessions), folder.id == sessions.id))
add("second_table_in_order_by", lambda own: select(sessions.id).where(own(ask_sessions)).order_by(folder.name))
add(
    "second_table_in_group_by",
    lambda own: select(func.count()).select_from(ask_sessions).where(own(ask_sessions)).group_by(folder.name),
)
add(
    "second_table_in_having",
    lambda own: select(sessions.id).where(own(ask_sessions)).group_by(sessions.id).having(folder.name == "x"),
)
add(
    "second_table_in_limit",
    lambda own: select(sessions.id).where(own(ask_sessions)).limit(select(func.count(folder.id)).scalar_subquery()),
)
add("second_table_in_a_list", lambda own: select(sessions.id).where(own(ask_sessions), any_of(folder.id, "ids")))
add("second_table_in_contains", lambda own: select(sessions.id).where(own(ask_sessions), contains(folder.name, "q")))
add(
    "second_table_in_a_function",
    lambda own: select(func.max(folder.name)).select_from(ask_sessions).where(own(ask_sessions)),
)
add(
    "second_table_in_distinct_on",
    lambda own: select(sessions.id).ext(postgresql.distinct_on(folder.name)).where(own(ask_sessions)),
)
add("second_table_locked", lambda own: select(sessions.id).where(own(ask_sessions)).with_for_update(of=folders))
add("join_forgets_one", lambda own: select(sessions.id).join(folders, joined()).where(own(ask_sessions)))
add(
    "join_guarded_in_on",
    lambda own: select(sessions.id).join(folders, joined() & own(folders)).where(own(ask_sessions)),
)
add("outer_join", lambda own: select(sessions.id).outerjoin(folders, joined()).where(own(ask_sessions)))
add(
    "outer_join_guarded_in_on",
    lambda own: select(sessions.id).outerjoin(folders, joined() & own(folders)).where(own(ask_sessions)),
)
add(
    "outer_join_guarded_on_the_wrong_side",
    lambda own: select(sessions.id).outerjoin(folders, joined() & own(ask_sessions)).where(own(folders)),
)
add(
    "outer_join_guarded_in_where",
    lambda own: select(sessions.id).outerjoin(folders, joined()).where(own(ask_sessions), own(folders)),
)
add(
    "full_join",
    lambda own: select(sessions.id).join(folders, joined(), full=True).where(own(ask_sessions), own(folders)),
)
add(
    "join_in_from",
    lambda own: select(sessions.id).select_from(sa.outerjoin(folders, ask_sessions, joined())).where(own(folders)),
)
add(
    "third_table_in_on",
    lambda own: (
        select(sessions.id)
        .select_from(ask_sessions)
        .join(folders, folder.id == recordings.c.id)
        .where(own(ask_sessions), own(folders))
    ),
)
add(
    "function_as_a_table",
    lambda own: select(func.json_each(folder.name).table_valued("value").c.value).where(own(folders)),
)
add("function_that_reads_a_file", lambda own: select(func.pg_read_file("x"), folder.id).where(own(folders)))
add("function_that_changes_the_tenant", lambda own: select(func.set_config("earmark.tenant_id", "5", True)))
add(
    "function_that_runs_words",
    lambda own: select(func.query_to_xml("SELECT 1", True, True, ""), folder.id).where(own(folders)),
)
add("function_of_a_schema", lambda own: select(func.hidden.count(folder.id)).where(own(folders)))
add("window", lambda own: select(func.count().over(partition_by=folder.name), folder.id).where(own(folders)))
add("filtered_aggregate", lambda own: select(func.count().filter(folder.id == "x")).where(own(folders)))


# ---- subqueries ------------------------------------------------------------------------------------------

add("in_unguarded", lambda own: select(sessions.id).where(own(ask_sessions), sessions.id.in_(select(folder.id))))
add("not_in_unguarded", lambda own: select(sessions.id).where(own(ask_sessions), sessions.id.not_in(select(folder.id))))
add(
    "exists_unguarded",
    lambda own: select(sessions.id).where(own(ask_sessions), exists().where(folder.id == sessions.id)),
)
add(
    "not_exists_unguarded",
    lambda own: select(sessions.id).where(own(ask_sessions), ~exists().where(folder.id == sessions.id)),
)
add(
    "scalar_unguarded",
    lambda own: select(sessions.id, select(folder.name).limit(1).scalar_subquery()).where(own(ask_sessions)),
)
add(
    "scalar_in_order_by",
    lambda own: select(sessions.id).where(own(ask_sessions)).order_by(select(folder.name).limit(1).scalar_subquery()),
)
add("from_unguarded", lambda own: select(select(folder.id).subquery().c.id))
add("from_guarded_outside", lambda own: select(select(folder.id, folder.tenant_id).subquery().c.id).where(own(folders)))
add("union_unguarded", lambda own: sa.union_all(select(folder.id).where(own(folders)), select(sessions.id)))
add("union_in_from", lambda own: select(sa.union(select(folder.id), select(sessions.id)).subquery().c.id))
add(
    "union_in_in",
    lambda own: select(sessions.id).where(
        own(ask_sessions), sessions.id.in_(sa.union(select(folder.id), select(sessions.id)))
    ),
)
add("except", lambda own: sa.except_(select(folder.id), select(folder.id).where(own(folders))))
add(
    "any_of_a_subquery",
    lambda own: select(sessions.id).where(
        own(ask_sessions), sessions.id == sa.any_(select(folder.id).scalar_subquery())
    ),
)


@refused
def same_table_uncorrelated(own: Guard) -> Any:
    others = select(sessions.end_user_id).correlate(None)
    return select(sessions.id).where(own(ask_sessions), sessions.end_user_id.in_(others))


@refused
def same_table_alone_in_a_subquery(own: Guard) -> Any:
    return select(sessions.id).where(own(ask_sessions), exists(select(sessions.title).where(sessions.id != "x")))


@refused
def correlated_except_what_it_needs(own: Guard) -> Any:
    inner = select(folder.id).where(own(folders), folder.id == sessions.id).correlate_except(ask_sessions)
    return select(sessions.id).where(own(ask_sessions), exists(inner))


@refused
def correlated_inside_from(own: Guard) -> Any:
    inner = select(folder.id, sessions.title).where(own(folders)).correlate(ask_sessions).subquery()
    return select(sessions.id, inner.c.title).where(own(ask_sessions))


@refused
def correlated_to_a_table_inside_a_join(own: Guard) -> Any:
    inner = select(folder.id).join(ask_sessions, joined()).where(own(folders))
    return select(sessions.id).where(own(ask_sessions), exists(inner))


@refused
def unguarded_two_levels_down(own: Guard) -> Any:
    deepest = select(recordings.c.id).where(recordings.c.id == folder.id)
    inner = select(folder.id).where(own(folders), exists(deepest))
    return select(sessions.id).where(own(ask_sessions), sessions.id.in_(inner))
