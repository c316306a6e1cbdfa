"""Requests that may be sent again: with an Idempotency-Key, the first answer is the only one for 24 hours.

A record is claimed before the work and says nothing of anybody; the stored answer lies beside it and is deleted
with the session, recording or end user it speaks of, so that a replay after a deletion is 404.

Work that is one unit of work claims and stores in that same unit: it and its answer are there, or neither.
Work that takes long (a model writes) is claimed under a lease first and stored afterwards; a process that
dies between leaves the record, and with it `made`: the random part of the ids that the work makes, so that
a retry meets what is there already instead of making it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from earmark.clock import now_us
from earmark.clock_jumps import is_lease_alive
from earmark.errors import ConflictError, EarmarkError, NotFoundError
from earmark.idempotency import queries
from earmark.identity.projects import list_tenants
from earmark.ids import ID_LENGTH, random_text
from earmark.storage.tenant import Operator, Tenant

RETENTION_US = 24 * 3_600 * 1_000_000
LEASE_US = 10_000_000
RENEW_S = 3.0
_SWEPT_AT_ONCE = 1_000
_SECRET = b"\0"
"""Begins what is stored of an answer with a secret; no JSON begins so."""
_IDS = ("id", "media_id", "end_user_id")
_ABOUT = {"eu": "about_end_user_id", "as": "about_session_id", "rec": "about_recording_id"}


class IdempotencyInProgressError(ConflictError):
    """The first request with this Idempotency-Key still runs."""

    code = "idempotency_in_progress"

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still running.")


class IdempotencyKeyReusedError(EarmarkError):
    """The Idempotency-Key came with another body before."""

    code = "idempotency_key_reused"
    status = 422

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.", param="Idempotency-Key")


class AnswerIsSecretError(ConflictError):
    """The first answer held a secret, which is shown once and kept nowhere."""

    def __init__(self, named: Mapping[str, str] | None) -> None:
        super().__init__(
            "This request was answered already, with a secret that can't be shown again; details name what it made.",
            details=named or None,
        )


class AnswerGoneError(NotFoundError):
    """The first answer spoke of something that was deleted since."""

    def __init__(self) -> None:
        super().__init__("What this request was about no longer exists.")


LockRecordings = Callable[[Tenant, Sequence[str]], Awaitable[int]]
"""Locks recordings against deletion until the commit, and returns how many of them are there."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """Which request: its key, where it was sent, and the digest of what it said."""

    method: str
    path: str
    key: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a request's work, until the lease ends.

    Args:
        made: the random part of the ids that the work makes.
        session_id: the session in which an earlier try got stuck, if any.
    """

    holder: str
    made: str
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer, as it was sent."""

    status: int
    body: bytes


def _key(tenant: Tenant, request: KeyedRequest) -> dict[str, Any]:
    values = (tenant.end_user_id or "", request.method, request.path, request.key)
    return dict(zip(queries.WHERE, values, strict=True))


def _where(tenant: Tenant, request: KeyedRequest) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in _key(tenant, request).items()}


async def claim(work: Tenant, request: KeyedRequest) -> Claim | StoredAnswer:
    """Return the right to do the work, or the answer that was given to it.

    Raises: IdempotencyInProgressError, IdempotencyKeyReusedError, AnswerIsSecretError, AnswerGoneError.
    """
    where, now = _where(work, request), now_us()
    await work.execute(queries.delete_expired_record, {**where, "before_us": now - RETENTION_US})
    mine = Claim(random_text(16), random_text(ID_LENGTH))
    row = {
        **_key(work, request),
        "request_sha256": request.sha256,
        "made": mine.made,
        "session_id": None,
        "status": None,
    }
    row |= {"holder": mine.holder, "lease_us": now + LEASE_US, "created_us": now}
    if await work.execute(queries.insert_record, row):
        return mine
    found = await work.fetch_one(queries.select_record, where)
    if found is None:  # let go this instant by the one who had it
        raise IdempotencyInProgressError
    sha256, made, session_id, status, holder, lease_us = found
    if bytes(sha256) != request.sha256:
        raise IdempotencyKeyReusedError
    if status is not None:
        return await _get_answer(work, where, status)
    if holder is not None and is_lease_alive(lease_us - now_us(), LEASE_US):
        raise IdempotencyInProgressError
    await work.execute(queries.update_holder, {**where, "new_holder": mine.holder, "new_lease_us": now + LEASE_US})
    return Claim(mine.holder, made, session_id)


async def _get_answer(work: Tenant, where: Mapping[str, Any], status: int) -> StoredAnswer:
    row = await work.fetch_one(queries.select_answer, where)
    if row is None:
        raise AnswerGoneError
    body = bytes(row[0])
    if not body or body.startswith(_SECRET):
        raise AnswerIsSecretError(orjson.loads(body[len(_SECRET) :] or b"null"))
    return StoredAnswer(status, body)


def _without_secret(document: Mapping[str, Any]) -> bytes:
    """Return what is stored of an answer with a secret: the id of what it made, under the name that it had there."""
    name = next((one for one in _IDS if one in document), None)
    return _SECRET + orjson.dumps(None if name is None else {name: document[name]})


async def store_answer(
    work: Tenant,
    request: KeyedRequest,
    held: Claim,
    answer: StoredAnswer,
    *,
    lock_recordings: LockRecordings,
    is_secret: bool = False,
) -> None:
    """Store the answer; of a secret one only what it was about.

    Nothing is stored if the lease was lost meanwhile, or if something the answer speaks of is gone: then a
    replay is 404.

    Raises: MissingParentError if what it is about goes away this instant.
    """
    where = _where(work, request)
    if not await work.execute(queries.update_answered, {**where, "held_by": held.holder, "new_status": answer.status}):
        return
    document = orjson.loads(answer.body)
    quoted = list(_quoted(document))
    if quoted and await lock_recordings(work, quoted) < len(quoted):
        return
    about = {**_about_path(request.path), **_about(document)}
    stored = {
        **dict.fromkeys(_ABOUT.values()),
        **about,
        "body": _without_secret(document) if is_secret else answer.body,
    }
    await work.execute(queries.insert_answer, {**_key(work, request), **stored})
    rows = [{**_key(work, request), "recording_id": recording_id} for recording_id in quoted]
    await work.execute_many(queries.insert_source, rows)


def _about(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return whom and what an answer speaks of: its own id by its prefix, and the ids it names at the top."""
    named = {column: document.get(column.removeprefix("about_")) for column in _ABOUT.values()}
    return {column: one for column, one in named.items() if one} | _about_ids([str(document.get("id", ""))])


def _about_path(path: str) -> dict[str, Any]:
    """Return what a path speaks of: `/v1/recordings/rec_…/upload-url`."""
    return _about_ids(path.split("/"))


def _about_ids(ids: Iterable[str]) -> dict[str, Any]:
    return {_ABOUT[one.partition("_")[0]]: one for one in ids if one.partition("_")[0] in _ABOUT}


def _quoted(document: Mapping[str, Any]) -> set[str]:
    """Return the recordings whose words an answer repeats: its `sources`, or at `/mcp` its `citations`."""
    named = [*(document.get("sources") or ()), *(document.get("citations") or ())]
    return {str(one["recording_id"]) for one in named if isinstance(one, Mapping) and "recording_id" in one}


async def mark_answered(work: Tenant, request: KeyedRequest, held: Claim, status: int) -> None:
    """Record that it was answered, without the answer."""
    await work.execute(queries.update_answered, {**_where(work, request), "held_by": held.holder, "new_status": status})


async def renew(work: Tenant, request: KeyedRequest, held: Claim) -> None:
    """Renew the lease from now on."""
    changed = {"held_by": held.holder, "new_lease_us": now_us() + LEASE_US}
    await work.execute(queries.update_lease, {**_where(work, request), **changed})


async def release(work: Tenant, request: KeyedRequest, held: Claim, session_id: str | None) -> None:
    """Leave the work to a retry, which goes on in this session if there is one."""
    changed = {"held_by": held.holder, "new_session_id": session_id or held.session_id}
    await work.execute(queries.update_released, {**_where(work, request), **changed})


async def delete_claim(work: Tenant, request: KeyedRequest, held: Claim) -> None:
    """Delete the claim of a request that was refused before it did anything: its key is free again."""
    await work.execute(queries.delete_record, {**_where(work, request), "held_by": held.holder})


async def delete_quoting(work: Tenant, recording_id: str) -> None:
    """Delete the stored answers that repeat words of a recording; part of deleting it."""
    whole = work.whole_tenant()
    quoting = await whole.fetch_all(queries.select_quoting, {"recording_id": recording_id})
    names = [f"of_{name}" for name in queries.WHERE]
    await whole.execute_many(queries.delete_answer, [dict(zip(names, where, strict=True)) for where in quoting])


async def sweep(operator: Operator) -> None:
    """Delete records that are older than a day, in every tenant, some at a time."""
    for tenant in await list_tenants(operator):
        while True:
            params = {"before_us": now_us() - RETENTION_US, "limit": _SWEPT_AT_ONCE}
            expired = await tenant.fetch_all(queries.select_expired, params)
            if not expired:
                break
            async with tenant.writing() as work:
                await work.execute(queries.delete_created_before, {"before_us": expired[-1][0]})
