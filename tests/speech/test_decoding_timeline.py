"""Timestamps: gaps become silence, repeats are dropped, damage and jitter change nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from earmark.speech.decoding.timeline import MAX_GAP, MAX_OVERLAP, TOLERANCE, Timeline

FRAME = 320.0


def placed(times: list[float | None], claimed_end: float | None = None) -> list[int]:
    timeline = Timeline(claimed_end)
    following = [*times, None][1:]
    return [timeline.place(at, FRAME, then) for at, then in zip(times, following, strict=True)]


def test_frames_that_follow_one_another_are_left_alone() -> None:
    assert placed([0, 320, 640, 960]) == [0, 0, 0, 0]


def test_frames_without_times_are_left_alone() -> None:
    assert placed([None, None, None]) == [0, 0, 0]


def test_a_gap_becomes_silence_once() -> None:
    assert placed([0, 320, 50_000, 50_320, 50_640]) == [0, 0, 49_360, 0, 0]


def test_a_late_start_becomes_silence() -> None:
    assert placed([16_000, 16_320]) == [16_000, 0]


def test_an_early_start_drops_nothing() -> None:
    assert placed([-16_000, -15_680, -15_360]) == [0, 0, 0]


def test_jitter_changes_nothing() -> None:
    assert placed([0, 320 + TOLERANCE, 640 - TOLERANCE, 960]) == [0, 0, 0, 0]


def test_a_clock_that_runs_slowly_is_corrected_once_it_is_off_by_the_tolerance() -> None:
    changes = placed([number * FRAME * 1.01 for number in range(2_000)])
    assert sum(changes) > 2_000 * FRAME * 0.01 - 2 * TOLERANCE
    assert all(change == 0 or change >= TOLERANCE for change in changes)


def test_a_time_that_is_wrong_alone_changes_nothing() -> None:
    assert placed([0, 320, 900_000, 960, 1_280]) == [0, 0, 0, 0, 0]


def test_what_is_written_twice_is_dropped() -> None:
    assert placed([0, *(320.0 * n for n in range(1, 21)), 3_200, 3_520, 3_840]) == [0] * 21 + [-320, -320, 0]


def test_a_clock_that_was_set_changes_nothing() -> None:
    far, back = MAX_GAP * 2.0, -MAX_OVERLAP * 2.0
    assert placed([0, 320, far, far + 320, far + 640]) == [0, 0, 0, 0, 0]
    assert placed([0, 320, back, back + 320, back + 640]) == [0, 0, 0, 0, 0]


def test_no_gap_reaches_beyond_the_end_that_the_file_states() -> None:
    times: list[float | None] = [0, 320, 900_000, 900_320]
    assert placed(times, claimed_end=30_000) == [0, 0, 0, 0]
    assert placed(times, claimed_end=900_640) == [0, 0, 899_360, 0]


@given(st.lists(st.floats(-1e12, 1e12) | st.none(), max_size=30))
def test_any_times_add_a_limited_silence_and_drop_at_most_the_frame(times: list[float | None]) -> None:
    assert all(-FRAME <= change <= MAX_GAP for change in placed(times))
