"""End-user tokens (`eut_`): at most one per end user; issuing another revokes it."""

from __future__ import annotations

from earmark.clock import now_us
from earmark.identity import audit, queries
from earmark.identity.keys import insert_credential
from earmark.identity.scopes import TOKEN_SCOPES
from earmark.identity.types import NewKey
from earmark.storage.errors import MissingParentError
from earmark.storage.tenant import Tenant


async def issue_token(
    tenant: Tenant, end_user: tuple[str, int], *, expires_us: int | None = None, actor: str = audit.OPERATOR
) -> NewKey:
    """Issue an end user's token and revoke the previous one, in one unit of work.

    `end_user` is the end user's id and number.

    Raises: MissingParentError if the end user was erased meanwhile.
    """
    async with tenant.writing() as work:
        await _revoke(work, end_user[0], actor)
        token = await insert_credential(
            work, kind="token", end_user=end_user, scopes=TOKEN_SCOPES, expires_us=expires_us
        )
        await audit.record(work, "token.issued", token.id, actor=actor)
    return token


async def revoke_token(tenant: Tenant, end_user_id: str, *, actor: str = audit.OPERATOR) -> None:
    """Revoke an end user's token, if there is one.

    Raises: MissingParentError if the end user was erased meanwhile.
    """
    async with tenant.writing() as work:
        await _revoke(work, end_user_id, actor)


async def _revoke(work: Tenant, end_user_id: str, actor: str) -> None:
    whose = {"whose_id": end_user_id}
    if not await work.fetch_all(queries.select_end_user_to_lock, whose):
        raise MissingParentError
    for (token_id,) in await work.fetch_all(queries.select_tokens_in_use, whose):
        await work.execute(queries.update_key_revoked, {"key_id": token_id, "now_us": now_us()})
        await audit.record(work, "token.revoked", token_id, actor=actor)
