"""The one-time code with which a browser sets up an installation that has no project yet.

A code has 256 random bits, is stored as a hash, expires after ten minutes, is valid once across all processes, and
is refused as soon as a project exists. Like a console link's code it is in a link's fragment, which browsers never
send, so that no log contains it. There is one at a time: each start of the server replaces it.
"""

from __future__ import annotations

import hmac

from earmark.clock import now_us
from earmark.errors import UnauthorizedError
from earmark.identity import queries
from earmark.identity.keys import hash_secret
from earmark.identity.projects import find_installation, list_projects, put_installation
from earmark.identity.sign_in import CODE_LIFE_US
from earmark.identity.types import NewKey
from earmark.ids import random_text
from earmark.storage.tenant import Operator

_NAME = "setup_code"
_SECRET_LENGTH = 43  # 256 bits


class SetupRefusedError(UnauthorizedError):
    """The code is wrong, used or expired, or a project exists; the response does not tell which."""

    def __init__(self) -> None:
        super().__init__()
        self.message = (
            "The link is wrong, used or expired; start `earmark serve` again for another one, or run `earmark setup`."
        )


async def create_setup_code(operator: Operator) -> NewKey | None:
    """Create the code, replacing an earlier one; None if a project exists."""
    if await list_projects(operator):
        return None
    now = now_us()
    code = NewKey("", random_text(_SECRET_LENGTH), now, now + CODE_LIFE_US)
    await put_installation(operator, _NAME, f"{hash_secret(code.secret).hex()} {code.expires_us}")
    return code


async def redeem_setup_code(operator: Operator, code: str) -> None:
    """Use up the code.

    Raises: SetupRefusedError.
    """
    stored = await find_installation(operator, _NAME) or " 0"
    secret_hash, _, expires_us = stored.partition(" ")
    is_right = hmac.compare_digest(hash_secret(code).hex(), secret_hash)
    if not is_right or int(expires_us) <= now_us() or await list_projects(operator):
        raise SetupRefusedError
    async with operator.writing() as work:
        if not await work.execute(queries.delete_installation, {"key": _NAME, "text": stored}):
            raise SetupRefusedError  # another request, of this or another process, used it
