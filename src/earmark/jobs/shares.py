"""How many jobs may run at once: of a kind and of the heavy kinds on a host, and how many of these are one tenant's.

On a server with several projects a tenant never has the last of several slots: what of it takes long leaves the others
one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from earmark.jobs.kinds import JobKind

_HEAVY: Final = "heavy"
"""All heavy kinds together."""


def share_of(slots: int, *, is_shared: bool) -> int:
    """Return how many of so many slots one tenant may have at once; `is_shared`: there are several projects."""
    return slots - 1 if is_shared and slots > 1 else slots


class Shares:
    """What runs now, as far as it decides what may be started on a host.

    Args:
        rows: tenant, kind, host and count of what runs anywhere.
        is_shared: whether there are several projects.
    """

    def __init__(
        self,
        kinds: Mapping[str, JobKind],
        host: str,
        heavy_slots: int,
        rows: Iterable[tuple[int, str, str, int]],
        *,
        is_shared: bool,
    ) -> None:
        self.is_shared = is_shared
        self.running: Counter[int] = Counter()
        """The jobs of each tenant on all hosts, of ordinary kinds."""
        self.waiting: Counter[int] = Counter()
        """Those of kinds that mostly wait."""
        self._kinds = kinds
        self._heavy_slots = heavy_slots
        self._here: Counter[str] = Counter()
        self._here_of: Counter[tuple[str, int]] = Counter()
        for tenant_id, name, of_host, count in rows:
            kind = kinds.get(name)
            is_waiting = kind is not None and kind.is_waiting
            (self.waiting if is_waiting else self.running)[tenant_id] += count
            if kind is not None and of_host == host:
                self._add_here(kind, tenant_id, count)

    def add(self, tenant_id: int, kind: JobKind) -> None:
        """Count a job that is started on this host."""
        (self.waiting if kind.is_waiting else self.running)[tenant_id] += 1
        self._add_here(kind, tenant_id, 1)

    def may_start(self, kind: JobKind, tenant_id: int) -> bool:
        """Whether this host may run one more job of a kind, and of this tenant."""
        return all(
            self._here[name] < slots and self._here_of[name, tenant_id] < share_of(slots, is_shared=self.is_shared)
            for name, slots in self._slots_of(kind).items()
        )

    def _add_here(self, kind: JobKind, tenant_id: int, count: int) -> None:
        for name in self._slots_of(kind):
            self._here[name] += count
            self._here_of[name, tenant_id] += count

    def _slots_of(self, kind: JobKind) -> dict[str, int]:
        """Return the slots that a job of this kind takes one of, by their name."""
        slots = {} if kind.most_on_host is None else {f"kind {kind.name}": kind.most_on_host}
        return {**slots, _HEAVY: self._heavy_slots} if kind.is_heavy else slots
