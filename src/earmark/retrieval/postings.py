"""v0"""

from __future__ import annotations
from collections.abc import Sequence
import numpy as np
from numpy.typing import NDArray


def pack_postings(pairs: Sequence[tuple[int, int]]) -> bytes:
    return np.array(pairs, "<u4").reshape(-1, 2).tobytes()


def unpack_postings(packed: bytes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    pairs = np.frombuffer(packed, "<u4").reshape(-1, 2).astype(np.int32)
    return pairs[:, 0], pairs[:, 1]
