"""The SQL of jobs. Those of the operator find what to run across tenants; all others carry their tenant."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Delete, Insert, Select, Update, and_, bindparam, delete, func, or_, select, update

from earmark.storage.dialect import PENDING, RUNNING, any_of
from earmark.storage.query import Guard, operator_query, query
from earmark.storage.tables import jobs, tenants
from earmark.storage.tables.columns import Int, Key

JOB = (
    jobs.c.tenant_id, jobs.c.id, jobs.c.end_user_id, jobs.c.kind, jobs.c.subject_id, jobs.c.payload_json, jobs.c.state,
    jobs.c.priority, jobs.c.run_us, jobs.c.unique_key, jobs.c.attempts, jobs.c.losses, jobs.c.fence, jobs.c.cancel_us,
    jobs.c.progress, jobs.c.error_code, jobs.c.created_us, jobs.c.started_us, jobs.c.ended_us,
)  # fmt: skip


# ---- of one tenant -----------------------------------------------------------------------------------


@query
def insert_job(own: Guard) -> Insert:
    """Nothing is inserted while an open job has the same unique key."""
    return own.insert_or_ignore(jobs)


@query
def select_job(own: Guard) -> Select[Any]:
    return select(*JOB).where(own(jobs), jobs.c.id == bindparam("job_id"))


@query
def count_open(own: Guard) -> Select[Any]:
    """How many jobs of these kinds wait or run, as far as `most` of each."""

    def counted(state: Any) -> Any:
        wanted = select(jobs.c.id).where(own(jobs), jobs.c.state == state, any_of(jobs.c.kind, "kinds"))
        few = wanted.limit(bindparam("most")).subquery()
        return select(func.count(few.c.id)).scalar_subquery()

    return select(counted(PENDING), counted(RUNNING))


@query
def cancel_pending(own: Guard) -> Update:
    changed: dict[str, Any] = {"state": "cancelled", "ended_us": bindparam("now_us"), "cancel_us": bindparam("now_us")}
    return update(jobs).where(own(jobs), jobs.c.id == bindparam("job_id"), jobs.c.state == PENDING).values(changed)


@query
def cancel_running(own: Guard) -> Update:
    changed: dict[str, Any] = {"cancel_us": func.coalesce(jobs.c.cancel_us, bindparam("now_us", type_=Int))}
    return update(jobs).where(own(jobs), jobs.c.id == bindparam("job_id"), jobs.c.state == RUNNING).values(changed)


@query
def bring_forward(own: Guard) -> Update:
    """Let a waiting job run at the time that is named, unless it does so earlier."""
    is_it = and_(jobs.c.unique_key == bindparam("of_key"), jobs.c.state == PENDING)
    is_later = jobs.c.run_us > bindparam("sooner_us", type_=Int)
    return update(jobs).where(own(jobs), is_it, is_later).values(run_us=bindparam("sooner_us", type_=Int))


@query
def delete_jobs_about(own: Guard) -> Delete:
    """Those of a subject; a run that goes on loses its row and with it the right to any effect."""
    return delete(jobs).where(own(jobs), jobs.c.subject_id == bindparam("subject_id"))


@query
def delete_jobs_of_end_user(own: Guard) -> Delete:
    return delete(jobs).where(own(jobs), jobs.c.end_user_id == bindparam("erased_id"))


# ---- across tenants ----------------------------------------------------------------------------------


@operator_query
def insert_own_job(own: Guard) -> Insert:
    """A job of the installation itself, or of the tenant that is named."""
    return own.insert_or_ignore(jobs)


@operator_query
def select_any_job(own: Guard) -> Select[Any]:
    return select(*JOB).where(jobs.c.id == bindparam("job_id"))


@operator_query
def select_running(own: Guard) -> Select[Any]:
    """What runs now: whose, which kind, on which host."""
    return select(jobs.c.tenant_id, jobs.c.kind, jobs.c.lease_host, func.count(jobs.c.id)).where(
        jobs.c.state == RUNNING
    ).group_by(jobs.c.tenant_id, jobs.c.kind, jobs.c.lease_host)  # fmt: skip


@operator_query
def select_has_projects(own: Guard) -> Select[Any]:
    """Whether there is more than one project."""
    first = select(func.min(tenants.c.project_id)).scalar_subquery()
    last = select(func.max(tenants.c.project_id)).scalar_subquery()
    return select(first < last)


def _is_held() -> ColumnElement[bool]:
    return and_(jobs.c.lease_owner == bindparam("owner"), jobs.c.state == RUNNING)


@operator_query
def renew_leases(own: Guard) -> Update:
    return update(jobs).where(_is_held()).values(lease_us=bindparam("until_us"))


@operator_query
def select_held(own: Guard) -> Select[Any]:
    """The jobs that a process runs by the database's account, and whether they should stop."""
    return select(jobs.c.id, jobs.c.fence, jobs.c.cancel_us).where(_is_held())


@operator_query
def select_lost(own: Guard) -> Select[Any]:
    """Jobs whose lease is over: whoever ran them is dead, or too slow to have any further effect.

    So is a lease that ends later than any could: it was taken before the clock stepped back.
    """
    is_over = or_(jobs.c.lease_us < bindparam("now_us"), jobs.c.lease_us > bindparam("latest_us"))
    return (
        select(*JOB).where(jobs.c.state == RUNNING, is_over).limit(bindparam("most")).with_for_update(skip_locked=True)
    )


def _is_own_run() -> ColumnElement[bool]:
    return and_(jobs.c.id == bindparam("of_id"), jobs.c.fence == bindparam("of_fence"), jobs.c.state == RUNNING)


def _is_run() -> ColumnElement[bool]:
    return and_(jobs.c.tenant_id == bindparam("of_tenant"), _is_own_run())


@operator_query
def requeue_job(own: Guard) -> Update:
    """Back among the pending: the fence rises at the next claim."""
    changed: dict[str, Any] = {
        "state": "pending", "run_us": bindparam("next_us"), "attempts": bindparam("attempts_now"),
        "losses": bindparam("losses_now"), "error_code": bindparam("code"), "lease_owner": None, "lease_host": None,
        "lease_us": None,
    }  # fmt: skip
    return update(jobs).where(_is_run()).values(changed)


# The tenant of the effects and that of the job are one, so that both stand in one transaction; of the installation's
# jobs there is no tenant, and the operator ends them.


def _ended() -> dict[str, Any]:
    return {
        "state": bindparam("new_state"), "error_code": bindparam("code", type_=Key), "ended_us": bindparam("now_us"),
        "progress": bindparam("progress_now"), "lease_owner": None, "lease_host": None, "lease_us": None,
    }  # fmt: skip


@query
def end_job(own: Guard) -> Update:
    return update(jobs).where(own(jobs), _is_own_run()).values(_ended())


@operator_query
def end_own_job(own: Guard) -> Update:
    return update(jobs).where(_is_run()).values(_ended())


@query
def select_fence(own: Guard) -> Select[Any]:
    """The run's right to have effects, locked until the commit."""
    return select(jobs.c.cancel_us).where(own(jobs), _is_own_run()).with_for_update()


@operator_query
def select_own_fence(own: Guard) -> Select[Any]:
    return select(jobs.c.cancel_us).where(_is_run()).with_for_update()


@operator_query
def update_progress(own: Guard) -> Update:
    return update(jobs).where(_is_run()).values(progress=bindparam("progress_now"))


@query
def update_own_progress(own: Guard) -> Update:
    changed: dict[str, Any] = {"progress": bindparam("progress_now"), "attempts": 1, "losses": 0}
    return update(jobs).where(own(jobs), _is_own_run()).values(changed)


@operator_query
def delete_ended_before(own: Guard) -> Delete:
    is_ended = or_(jobs.c.state == "succeeded", jobs.c.state == "cancelled")
    return delete(jobs).where(jobs.c.ended_us < bindparam("before_us"), is_ended)


@operator_query
def delete_failed_before(own: Guard) -> Delete:
    return delete(jobs).where(jobs.c.ended_us < bindparam("before_us"), jobs.c.state == "failed")


@operator_query
def select_job_counts(own: Guard) -> Select[Any]:
    """How many due, running and failed jobs there are, and since when the oldest could have run."""
    columns = (jobs.c.state, func.count(jobs.c.id), func.min(jobs.c.run_us))
    return select(*columns).where(jobs.c.run_us <= bindparam("now_us")).group_by(jobs.c.state)


@operator_query
def count_later(own: Guard) -> Select[Any]:
    """How many pending jobs wait for their time."""
    return select(func.count(jobs.c.id)).where(jobs.c.state == PENDING, jobs.c.run_us > bindparam("now_us"))


@operator_query
def select_due_by_kind(own: Guard) -> Select[Any]:
    """How many jobs of each kind could run now, and since when the oldest could; from the index of pending ones."""
    columns = (jobs.c.kind, func.count(jobs.c.id), func.min(jobs.c.run_us))
    is_due = and_(jobs.c.state == PENDING, jobs.c.run_us <= bindparam("now_us"))
    return select(*columns).where(is_due).group_by(jobs.c.kind)


@operator_query
def select_tenants_with_open(own: Guard) -> Select[Any]:
    """Tenants that have open jobs of a kind."""
    is_open = or_(jobs.c.state == PENDING, jobs.c.state == RUNNING)
    is_it = and_(is_open, jobs.c.kind == bindparam("of_kind"))
    return select(jobs.c.tenant_id).where(is_it).distinct().limit(bindparam("most"))


@operator_query
def select_jobs_listed(own: Guard, *, has_state: bool) -> Select[Any]:
    """The newest jobs first, of a state if one is wanted."""
    statement = select(*JOB).order_by(jobs.c.created_us.desc(), jobs.c.id).limit(bindparam("most"))
    return statement.where(jobs.c.state == bindparam("of_state")) if has_state else statement


@operator_query
def retry_failed(own: Guard) -> Update:
    changed: dict[str, Any] = {
        "state": "pending", "run_us": bindparam("now_us"), "attempts": 0, "losses": 0, "ended_us": None,
    }  # fmt: skip
    return update(jobs).where(jobs.c.id == bindparam("of_id"), jobs.c.state == "failed").values(changed)
