"""Vectors read lately, kept by end user and embedder, so that a large library isn't read anew for every question.

What is kept is known by recording and transcription. Both are read with each search, and a transcription's vectors
never change but once (see `Part`), so nothing stale is ever used; what the index no longer has is let go at its
owner's next search.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Owner = tuple[int, int | None, str]
"""Tenant, end user, embedder."""
Part = tuple[int, str, bool]
"""Recording number, transcription id, and whether its vectors are those of stretches; once they were of chunks."""
_IDLE_S: Final = 600.0
_MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Indexed:
    """A recording of the library: whether it is in scope, its chunks, and how many vectors each has (packed)."""

    is_in_scope: bool
    chunk_count: int
    vector_counts: bytes | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Vectors of several recordings, one after another, and where each one's lie. Shapes: matrix int8 [N, d]."""

    matrix: NDArray[np.int8]
    spans: Mapping[Part, slice]


class VectorCache:
    """Bounded by bytes; the end users who asked last stay. For one event loop."""

    def __init__(self, most_bytes: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most_bytes = most_bytes
        self._now = now
        self._kept: OrderedDict[Owner, tuple[float, Kept]] = OrderedDict()
        self._asked: OrderedDict[Owner, float] = OrderedDict()

    @property
    def bytes_kept(self) -> int:
        """What it takes in memory."""
        return sum(kept.matrix.nbytes for _, kept in self._kept.values())

    def find(self, owner: Owner) -> Kept | None:
        """Return what is kept of an owner, as one who asked just now."""
        self._forget_idle()
        if owner not in self._kept:
            return None
        _, kept = self._kept[owner]
        self._kept[owner] = (self._now(), kept)
        self._kept.move_to_end(owner)
        return kept

    def keep(self, owner: Owner, kept: Kept) -> None:
        """Keep this in place of what there was; not at all if it alone is too large."""
        self._kept.pop(owner, None)
        if kept.matrix.nbytes > self._most_bytes:
            return
        self._kept[owner] = (self._now(), kept)
        while self.bytes_kept > self._most_bytes:
            self._kept.popitem(last=False)

    def pays(self, owner: Owner, size_bytes: int) -> bool:
        """Whether to read so much for keeping, where a database could multiply instead: who asks again asks on."""
        before = self._asked.pop(owner, None)
        self._asked[owner] = self._now()
        if len(self._asked) > _MOST_REMEMBERED:
            self._asked.popitem(last=False)
        return before is not None and self._now() - before < _IDLE_S and size_bytes <= self._most_bytes

    def _forget_idle(self) -> None:
        while self._kept:
            owner = next(iter(self._kept))
            if self._now() - self._kept[owner][0] < _IDLE_S:
                return
            del self._kept[owner]
