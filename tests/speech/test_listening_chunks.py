"""Properties of runs and chunks, whatever the probabilities of speech."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from earmark.speech.listening.chunks import LONGEST, LONGEST_PAUSE, Chunk, Chunker, group_runs
from earmark.speech.listening.vad import Run, RunFinder

# Stretches of a stream: how probable speech is, and for how many frames.
STRETCHES = st.lists(st.tuples(st.sampled_from([0.0, 0.4, 0.9]), st.integers(1, 1_200)), max_size=12)


def frames(stretches: list[tuple[float, int]]) -> list[float]:
    return [probability for probability, count in stretches for _ in range(count)]


def chunks_of(*channels: list[float], levels: list[float] | None = None) -> list[Chunk]:
    chunker = Chunker(len(channels))
    found: list[Chunk] = []
    for index, given_frames in enumerate(zip(*channels)):
        found += chunker.push(given_frames, levels[index] if levels else 1.0)
    return found + chunker.finish()


def runs_of(probabilities: list[float]) -> list[Run]:
    finder = RunFinder()
    found = [run for probability in probabilities if (run := finder.push(probability))]
    last = finder.finish()
    return [*found, last] if last else found


def test_a_run_lasts_from_its_first_strong_to_its_last_weak_frame() -> None:
    assert runs_of([0.0] * 10 + [0.4] * 3 + [0.9] * 20 + [0.4] * 3 + [0.0] * 30) == [Run(13, 36)]


def test_a_short_pause_does_not_end_a_run() -> None:
    assert runs_of([0.9] * 20 + [0.0] * 7 + [0.9] * 20 + [0.0] * 9) == [Run(0, 47)]


def test_a_click_is_no_run() -> None:
    assert runs_of([0.0] * 10 + [0.9] * 3 + [0.0] * 20) == []


@given(STRETCHES)
def test_runs_are_in_order_and_do_not_touch(stretches: list[tuple[float, int]]) -> None:
    for before, after in pairwise(runs_of(frames(stretches))):
        assert before.start < before.end < after.start < after.end


@given(STRETCHES)
def test_no_speech_is_lost_or_heard_twice(stretches: list[tuple[float, int]]) -> None:
    probabilities = frames(stretches)
    covered = [at for chunk in chunks_of(probabilities) for run in chunk.runs for at in range(run.start, run.end)]
    expected = [at for run in runs_of(probabilities) for at in range(run.start, run.end)]
    assert covered == expected


@given(STRETCHES, STRETCHES)
def test_chunks_of_two_channels_are_short_in_order_and_whole(
    left: list[tuple[float, int]], right: list[tuple[float, int]]
) -> None:
    size = min(len(frames(left)), len(frames(right)))
    both = frames(left)[:size], frames(right)[:size]
    chunks = chunks_of(*both)
    end = 0
    for chunk in chunks:
        assert end <= chunk.start < chunk.end
        assert chunk.end - chunk.start <= LONGEST
        assert all(chunk.start <= run.start < run.end <= chunk.end for run in chunk.runs)
        end = chunk.end
    for channel in (0, 1):
        covered = [at for chunk in chunks for run in chunk.runs if run.channel == channel for at in range(run.start, run.end)]  # fmt: skip
        # What is too weak to be a run by itself may come along where the other channel's long speech is cut.
        assert covered == sorted(set(covered))
        assert {at for run in runs_of(both[channel]) for at in range(run.start, run.end)} <= set(covered)


def test_near_runs_share_a_chunk_and_far_ones_do_not() -> None:
    pause, rest = [0.0] * (LONGEST_PAUSE - 1), [0.0] * (LONGEST_PAUSE + 2)
    chunks = chunks_of([0.9] * 100 + pause + [0.9] * 100 + rest + [0.9] * 50)
    assert [len(chunk.runs) for chunk in chunks] == [2, 1]


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    quiet = 700
    levels = [0.1 if quiet - 2 <= at <= quiet + 2 else 1.0 for at in range(1_200)]
    first, second = chunks_of([0.9] * 1_200, levels=levels)
    assert (first.start, first.end, first.is_cut) == (0, quiet, True)
    assert (second.start, second.end, second.is_cut) == (quiet, 1_200, False)


def test_a_chunk_is_given_as_soon_as_it_is_complete() -> None:
    chunker = Chunker()
    for _ in range(100):
        assert chunker.push([0.9], 1.0) == []
    waited = next(count for count in range(1, 200) if chunker.push([0.0], 1.0))
    assert waited <= LONGEST_PAUSE + 2


@given(STRETCHES)
def test_what_is_needed_never_grows_beyond_two_chunks(stretches: list[tuple[float, int]]) -> None:
    chunker = Chunker()
    for index, probability in enumerate(frames(stretches), 1):
        chunker.push([probability], 1.0)
        assert index - chunker.needed_from <= LONGEST + LONGEST_PAUSE + 2


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200)), max_size=20))
def test_groups_of_runs_have_no_long_pause_and_lose_none(spans: list[tuple[int, int]]) -> None:
    at = 0
    runs = []
    for pause, length in spans:
        runs.append(Run(at + pause, at + pause + length))
        at += pause + length
    groups = group_runs(runs)
    assert [run for group in groups for run in group] == runs
    for group in groups:
        assert all(after.start - before.end <= LONGEST_PAUSE for before, after in pairwise(group))
