"""Statements whose guard is missing, does not bind, or is bound to something else."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam, delete, or_, select, update

from earmark.storage.dialect import any_of, contains
from earmark.storage.query import Guard
from earmark.storage.tables import ask_sessions, end_users, folders
from tests.storage.refused import add, folder, of_tenant, refused_scoped, sessions

# ---- no predicate, or one that does not bind ---------------------------------------------------------

add("select_without_guard", lambda own: select(sessions.id))
add("select_of_a_whole_table", lambda own: select(folders))
add("predicate_thrown_away", lambda own: (own(folders), select(folder.id))[1])
add("guard_in_an_or", lambda own: select(sessions.id).where(or_(own(ask_sessions), sessions.title == "x")))
add("guard_in_an_or_with_true", lambda own: select(sessions.id).where(or_(sa.true(), own(ask_sessions))))
add("guard_negated", lambda own: select(sessions.id).where(~own(ask_sessions)))
add(
    "guard_negated_in_a_group", lambda own: select(sessions.id).where(sa.not_(own(ask_sessions) & (sessions.id == "x")))
)
add("guard_of_another_table", lambda own: select(sessions.id).where(own(folders)))
add("guard_in_having", lambda own: select(sessions.id).group_by(sessions.id).having(own(ask_sessions)))
add("guard_in_the_columns", lambda own: select(sessions.id, own(ask_sessions)))
add("guard_in_a_case", lambda own: select(sessions.id).where(sa.case((own(ask_sessions), sa.true()), else_=sa.true())))
add("guard_compared", lambda own: select(sessions.id).where(own(ask_sessions) == sa.false()))
add("tenant_unequal", lambda own: select(sessions.id).where(sessions.tenant_id != bindparam("tenant_id")))
add("tenant_at_least", lambda own: select(sessions.id).where(sessions.tenant_id >= bindparam("tenant_id")))
add("tenant_equals_itself", lambda own: select(sessions.id).where(sessions.tenant_id == sessions.tenant_id))
add("tenant_in_a_list", lambda own: select(sessions.id).where(any_of(sessions.tenant_id, "tenants")))
add(
    "another_column_equals_the_tenant",
    lambda own: select(sessions.id).where(sessions.title_seq == bindparam("tenant_id")),
)
add("tenant_equals_another_parameter", lambda own: select(sessions.id).where(sessions.tenant_id == bindparam("tenant")))
add(
    "tenant_plus_a_column",
    lambda own: select(sessions.id).where(sessions.tenant_id + sessions.title_seq == bindparam("tenant_id")),
)

# ---- the handle's parameters with a value of their own -----------------------------------------------

add("tenant_as_a_literal", lambda own: select(sessions.id).where(sessions.tenant_id == 5))
add(
    "tenant_with_a_value",
    lambda own: select(sessions.id).where(own(ask_sessions), sessions.tenant_id == bindparam("tenant_id", value=5)),
)
add(
    "tenant_with_a_value_only",
    lambda own: select(sessions.id).where(sessions.tenant_id == bindparam("tenant_id", value=5)),
)
add("tenant_unique", lambda own: select(sessions.id).where(sessions.tenant_id == bindparam("tenant_id", unique=True)))
add(
    "tenant_not_required",
    lambda own: select(sessions.id).where(
        own(ask_sessions), sessions.tenant_id == bindparam("tenant_id", required=False)
    ),
)
add(
    "tenant_by_a_callable",
    lambda own: select(sessions.id).where(
        own(ask_sessions), sessions.tenant_id == bindparam("tenant_id", callable_=lambda: 5)
    ),
)
add(
    "tenant_rendered_into_the_words",
    lambda own: select(sessions.id).where(
        own(ask_sessions), sessions.tenant_id == bindparam("tenant_id", literal_execute=True)
    ),
)
add(
    "tenant_expanding",
    lambda own: select(sessions.id).where(
        own(ask_sessions), sessions.tenant_id.in_(bindparam("tenant_id", expanding=True))
    ),
)
add("statement_with_params", lambda own: select(sessions.id).where(own(ask_sessions)).params(tenant_id=5))
add(
    "end_user_with_a_value",
    lambda own: select(sessions.id).where(
        own(ask_sessions), sessions.end_user_id == bindparam("caller_end_user_id", value="eu")
    ),
)
add(
    "tenant_in_a_list_of_the_handle",
    lambda own: select(sessions.id).where(own(ask_sessions), any_of(sessions.tenant_id, "tenant_id")),
)
add("tenant_as_text", lambda own: select(sessions.id).where(own(ask_sessions), contains(sessions.title, "tenant_id")))
add(
    "parameter_that_is_escaped_into_the_tenant",
    lambda own: select(sessions.id).where(own(ask_sessions), sessions.id == bindparam("tenant.id")),
)


@refused_scoped
def end_user_forgotten(own: Guard) -> Any:
    return select(sessions.id).where(of_tenant(ask_sessions))


@refused_scoped
def end_user_of_the_request(own: Guard) -> Any:
    return select(sessions.id).where(of_tenant(ask_sessions), sessions.end_user_id == bindparam("end_user_id"))


@refused_scoped
def end_user_in_an_or(own: Guard) -> Any:
    mine = sessions.end_user_id == bindparam("caller_end_user_id")
    return select(sessions.id).where(of_tenant(ask_sessions), or_(mine, sessions.scope_type == "all"))


@refused_scoped
def end_user_by_the_wrong_column(own: Guard) -> Any:
    return select(end_users.c.id).where(
        of_tenant(end_users), end_users.c.external_id == bindparam("caller_end_user_id")
    )


@refused_scoped
def update_of_others_end_users(own: Guard) -> Any:
    return update(ask_sessions).where(of_tenant(ask_sessions)).values(title="x")


@refused_scoped
def delete_of_others_end_users(own: Guard) -> Any:
    return delete(ask_sessions).where(of_tenant(ask_sessions))


@refused_scoped
def insert_for_another_end_user(own: Guard) -> Any:
    return own.insert(folders).values(end_user_id=bindparam("end_user_id"))


@refused_scoped
def insert_for_a_literal_end_user(own: Guard) -> Any:
    return own.insert(folders).values(end_user_id="eu_other")


@refused_scoped
def insert_without_an_end_user(own: Guard) -> Any:
    return own.insert(folders, unset=("end_user_id",))
