"""Notices that the wall clock jumped: it was set, or the machine slept. Waits are timed by the monotonic clock.

A lease is stored as a wall-clock time, so that a jump makes it look over, or taken in the future, though its holder
lives. Holders renew at the latest after `SETTLES_S`; until then no lease that looks over is taken for that.
"""

from __future__ import annotations

import time
from typing import Final

SETTLES_S: Final = 10.0
"""Longer than any holder takes to renew after a jump: requests and turns 5 s, jobs as soon as they notice it."""
_LEAST_NS: Final = 1_000_000_000


class ClockJumps:
    """The jumps that this process has noticed. A small correction is none; several that add up to a second are one."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()
        self._noticed_s = float("-inf")
        self.count = 0

    def look(self) -> int:
        """Return how many jumps there were, up to now; who renews leases compares it with the last time."""
        offset_ns = time.time_ns() - time.monotonic_ns()
        if abs(offset_ns - self._offset_ns) > _LEAST_NS:
            self._offset_ns, self._noticed_s = offset_ns, time.monotonic()
            self.count += 1
        return self.count

    def quiet_s(self) -> float:
        """Return the seconds since the last jump was noticed; infinite if there was none."""
        self.look()
        return time.monotonic() - self._noticed_s


jumps = ClockJumps()
"""Those of this process: both clocks are the machine's."""


def is_lease_alive(left_us: int, lease_us: int) -> bool:
    """Whether the holder of a lease of `lease_us`, of which `left_us` seem left, lives or may live.

    One that ends far later than any could was taken before the clock stepped back: its holder is gone.
    """
    return 0 < left_us <= 2 * lease_us or jumps.quiet_s() < SETTLES_S
