"""Postings: the packed form in the database, and the arrays that ranking reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_PAIR: Final = np.dtype([("ordinal", "<u4"), ("frequency", "<u2")])
_MOST: Final = 65_535
"""The largest stored frequency of a term in a chunk; BM25 saturates long before."""


@dataclass(frozen=True, slots=True)
class TermPostings:
    """The chunks that contain one term.

    Shapes: chunks int32 [n], ascending, numbered over the whole snapshot; frequencies float32 [n].
    """

    chunks: NDArray[np.int32]
    frequencies: NDArray[np.float32]


def pack_postings(frequencies: Mapping[int, int]) -> bytes:
    """Pack one term's frequencies in one recording: 6 bytes per chunk, by ordinal.

    Args:
        frequencies: chunk ordinal -> how often the term occurs there, at least 1.
    """
    pairs = [(ordinal, min(count, _MOST)) for ordinal, count in sorted(frequencies.items())]
    return np.array(pairs, _PAIR).tobytes()


def unpack_postings(blobs: Sequence[bytes], first_chunks: Sequence[int]) -> TermPostings:
    """Unpack one term over several recordings.

    Args:
        blobs: packed rows, in the snapshot's order of recordings.
        first_chunks: for each blob, the number of its recording's first chunk in the snapshot.
    """
    pairs = np.frombuffer(b"".join(blobs), _PAIR)
    sizes = [len(blob) // _PAIR.itemsize for blob in blobs]
    chunks = pairs["ordinal"].astype(np.int32) + np.repeat(np.asarray(first_chunks, np.int32), sizes)
    return TermPostings(chunks, pairs["frequency"].astype(np.float32))


def merge_postings(lists: Sequence[TermPostings]) -> TermPostings:
    """Merge several terms into one: frequencies of the same chunk are added."""
    if len(lists) == 1:
        return lists[0]
    together = np.concatenate([postings.chunks for postings in lists])
    chunks, positions = np.unique(together, return_inverse=True)
    counts = np.concatenate([postings.frequencies for postings in lists])
    return TermPostings(chunks, np.bincount(positions, counts, len(chunks)).astype(np.float32))


def pack_lengths(lengths: Sequence[int]) -> bytes:
    """Pack one number per chunk of a recording (terms or vectors) as little-endian uint32."""
    return np.asarray(lengths, "<u4").tobytes()


def unpack_lengths(blob: bytes) -> NDArray[np.uint32]:
    """Unpack what `pack_lengths` packed."""
    return np.frombuffer(blob, "<u4")


def count_vectors(chunk_count: int, packed: bytes | None) -> int:
    """Return a recording's vector count: the sum of packed counts, or one per chunk."""
    return chunk_count if packed is None else int(unpack_lengths(packed).sum())
