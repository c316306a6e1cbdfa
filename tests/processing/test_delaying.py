"""Which retention is in force while a shortened one waits, and what merging makes of changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.processing.delaying import DELAY_US, in_force, longest, note_replaced
from earmark.processing.merging import apply_changes, merge_deep

HOUR_US = DELAY_US // 24
Days = st.one_of(st.none(), st.integers(1, 40))
Changes = st.lists(st.tuples(st.sampled_from(["project", "end_user"]), Days, st.integers(0, 20)), max_size=60)


def _resolved(project: int | None, end_user: int | None) -> float:
    """The days that both levels come to, without any delay."""
    own = end_user if end_user is not None else project
    return float("inf") if own is None else own


@given(Changes, st.integers(0, 30))
def test_nothing_is_shorter_than_what_was_in_force_within_the_last_day_nor_longer_than_any_setting_was(
    changes: list[tuple[str, int | None, int]], after_h: int
) -> None:
    current: dict[str, int | None] = {"project": None, "end_user": None}
    earlier: dict[str, list[tuple[int | None, int]]] = {"project": [], "end_user": []}
    now, were = 0, [(0, _resolved(None, None))]
    for level, days, hours in changes:
        now += hours * HOUR_US
        if days != current[level]:
            earlier[level] = note_replaced(earlier[level], current[level], now)
            current[level] = days
            were.append((now, _resolved(current["project"], current["end_user"])))
    now += after_h * HOUR_US
    found = longest(
        in_force(current["end_user"], earlier["end_user"], now), in_force(current["project"], earlier["project"], now)
    )
    ends = [since for since, _ in were[1:]] + [now + 1]
    lately = [days for (_, days), until in zip(were, ends) if until > now - DELAY_US]
    value = float("inf") if found is None else found
    assert value >= max(lately)
    if after_h >= 24:
        assert value == were[-1][1]


def test_a_shortened_value_takes_effect_after_a_day_and_a_longer_one_at_once() -> None:
    earlier = note_replaced([], 90, 0)
    assert longest(in_force(30, earlier, DELAY_US - 1), [None]) == 90
    assert longest(in_force(30, earlier, DELAY_US), [None]) == 30
    assert longest(in_force(365, note_replaced(earlier, 30, 1), 2), [None]) == 365


def test_a_key_that_is_changed_very_often_keeps_few_values_and_the_longest_among_them() -> None:
    earlier: list[tuple[int | None, int]] = []
    for number in range(1_000):
        earlier = note_replaced(earlier, 2_000 - number, number)
    assert len(earlier) < 30
    assert longest(in_force(1, earlier, 1_000), [None]) == 2_000


@pytest.mark.parametrize(
    ("own", "changes", "after"),
    [
        ({}, {"a": {"on": True}}, {"a": {"on": True}}),
        ({"a": {"on": True, "by": "x"}}, {"a": {"on": False}}, {"a": {"on": False, "by": "x"}}),
        ({"a": {"on": True, "by": "x"}}, {"a": {"by": None}}, {"a": {"on": True}}),
        ({"a": {"on": True}}, {"a": {"on": None}}, {}),
        ({"a": {"on": True}, "b": 1}, {"a": None}, {"b": 1}),
        ({"b": 1}, {"a": {}, "c": None}, {"b": 1}),
        ({"b": False}, {}, {"b": False}),
    ],
)
def test_null_unsets_and_what_is_not_named_stays(own: Any, changes: Any, after: Any) -> None:
    assert apply_changes(own, changes) == after


def test_objects_are_merged_and_everything_else_is_replaced() -> None:
    assert merge_deep({"a": {"x": 1, "y": [1]}, "b": 2}, {"a": {"y": [2]}}) == {"a": {"x": 1, "y": [2]}, "b": 2}
