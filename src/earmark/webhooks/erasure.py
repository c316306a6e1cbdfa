"""What webhooks delete: bodies about what is erased, with their deliveries and attempts; and what is 30 days old."""

from __future__ import annotations

from typing import Final

from earmark.clock import now_us
from earmark.identity.projects import list_tenants
from earmark.jobs.outbox import lock_about
from earmark.library.deletion import Gone, RoomDeletion
from earmark.storage.tenant import Operator, Tenant
from earmark.webhooks import queries
from earmark.webhooks.deliveries import KEPT_DAYS

_KEPT_US: Final = KEPT_DAYS * 24 * 3_600 * 1_000_000


def deletion() -> RoomDeletion:
    """Return what this room deletes."""
    return RoomDeletion("webhooks", recording=_delete_about, session=_delete_about, end_user=_delete_of_end_user)


async def _delete_about(work: Tenant, gone: Gone) -> None:
    """The events are locked first: what is being queued of them is committed before, or never."""
    whole, subject_id = work.whole_tenant(), gone.recording_id or gone.session_id
    await lock_about(whole, subject_id=subject_id)
    await whole.execute(queries.delete_bodies_about, {"subject_id": subject_id})


async def _delete_of_end_user(work: Tenant, gone: Gone) -> None:
    whole = work.whole_tenant()
    await lock_about(whole, end_user_id=gone.end_user_id)
    await whole.execute(queries.delete_bodies_of_end_user, {"erased_id": gone.end_user_id})


async def sweep(operator: Operator) -> None:
    """Delete bodies older than 30 days with their deliveries, and secrets whose grace is over."""
    now = now_us()
    for tenant in await list_tenants(operator):
        async with tenant.writing() as work:
            await work.execute(queries.delete_expired_secrets, {"now_us": now})
        async with tenant.writing() as work:  # after the endpoints are let go: senders lock them before deliveries
            await work.execute(queries.delete_bodies_before, {"before_us": now - _KEPT_US})
