from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.index.dates import DateMention, closeness, find_dates

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
        ("Was haben wir am 12. März 2026 gesagt?", [(2026, 3, 12)]),
        ("Wer war im Dezember und im Mai dabei?", [(None, 12, None), (None, 5, None)]),
        ("Was geschah am 3. Jänner?", [(None, 1, 3)]),
        ("Qu'a-t-on dit le 1er août 2025 ?", [(2025, 8, 1)]),
        ("Qui est venu en février, et le 3 mars ?", [(None, 2, None), (None, 3, 3)]),
        ("¿Qué dijimos el 12 de mayo de 2026?", [(2026, 5, 12)]),
        ("Cosa abbiamo deciso il 3 giugno 2025?", [(2025, 6, 3)]),
        ("O que combinámos em março, e a 4 de maio?", [(None, 3, None), (None, 5, 4)]),
        ("Wat spraken we af op 12 maart en in mei?", [(None, 3, 12), (None, 5, None)]),
        ("was am 12.03.2026 war, nicht am 12.3.", [(2026, 3, 12)]),
        ("2026年3月12日の会議と5月", [(2026, 3, 12), (None, 5, None)]),
        ("3월 12일에 뭐라고 했지?", [(None, 3, 12)]),
        ("Is Mars red, and who likes mayo or Julio?", []),
        ("13月", []),
    ],
)
def test_find_dates(question: str, mentions: list[tuple[int | None, ...]]) -> None:
    assert find_dates(question) == tuple(DateMention(*mention) for mention in mentions)


def near(question: str, recorded_at_ms: int | None) -> float:
    (found,) = closeness(find_dates(question), [recorded_at_ms]).tolist()
    return float(found)


@given(st.text(max_size=200), st.lists(st.none() | st.integers(-(2**53), 2**53), max_size=5))
def test_any_question_and_time_has_a_closeness(question: str, times: list[int | None]) -> None:
    found = closeness(find_dates(f"{question} in May 2020, on 3 June"), times)
    assert len(found) == len(times)
    assert ((found >= 0) & (found <= 1)).all()


def test_closeness_is_one_within_a_date_and_decays_faster_before_it() -> None:
    assert near("on 12 May", MAY_12_2026 + DAY_MS // 2) == 1
    assert near("on 12 May", MAY_12_2026 - 7 * DAY_MS) == pytest.approx(0.368, abs=0.001)
    assert near("on 12 May", MAY_12_2026 + 14 * DAY_MS) == pytest.approx(0.368, abs=0.001)


def test_closeness_crosses_the_turn_of_the_year() -> None:
    assert near("on 31 December", 1_767_225_600_000) == pytest.approx(0.931, abs=0.001)


def test_closeness_of_several_recordings_takes_each_ones_year() -> None:
    year_later = MAY_12_2026 + 365 * DAY_MS
    assert closeness(find_dates("on 12 May"), [MAY_12_2026, None, year_later]).tolist() == [1, 0, 1]
    assert closeness(find_dates("on 12 May 2026"), [MAY_12_2026, year_later])[1] < 1e-6


def test_closeness_without_a_date_on_either_side_is_zero() -> None:
    assert near("what then?", MAY_12_2026) == 0
    assert near("in May", None) == 0
