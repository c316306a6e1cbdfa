"""Groups runs of speech into chunks that are transcribed at once: long ones make fewer errors.

A chunk is at most 28 s long (engines take 30 s) and has no pause over 2 s. With two channels, chunks end where
neither channel speaks, so that everything before a chunk's end is final.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from earmark.speech.listening.vad import FRAME_MS, LEAST_SILENCE, Run, RunFinder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST: Final = 28_000 // FRAME_MS
"""Frames of a chunk at most."""
LONGEST_PAUSE: Final = 2_000 // FRAME_MS
"""Frames without speech in a chunk at most."""
_EARLIEST_CUT: Final = 14_000 // FRAME_MS
"""Frames of a chunk at least if a run of speech has to be cut."""
_SMOOTHED: Final = 5
"""Frames around a cut whose loudness counts: a single quiet frame may lie within a word."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is transcribed at once: runs in order of time, between two frames."""

    start: int
    end: int
    runs: tuple[Run, ...]
    is_cut: bool
    """Whether speech goes on at `end`."""


class Chunker:
    """Collects the runs of all channels and yields a chunk as soon as it is complete.

    Args:
        channels: how many.
    """

    def __init__(self, channels: int = 1) -> None:
        self._finders = [RunFinder(channel) for channel in range(channels)]
        self._runs: list[Run] = []
        self._levels: list[float] = []
        self._now = 0

    @property
    def needed_from(self) -> int:
        """The earliest frame that a future chunk may start at: earlier samples can be freed."""
        return min([run.start for run in self._runs] + self._opens() + [self._now])

    def push(self, probabilities: Sequence[float], level: float) -> list[Chunk]:
        """Take the next frame's probability of speech by channel and its loudness; return the chunks now complete."""
        self._levels.append(level)
        self._now += 1
        del self._levels[: -(LONGEST + 1)]
        for finder, probability in zip(self._finders, probabilities, strict=True):
            if run := finder.push(probability):
                self._runs.append(run)
        if not self._runs and all(start is None or self._now - start <= LONGEST for start in self._opens()):
            return []
        return self._complete(is_end=False)

    def finish(self) -> list[Chunk]:
        """Return the chunks of what is left at the end of the stream."""
        for finder in self._finders:
            if run := finder.finish():
                self._runs.append(run)
        return self._complete(is_end=True)

    def _opens(self) -> list[int]:
        return [finder.open_start for finder in self._finders if finder.open_start is not None]

    def _complete(self, *, is_end: bool) -> list[Chunk]:
        chunks = []
        while (end := self._next_end(is_end=is_end)) is not None:
            taken = sorted((run for run in self._runs if run.start < end), key=lambda run: (run.start, run.channel))
            self._runs = [run for run in self._runs if run.start >= end]
            is_cut = any(start == end for start in [run.start for run in self._runs] + self._opens())
            chunks.append(Chunk(taken[0].start, end, tuple(taken), is_cut))
        return chunks

    def _next_end(self, *, is_end: bool) -> int | None:
        """Return the frame that the next chunk ends at, or None if it may still grow."""
        spans = self._spans()
        if not spans:
            return None
        start, end = spans[0]
        if self._is_open(spans[0]):
            return self._cut(start) if self._now - start > LONGEST else None
        for span in spans[1:]:
            is_near = span[0] - end <= LONGEST_PAUSE and span[1] - start <= LONGEST
            if not is_near:
                return end
            if self._is_open(span):
                return None
            end = span[1]
        return end if is_end or self._now - end > LONGEST_PAUSE else None

    def _spans(self) -> list[tuple[int, int]]:
        """Return when any channel speaks, with overlaps joined; an open run lasts until now."""
        given = sorted([(run.start, run.end) for run in self._runs] + [(start, self._now) for start in self._opens()])
        spans: list[tuple[int, int]] = []
        for start, end in given:
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def _is_open(self, span: tuple[int, int]) -> bool:
        return any(span[0] <= start < span[1] for start in self._opens())

    def _cut(self, start: int) -> int:
        """Cut the speech that began at `start` where it is quietest; return that frame."""
        import numpy as np

        first = self._now - len(self._levels)
        earliest = start + _EARLIEST_CUT
        latest = min(start + LONGEST, self._now - LEAST_SILENCE)  # the last frames may be a pause that has begun
        quiet = quietness(np.array(self._levels[earliest - first : latest - first]))
        at = earliest + int(quiet.argmin())
        parts = [part for finder in self._finders if (part := finder.cut(at))]
        for run in self._runs:
            if run.start < at < run.end:
                parts += [Run(run.start, at, run.channel), Run(at, run.end, run.channel)]
            else:
                parts.append(run)
        self._runs = parts
        return at


def quietness(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each frame's loudness, averaged with its neighbours'. Shapes: [N] -> [N]."""
    import numpy as np

    padded = np.pad(levels, _SMOOTHED // 2, mode="edge")
    return np.convolve(padded, np.full(_SMOOTHED, 1 / _SMOOTHED), mode="valid")


def group_runs(runs: Sequence[Run]) -> list[tuple[Run, ...]]:
    """Split one channel's runs at pauses over 2 s: the other channel may have spoken meanwhile."""
    groups: list[list[Run]] = []
    for run in runs:
        if groups and run.start - groups[-1][-1].end <= LONGEST_PAUSE:
            groups[-1].append(run)
        else:
            groups.append([run])
    return [tuple(group) for group in groups]
