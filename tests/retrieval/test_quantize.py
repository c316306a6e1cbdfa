from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.index.quantize import cosines, dots, pack_vectors, quantize, scale_of, unpack_vectors


def unit_vectors(count: int, dimensions: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(1, 1_100), st.sampled_from([8, 384, 1_536]), st.integers(0, 9))
def test_dot_products_are_exact_integers(count: int, dimensions: int, seed: int) -> None:
    vectors = quantize(unit_vectors(count, dimensions, seed))
    exact = vectors.astype(np.int64) @ vectors[0].astype(np.int64)
    assert dots(vectors, vectors[0]).astype(np.int64).tolist() == exact.tolist()


def test_cosines_are_close_to_the_unquantised() -> None:
    vectors = unit_vectors(2_000, 384, 1)
    vectors[0] = vectors[1]
    found = cosines(quantize(vectors), quantize(vectors[1]))
    np.testing.assert_allclose(found, vectors @ vectors[1], atol=0.006)


def test_components_beyond_the_range_are_clipped() -> None:
    assert quantize(np.array([1.0] + [0.0] * 383, np.float32))[0] == 127


def test_scale_needs_no_storage() -> None:
    assert scale_of(384) == pytest.approx(355.53, abs=0.01)


def test_vectors_survive_packing() -> None:
    vectors = quantize(unit_vectors(5, 384, 2))
    assert np.array_equal(unpack_vectors([pack_vectors(vectors[:2]), pack_vectors(vectors[2:])], 384), vectors)


def test_no_vectors_no_cosines() -> None:
    assert cosines(np.zeros((0, 384), np.int8), np.zeros(384, np.int8)).shape == (0,)
