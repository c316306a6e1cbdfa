from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.dates import DateMention, closeness, find_dates

DAY_MS = 86_400_000
MAY_12_2026 = 1_778_544_000_000


@pytest.mark.parametrize(
    ("question", "mentions"),
    [
        ("What did we say on 12 May 2026?", [(2026, 5, 12)]),
        ("on March 3rd and in November", [(None, 3, 3), (None, 11, None)]),
        ("the 3rd of june, 2023", [(2023, 6, 3)]),
        ("what happened on 2026-05-12", [(2026, 5, 12)]),
        ("the trip in 2025", [(2025, None, None)]),
        ("the December concert", [(None, 12, None)]),
        ("may I ask what may happen", []),
        ("What did April say to June?", []),
        ("what was decided in april", [(None, 4, None)]),
        ("31 February, 2026-13-41", []),
        ("29 Feb", [(None, 2, 29)]),
        ("٣ May", []),
        ("???", []),
    ],
)
def test_find_dates(question: str, mentions: list[tuple[int | None, ...]]) -> None:
    assert find_dates(question) == tuple(DateMention(*mention) for mention in mentions)


@given(st.text(max_size=200), st.integers(-(2**52), 2**53))
def test_any_question_and_time_has_a_closeness(question: str, recorded_at_ms: int) -> None:
    assert 0 <= closeness(find_dates(question), recorded_at_ms) <= 1


def test_closeness_is_one_within_and_falls_off_faster_before() -> None:
    day = find_dates("on 12 May")
    assert closeness(day, MAY_12_2026 + DAY_MS // 2) == 1
    assert closeness(day, MAY_12_2026 - 7 * DAY_MS) == pytest.approx(0.368, abs=0.001)
    assert closeness(day, MAY_12_2026 + 14 * DAY_MS) == pytest.approx(0.368, abs=0.001)


def test_closeness_crosses_the_turn_of_the_year() -> None:
    assert closeness(find_dates("on 31 December"), 1_767_225_600_000) == pytest.approx(0.931, abs=0.001)


def test_closeness_without_a_date_on_either_side_is_zero() -> None:
    assert closeness((), MAY_12_2026) == 0
    assert closeness(find_dates("in May"), None) == 0
