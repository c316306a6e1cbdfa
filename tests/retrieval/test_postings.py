from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.index.postings import (
    TermPostings,
    merge_postings,
    pack_lengths,
    pack_postings,
    unpack_lengths,
    unpack_postings,
)

FREQUENCIES = st.dictionaries(st.integers(0, 2**31 - 1), st.integers(1, 65_535), min_size=1, max_size=50)


@given(FREQUENCIES)
def test_postings_survive_packing(frequencies: dict[int, int]) -> None:
    found = unpack_postings([pack_postings(frequencies)], [0])
    assert dict(zip(found.chunks.tolist(), found.frequencies.tolist(), strict=True)) == frequencies
    assert found.chunks.tolist() == sorted(frequencies)


def test_postings_of_several_recordings_are_numbered_consecutively() -> None:
    found = unpack_postings([pack_postings({0: 1, 2: 3}), pack_postings({1: 2})], [0, 10])
    assert found.chunks.tolist() == [0, 2, 11]
    assert found.frequencies.tolist() == [1, 3, 2]


def test_a_term_frequency_is_capped_at_16_bits() -> None:
    assert unpack_postings([pack_postings({0: 200_000})], [0]).frequencies.tolist() == [65_535]


def test_packed_posting_is_little_endian_and_six_bytes() -> None:
    assert pack_postings({258: 3}) == bytes([2, 1, 0, 0, 3, 0])


@given(st.lists(FREQUENCIES.filter(lambda one: max(one) < 1_000), min_size=1, max_size=4))
def test_merging_adds_frequencies_of_the_same_chunk(lists: list[dict[int, int]]) -> None:
    merged = merge_postings([unpack_postings([pack_postings(one)], [0]) for one in lists])
    expected: dict[int, int] = {}
    for one in lists:
        for chunk, count in one.items():
            expected[chunk] = expected.get(chunk, 0) + count
    assert dict(zip(merged.chunks.tolist(), merged.frequencies.tolist(), strict=True)) == expected
    assert merged.chunks.tolist() == sorted(expected)


def test_merging_one_list_returns_it() -> None:
    one = TermPostings(np.array([1], np.int32), np.array([2], np.float32))
    assert merge_postings([one]) is one


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_lengths_survive_packing(lengths: list[int]) -> None:
    assert unpack_lengths(pack_lengths(lengths)).tolist() == lengths
