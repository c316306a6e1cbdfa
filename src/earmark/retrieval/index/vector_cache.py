"""Vectors read lately, cached by end user and embedder, so that a large library isn't read anew for every question.

What is cached is known by recording, transcription and its revision. All are read with each search, and the vectors of
a revision never change but once (see `Part`), so nothing stale is ever used; what the index no longer has is let go at
its owner's next search.
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
Part = tuple[int, str, int, bool]
"""Recording number, transcription id, revision, and whether its vectors are of stretches; once they were of chunks."""
_IDLE_S: Final = 600.0
_MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Indexed:
    """A recording of the library: whether it is in scope, its chunks, and how many vectors each has (packed)."""

    is_in_scope: bool
    chunk_count: int
    vector_counts: bytes | None = None


@dataclass(frozen=True, slots=True)
class CachedVectors:
    """Vectors of several recordings, one after another, and where each one's lie. Shapes: matrix int8 [N, d]."""

    matrix: NDArray[np.int8]
    spans: Mapping[Part, slice]


class VectorCache:
    """Bounded by bytes; the end users who asked last stay. For one event loop."""

    def __init__(self, most_bytes: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most_bytes = most_bytes
        self._now = now
        self._cached: OrderedDict[Owner, tuple[float, CachedVectors]] = OrderedDict()
        self._asked: OrderedDict[Owner, float] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return sum(cached.matrix.nbytes for _, cached in self._cached.values())

    def find(self, owner: Owner) -> CachedVectors | None:
        """Return what is cached of an owner, as one who asked just now."""
        self._forget_idle()
        if owner not in self._cached:
            return None
        _, cached = self._cached[owner]
        self._cached[owner] = (self._now(), cached)
        self._cached.move_to_end(owner)
        return cached

    def store(self, owner: Owner, cached: CachedVectors) -> None:
        """Cache this in place of what there was; not at all if it alone is too large."""
        self._cached.pop(owner, None)
        if cached.matrix.nbytes > self._most_bytes:
            return
        self._cached[owner] = (self._now(), cached)
        while self.size_bytes > self._most_bytes:
            self._cached.popitem(last=False)

    def pays(self, owner: Owner, size_bytes: int) -> bool:
        """Whether to read so much for the cache, where a database could multiply instead: who asks again asks on."""
        before = self._asked.pop(owner, None)
        self._asked[owner] = self._now()
        if len(self._asked) > _MOST_REMEMBERED:
            self._asked.popitem(last=False)
        return before is not None and self._now() - before < _IDLE_S and size_bytes <= self._most_bytes

    def _forget_idle(self) -> None:
        while self._cached:
            owner = next(iter(self._cached))
            if self._now() - self._cached[owner][0] < _IDLE_S:
                return
            del self._cached[owner]
