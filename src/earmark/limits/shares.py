"""Each tenant's and each end user's share of what a process has: requests at work, open streams, memory of bodies.

Nobody is bounded while less than half is in use. Beyond that, a tenant may have a quarter and an end user an
eighth of the whole, or what the settings say; whoever wants more gets 429, so that the rest stays free for others. 503
means that all of it is in use, which takes more than two tenants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from earmark.config import Settings
from earmark.errors import LimitExceededError, UnavailableError
from earmark.fair_slots import Owner


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the whole, 0 to 1, that a tenant and an end user may have once half of it is in use."""

    tenant: float = 0.25
    end_user: float = 0.125

    @classmethod
    def of(cls, settings: Settings) -> Parts:
        """Return those of the settings."""
        return cls(settings.project_share_percent / 100, settings.end_user_share_percent / 100)


_DEFAULT: Final = Parts()


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

    def __init__(self, what: str, capacity: int, parts: Parts = _DEFAULT) -> None:
        self._what = what
        self._capacity = capacity
        self._tenants_part = max(1, int(capacity * parts.tenant))
        self._end_users_part = max(1, int(capacity * parts.end_user))
        self._used: Counter[Owner] = Counter()
        self.total = 0

    def take(self, owner: Owner, amount: int = 1) -> None:
        """Use some of it until `give_back`.

        Raises: ShareUsedUpError; OverloadedError if all of it is in use.
        """
        tenant = (owner[0], None)
        if self.total + amount > self._capacity // 2:
            is_over = self._used[tenant] + amount > self._tenants_part
            if is_over or (owner != tenant and self._used[owner] + amount > self._end_users_part):
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
