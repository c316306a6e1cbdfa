"""Idempotency-Key: a request that is sent again gets the first answer again, and its work is done once.

How the work and its stored answer hold together is the route's choice (`Rules.retry`):

- `together`: claim, work and answer are one unit of work. For handlers that are short and do all they do
  through `call.tenant`.
- `apart`: claimed under a lease, then worked, then stored. For handlers that take long (a model writes). They
  take the ids of what they make from `call.new_id`, so that a retry after a crash finds it.
- `secret`: as `together`, but the answer is not stored, and asking for it again is 409.
- `none`: changes nothing, so there is nothing to store.

A handler that answers before its work is done (a stream) calls `call.retry.hand_over()` and then owes the
retry `finish` or `fail`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Literal

from earmark.api.pipeline.large_bodies import run_sized
from earmark.api.pipeline.reply import JSON, Reply
from earmark.errors import EarmarkError, InvalidError, UnavailableError
from earmark.idempotency import requests as idempotency
from earmark.idempotency.requests import (
    AnswerGoneError,
    Claim,
    IdempotencyInProgressError,
    IdempotencyKeyReusedError,
    KeyedRequest,
    StoredAnswer,
)
from earmark.library.recordings import lock_recordings
from earmark.storage.errors import MissingParentError
from earmark.storage.tenant import Tenant

if TYPE_CHECKING:
    from earmark.api.pipeline.call import Call
from earmark.api.pipeline.documents import digest_of

RetryKind = Literal["together", "apart", "secret", "none"]
Handle = Callable[[], Awaitable[Reply]]
KEY_ERRORS: Final = (AnswerGoneError, IdempotencyInProgressError, IdempotencyKeyReusedError)
KEY_HEADER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any key of yours: the same request sent again with it within 24 hours is done once and gets the "
    "first answer again, with `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,255}$"},
}
_KEY = re.compile(rb"[A-Za-z0-9_-]{1,255}\Z")
REPLAYED = (b"idempotent-replayed", b"true")


def stores_answers(method: str, kind: RetryKind) -> bool:
    """Whether a route of this method heeds the header."""
    return method in ("POST", "PATCH") and kind != "none"


async def answer_once(call: Call, kind: RetryKind, document: Any, handle: Handle, *, size_bytes: int = 0) -> Reply:
    """Return the first answer to this request: by `handle` now, or as it was stored.

    Args:
        document: the body as JSON, or its digest (`digest_of`).

    Raises: InvalidError for a malformed key, what `idempotency.claim` raises, and whatever `handle` raises.
    """
    request = await run_sized(size_bytes, _keyed, call, document)
    if kind == "apart":
        return await _apart(call, request, handle)
    async with call.tenant.writing() as work:
        held = await idempotency.claim(work, request)
        if isinstance(held, StoredAnswer):
            return _replay(held)
        with _within(call, work):
            reply = await handle()
        await idempotency.store_answer(
            work, request, held, StoredAnswer(reply.status, reply.body),
            lock_recordings=lock_recordings, is_secret=kind == "secret",
        )  # fmt: skip
        return reply


@contextmanager
def _within(call: Call, work: Tenant) -> Iterator[None]:
    """Let the handler's reads and writes be part of this unit of work."""
    outside, call.tenant = call.tenant, work
    try:
        yield
    finally:
        call.tenant = outside


def _keyed(call: Call, document: Any) -> KeyedRequest:
    key = call.headers[b"idempotency-key"]
    if not _KEY.match(key):
        raise InvalidError("Idempotency-Key must be 1 to 255 letters, digits, _ or -.", param="Idempotency-Key")
    digest = document if isinstance(document, bytes) else digest_of(document)
    return KeyedRequest(call.method, call.path, key.decode(), digest)


def _replay(stored: StoredAnswer) -> Reply:
    return Reply(stored.status, stored.body, (JSON, REPLAYED))


async def _apart(call: Call, request: KeyedRequest, handle: Handle) -> Reply:
    async with call.tenant.writing() as work:
        held = await idempotency.claim(work, request)
    if isinstance(held, StoredAnswer):
        return _replay(held)
    call.retry = retry = Retry(call.tenant, request, held)
    try:
        reply = await handle()
    except BaseException as error:
        if not retry.is_handed_over:
            await asyncio.shield(retry.fail(error))
        raise
    if not retry.is_handed_over:
        await asyncio.shield(retry.finish(reply.status, reply.body))
    return reply


class Retry:
    """A claimed request whose work is under way; its lease is renewed until `finish` or `fail`."""

    def __init__(self, tenant: Tenant, request: KeyedRequest, held: Claim) -> None:
        self._tenant = tenant
        self._request = request
        self._held = held
        self.session_id = held.session_id
        """The session in which an earlier try got stuck, if any."""
        self.is_handed_over = False
        self._renewing = asyncio.create_task(self._renew())

    def new_id(self, prefix: str) -> str:
        """Return the id that every try of this request gives to what it makes."""
        return f"{prefix}_{self._held.made}"

    def hand_over(self) -> Retry:
        """Take over the duty to `finish` or `fail`."""
        self.is_handed_over = True
        return self

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(idempotency.RENEW_S)
            with suppress(UnavailableError):  # the lease outlives a moment without the database
                async with self._tenant.writing(is_urgent=True) as work:
                    await idempotency.renew(work, self._request, self._held)

    async def finish(self, status: int, body: bytes) -> None:
        """Store the answer."""
        self._renewing.cancel()
        try:
            async with self._tenant.writing() as work:
                await idempotency.store_answer(
                    work, self._request, self._held, StoredAnswer(status, body), lock_recordings=lock_recordings
                )
        except MissingParentError:  # deleted this instant: a replay is 404
            async with self._tenant.writing() as work:
                await idempotency.mark_answered(work, self._request, self._held, status)

    async def fail(self, error: BaseException) -> None:
        """Leave the work to a retry; one that was refused before it began frees its key."""
        self._renewing.cancel()
        session_id: str | None = getattr(error, "session_id", None)
        was_refused = isinstance(error, EarmarkError) and error.status < 500 and session_id is None
        async with self._tenant.writing() as work:
            if was_refused and self._held.session_id is None:
                await idempotency.delete_claim(work, self._request, self._held)
            else:
                await idempotency.release(work, self._request, self._held, session_id)
