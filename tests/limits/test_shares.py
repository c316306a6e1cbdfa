"""Shares: nobody is bounded in peace; under pressure each is, and 503 means that the whole server is full."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.config import Settings
from earmark.fair_slots import Owner
from earmark.limits.shares import OverloadedError, Parts, Shares, ShareUsedUpError


def _take(shares: Shares, owner: Owner, count: int) -> int:
    """Take one after another until one is refused; return how many were taken."""
    for taken in range(count):
        try:
            shares.take(owner)
        except ShareUsedUpError:
            return taken
    return count


def test_one_tenant_alone_gets_half_and_leaves_the_rest_to_others() -> None:
    shares = Shares("requests", 400)
    assert _take(shares, (1, 7), 1_000) == 200
    assert _take(shares, (2, 8), 1_000) == 50  # an end user's eighth
    assert _take(shares, (2, None), 1_000) == 50  # what is left of the tenant's quarter
    assert _take(shares, (3, 9), 1_000) == 50


def test_the_parts_of_a_tenant_and_an_end_user_are_settings() -> None:
    settings = Settings(project_share_percent=60, end_user_share_percent=5, data_dir=Path("unused"))
    shares = Shares("requests", 400, Parts.of(settings))
    assert _take(shares, (1, 7), 1_000) == 200  # in peace nobody is bounded
    assert _take(shares, (2, 8), 1_000) == 20
    assert _take(shares, (2, None), 100) == 100  # beside 20, of its 240: a quarter of all would be 100


def test_503_comes_only_when_everything_is_in_use() -> None:
    shares = Shares("requests", 80)
    for tenant in range(20):
        _take(shares, (tenant, None), 80)
        if shares.total == 80:
            break
    assert shares.total == 80
    with pytest.raises(OverloadedError):
        shares.take((99, None))


def test_what_is_given_back_can_be_taken_again() -> None:
    shares = Shares("requests", 40)
    taken = _take(shares, (1, 1), 100)
    for _ in range(taken):
        shares.give_back((1, 1))
    assert (shares.total, dict(shares._used)) == (0, {})
    assert _take(shares, (1, 1), 100) == taken


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), max_size=120))
def test_a_tenant_below_its_quarter_is_never_refused_for_its_own_share(owners: list[Owner]) -> None:
    shares = Shares("requests", 32)
    used: dict[object, int] = {}
    for owner in owners:
        try:
            shares.take(owner)
        except ShareUsedUpError:
            assert used.get(owner[0], 0) >= 32 // 4 or used.get(owner, 0) >= 32 // 8
        except OverloadedError:
            assert shares.total == 32
        else:
            used[owner[0]] = used.get(owner[0], 0) + 1
            used[owner] = used.get(owner, 0) + 1
