"""Each tenant's and each end user's share of what a process has: requests at work, open streams, memory of bodies.

Nobody is bounded while less than half is in use. Beyond that, a tenant may have a quarter and an end user an
eighth of the whole; whoever wants more gets 429, so that the rest stays free for others. 503 means that all of it
is in use, which takes more than two tenants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from earmark.errors import LimitExceededError, UnavailableError
from earmark.fair_slots import Owner

_TENANT: Final = 4
_END_USER: Final = 8


class OverloadedError(UnavailableError):
    """The server is at its limit of concurrent requests or of body memory."""

    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The server is overloaded; try again in a second.")


class ShareUsedUpError(LimitExceededError):
    """The caller's own share of the server is in use."""

    retry_after_s = 1

    def __init__(self, what: str) -> None:
        super().__init__(f"Too many {what} at once; try again when some of them have ended.")


class TooManyJobsError(LimitExceededError):
    """As many of the caller's jobs wait or run as may."""

    retry_after_s = 30

    def __init__(self, most: int) -> None:
        super().__init__(f"{most:,} of your jobs wait or run already; try again when some of them have ended.")


class Shares:
    """What is in use of one resource of this process, by tenant and end user.

    Args:
        what: the resource in words, for the error's message: `requests`.
        capacity: the whole of it, in any unit.
    """

    def __init__(self, what: str, capacity: int) -> None:
        self._what = what
        self._capacity = capacity
        self._used: Counter[Owner] = Counter()
        self.total = 0

    def take(self, owner: Owner, amount: int = 1) -> None:
        """Use some of it until `give_back`.

        Raises: ShareUsedUpError; OverloadedError if all of it is in use.
        """
        tenant = (owner[0], None)
        if self.total + amount > self._capacity // 2:
            is_over = self._used[tenant] + amount > max(1, self._capacity // _TENANT)
            if is_over or (owner != tenant and self._used[owner] + amount > max(1, self._capacity // _END_USER)):
                raise ShareUsedUpError(self._what)
        if self.total + amount > self._capacity:
            raise OverloadedError
        self._add(owner, amount)

    def give_back(self, owner: Owner, amount: int = 1) -> None:
        """Return what `take` took."""
        self._add(owner, -amount)

    @contextmanager
    def taking(self, owner: Owner, amount: int) -> Iterator[None]:
        """Use some of it for the block.

        Raises: as `take`.
        """
        self.take(owner, amount)
        try:
            yield
        finally:
            self.give_back(owner, amount)

    def _add(self, owner: Owner, amount: int) -> None:
        self.total += amount
        tenant, user = owner
        self._change((tenant, None), amount)
        if user is not None:
            self._change(owner, amount)

    def _change(self, one: Owner, amount: int) -> None:
        if used := self._used.get(one, 0) + amount:
            self._used[one] = used
        else:
            self._used.pop(one, None)
