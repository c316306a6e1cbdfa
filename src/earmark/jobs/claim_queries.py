"""The SQL of claiming: which jobs of all tenants are due, and whose turn it is, by steps through indexes.

What a step costs doesn't depend on how many jobs are pending.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Column, ColumnElement, Select, Update, and_, bindparam, func, select, true, update

from earmark.jobs.queries import JOB
from earmark.storage.dialect import PENDING
from earmark.storage.query import Guard, operator_query
from earmark.storage.tables import jobs
from earmark.storage.tables.columns import Int, Key

_IS_PENDING = jobs.c.state == PENDING


def _stepping(name: str, column: Column[Any], *where: ColumnElement[bool], after: str, most: str) -> CTE:
    """The distinct values of a column after `after`, at most `most`: one step of an index for each."""
    one = bindparam("one", 1, type_=Int).label("step")
    first = select(func.min(column).label(column.name), one).where(*where, column > bindparam(after, type_=column.type))
    found = first.cte(name, recursive=True)
    last = found.c[column.name]
    later = select(func.min(column)).where(*where, column > last).correlate(found).scalar_subquery()
    is_more = and_(last.is_not(None), found.c.step < bindparam(most, type_=Int))
    return found.union_all(select(later, found.c.step + 1).where(is_more))


def _each(name: str, of: CTE, column: Column[Any]) -> CTE:
    """The rows of another expression, each with every distinct value that a column has beside it."""

    def least(found: CTE, *more: ColumnElement[bool]) -> ColumnElement[Any]:
        same = (jobs.c[each.name] == each for each in found.c if each.name in jobs.c and each.name != column.name)
        statement = select(func.min(column)).where(_IS_PENDING, *same, *more)
        return statement.correlate(found).scalar_subquery().label(column.name)

    kept = [each.name for each in of.c if each.name != "step"]
    first = select(*(of.c[each] for each in kept), least(of)).where(of.c[kept[-1]].is_not(None))
    found = first.cte(name, recursive=True)
    last = found.c[column.name]
    later = select(*(found.c[each] for each in kept), least(found, column > last)).where(last.is_not(None))
    return found.union_all(later)


@operator_query
def select_pending_groups(own: Guard) -> Select[Any]:
    """Tenants with pending jobs after `after_tenant`, at most `most`: kinds, priorities, and the first time of each.

    A few steps of an index for each row, however many jobs there are in it.
    """
    tenants = _stepping("tenants", jobs.c.tenant_id, _IS_PENDING, after="after_tenant", most="most")
    groups = _each("groups", _each("kinds", tenants, jobs.c.kind), jobs.c.priority)
    same = (jobs.c.tenant_id == groups.c.tenant_id, jobs.c.kind == groups.c.kind, jobs.c.priority == groups.c.priority)
    first_us = select(func.min(jobs.c.run_us)).where(_IS_PENDING, *same).correlate(groups).scalar_subquery()
    return select(groups.c.tenant_id, groups.c.kind, groups.c.priority, first_us).where(groups.c.priority.is_not(None))


def _is_due() -> ColumnElement[bool]:
    return jobs.c.run_us <= bindparam("now_us")


def _is_of_group() -> ColumnElement[bool]:
    of_tenant, of_kind = bindparam("of_tenant", type_=Int), bindparam("of_kind", type_=Key)
    is_at_priority = jobs.c.priority == bindparam("of_priority", type_=Int)
    return and_(_IS_PENDING, jobs.c.tenant_id == of_tenant, jobs.c.kind == of_kind, is_at_priority)


@operator_query
def select_due_end_user(own: Guard) -> Select[Any]:
    """The first end user after `after_end_user` with a due job; the steps over those without are at most `most`."""
    people = _stepping("people", jobs.c.end_user_id, _is_of_group(), after="after_end_user", most="most")
    first_us = (
        select(func.min(jobs.c.run_us))
        .where(_is_of_group(), jobs.c.end_user_id == people.c.end_user_id)
        .correlate(people)
        .scalar_subquery()
    )
    return select(func.min(people.c.end_user_id)).where(first_us <= bindparam("now_us"))


@operator_query
def select_due(own: Guard, *, whose: str) -> Select[Any]:
    """The longest due job that nobody else is claiming: of an end user (`one`), of the tenant (`none`), or any."""
    owner = {
        "one": jobs.c.end_user_id == bindparam("of_end_user", type_=Key), "none": jobs.c.end_user_id.is_(None),
        "any": true(),
    }[whose]  # fmt: skip
    return (
        select(jobs.c.id, jobs.c.end_user_id)
        .where(_is_of_group(), owner, _is_due())
        .order_by(jobs.c.run_us)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _is_of_future() -> ColumnElement[bool]:
    return and_(_IS_PENDING, jobs.c.created_us > bindparam("future_us"), jobs.c.run_us > bindparam("now_us"))


@operator_query
def select_of_future(own: Guard) -> Select[Any]:
    """A pending job that was added before the clock stepped back."""
    return select(jobs.c.id).where(_is_of_future()).limit(1)


@operator_query
def recall_from_future(own: Guard) -> Update:
    return update(jobs).where(_is_of_future()).values(run_us=bindparam("now_us"))


@operator_query
def claim_job(own: Guard) -> Update:
    changed: dict[str, Any] = {
        "state": "running", "fence": jobs.c.fence + 1, "attempts": jobs.c.attempts + 1,
        "lease_owner": bindparam("owner"), "lease_host": bindparam("host"), "lease_us": bindparam("until_us"),
        "started_us": bindparam("now_us"), "error_code": None,
    }  # fmt: skip
    is_it = and_(jobs.c.tenant_id == bindparam("of_tenant"), jobs.c.id == bindparam("of_id"))
    return update(jobs).where(is_it, jobs.c.state == PENDING).values(changed).returning(*JOB)


@operator_query
def lock_host(own: Guard) -> Select[Any]:
    """PostgreSQL: one process of a host claims at a time, so that the slots for heavy kinds are exact."""
    return select(func.pg_advisory_xact_lock(bindparam("host_number", type_=Int)))
