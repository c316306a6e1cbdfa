"""Statements that reach their caller's rows only: the guard lets each pass."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam, case, cast, delete, exists, func, insert, or_, select, tuple_, update

from earmark.storage.dialect import NO_BYTES, ZERO, any_of, contains
from earmark.storage.query import Guard
from earmark.storage.tables import ask_title_counters, projects, recordings, tenants
from tests.storage.refused import Build, folder, folders, joined, sessions
from tests.storage.refused import ask_sessions as asked

LAWFUL: dict[str, Build] = {}
"""By what they do."""


def _lawful(build: Build) -> Build:
    LAWFUL[build.__name__] = build
    return build


def _add(name: str, build: Build) -> None:
    assert name not in LAWFUL
    LAWFUL[name] = build


_add("select", lambda own: select(sessions.id).where(own(asked)))
_add("select_of_a_table", lambda own: select(asked).where(own(asked)))
_add("guard_in_an_and", lambda own: select(sessions.id).where(sa.and_(sessions.id == bindparam("id"), own(asked))))
_add("guard_twice", lambda own: select(sessions.id).where(own(asked), own(asked)))
_add(
    "or_beside_the_guard",
    lambda own: select(sessions.id).where(own(asked), or_(sessions.id == "x", sessions.title == "")),
)
_add(
    "negation_beside_the_guard",
    lambda own: select(sessions.id).where(own(asked), sa.not_((sessions.id == "x") & (sessions.title == ""))),
)
_add(
    "order_group_having",
    lambda own: (
        select(sessions.title, func.count())
        .where(own(asked))
        .group_by(sessions.title)
        .having(func.count() > 1)
        .order_by(func.count().desc())
    ),
)
_add("limit_and_offset", lambda own: select(sessions.id).where(own(asked)).limit(bindparam("limit")).offset(5))
_add("constants", lambda own: select(ZERO, NO_BYTES, sa.literal("x"), sessions.id).where(own(asked)))
_add(
    "keyset",
    lambda own: select(sessions.id).where(
        own(asked), tuple_(sessions.title, sessions.id) < tuple_(bindparam("a"), bindparam("b"))
    ),
)
_add(
    "like_with_an_escape",
    lambda own: select(sessions.id).where(own(asked), sessions.title.like(bindparam("q"), escape="\\")),
)
_add(
    "elements_of_ours",
    lambda own: select(sessions.id).where(own(asked), any_of(sessions.id, "ids"), contains(sessions.title, "q")),
)
_add(
    "case_and_cast",
    lambda own: select(
        case((sessions.title == "", "none"), else_=sessions.title), cast(sessions.title_seq, sa.Text)
    ).where(own(asked)),
)
_add(
    "arithmetic",
    lambda own: select(sessions.title_seq + sessions.message_count + 1, -sessions.title_seq).where(own(asked)),
)
_add("label_and_distinct", lambda own: select(sessions.title.label("name")).where(own(asked)).distinct())
_add("lock", lambda own: select(sessions.id).where(own(asked)).with_for_update(of=asked, key_share=True))
_add("join", lambda own: select(sessions.id, folder.name).join(folders, joined()).where(own(asked), own(folders)))
_add("product", lambda own: select(sessions.id, folder.name).where(own(asked), own(folders)))
_add(
    "join_in_from",
    lambda own: select(sessions.id).select_from(sa.join(asked, folders, joined())).where(own(folders), own(asked)),
)
_add("whole_projects_table", lambda own: select(ask_title_counters.c.next_seq).where(own(ask_title_counters)))
_add("system_table", lambda own: select(projects.c.id, tenants.c.id).where(projects.c.id == tenants.c.project_id))
_add("no_table", lambda own: select(sa.literal(1)))
_add(
    "in_guarded",
    lambda own: select(sessions.id).where(own(asked), sessions.id.in_(select(folder.id).where(own(folders)))),
)
_add(
    "same_table_guarded_uncorrelated",
    lambda own: select(sessions.id).where(
        own(asked), sessions.id.in_(select(sessions.id).where(own(asked)).correlate(None))
    ),
)
_add("exists_correlated", lambda own: select(sessions.id).where(own(asked), exists().where(own(folders), joined())))
_add(
    "not_exists_correlated", lambda own: select(sessions.id).where(own(asked), ~exists().where(own(folders), joined()))
)
_add(
    "scalar_correlated",
    lambda own: select(
        sessions.id, select(func.count(folder.id)).where(own(folders), joined()).correlate(asked).scalar_subquery()
    ).where(own(asked)),
)
_add("in_from", lambda own: select(select(folder.id.label("of")).where(own(folders)).subquery("named").c.of))
_add(
    "update",
    lambda own: (
        update(folders).where(own(folders), folder.id == bindparam("folder_id")).values(name=bindparam("new_name"))
    ),
)
_add(
    "update_by_columns",
    lambda own: (
        update(folders)
        .where(own(folders))
        .values({folder.name: func.coalesce(folder.name, "x"), folder.updated_us: None})
    ),
)
_add(
    "update_returning",
    lambda own: update(folders).where(own(folders)).values(name="x").returning(folder.id, folder.name),
)
_add(
    "update_of_those_in_a_guarded_subquery",
    lambda own: (
        update(folders).where(own(folders), folder.id.in_(select(sessions.id).where(own(asked)))).values(name="x")
    ),
)
_add(
    "update_to_a_correlated_subquery",
    lambda own: (
        update(folders)
        .where(own(folders))
        .values(name=select(func.max(sessions.title)).where(own(asked), joined()).scalar_subquery())
    ),
)
_add("delete", lambda own: delete(folders).where(own(folders)).returning(folder.id))
_add("delete_correlated", lambda own: delete(folders).where(own(folders), ~exists().where(own(asked), joined())))
_add("insert", lambda own: own.insert(folders))
_add("insert_unset", lambda own: own.insert(folders, unset=("name",)))
_add("insert_or_ignore", lambda own: own.insert_or_ignore(folders))
_add("insert_with_a_constant", lambda own: own.insert(folders).values(name="x"))
_add(
    "insert_with_a_guarded_subquery",
    lambda own: own.insert(folders).values(name=select(func.max(sessions.title)).where(own(asked)).scalar_subquery()),
)
_add("insert_returning", lambda own: own.insert(folders).returning(folder.id))
_add("insert_into_a_system_table", lambda own: insert(projects).values(id=bindparam("id"), name="x", created_us=0))


@_lawful
def correlated_two_levels_down(own: Guard) -> Any:
    is_there = (recordings.c.tenant_id == sessions.tenant_id) & (recordings.c.id == folder.id)
    deepest = select(recordings.c.id).where(own(recordings), is_there).correlate(folders, asked)
    return select(sessions.id).where(own(asked), exists(select(folder.id).where(own(folders), exists(deepest))))


@_lawful
def subquery_in_from_joined(own: Guard) -> Any:
    named = select(folder.id, folder.end_user_id).where(own(folders)).limit(10).subquery()
    return select(sessions.id, named.c.id).join(named, named.c.end_user_id == sessions.end_user_id).where(own(asked))
