"""Cuts a stream of samples into parts that end where it is quietest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
_FRAME: Final = 320
"""20 ms."""
_PAUSE_FRAMES: Final = 15
"""A cut lies in the middle of the quietest 300 ms."""
_LONGEST_WINDOW: Final = 60 * 16_000


class Piece(NamedTuple):
    """Samples of the current part; `ends_part`: the next piece begins another one."""

    samples: Samples
    ends_part: bool


class Cutter:
    """Passes samples on and says where a part ends.

    Args:
        most: samples of a part at most. The cut is looked for in its last minute, or in its second half if it is
            shorter than two minutes.
    """

    def __init__(self, most: int) -> None:
        self._window = min(_LONGEST_WINDOW, most // 2)
        self._certain = most - self._window
        self._passed = 0
        self._held: list[Samples] = []
        self._held_count = 0

    def take(self, samples: Samples) -> Iterator[Piece]:
        """Yield what of these samples, and of those before, is certain to belong to a part."""
        while len(samples):
            passing = min(len(samples), self._certain - self._passed)
            if passing:
                self._passed += passing
                yield Piece(samples[:passing], False)
                samples = samples[passing:]
            keeping = samples[: self._window + 1 - self._held_count]  # one more: a part isn't ended by the audio's end
            self._held.append(keeping)
            self._held_count += len(keeping)
            samples = samples[len(keeping) :]
            if self._held_count > self._window:
                held = self._release()
                at = quietest(held)
                yield Piece(held[:at], True)
                yield from self.take(held[at:])

    def finish(self) -> Piece:
        """Return the rest of the last part."""
        return Piece(self._release(), True)

    def _release(self) -> Samples:
        held = np.concatenate(self._held) if self._held else np.zeros(0, np.int16)
        self._held, self._held_count, self._passed = [], 0, 0
        return held


def quietest(samples: Samples) -> int:
    """Return the middle of the quietest 300 ms, the last of them if there are several; the end if it is shorter."""
    count = len(samples) // _FRAME
    if count <= _PAUSE_FRAMES:
        return len(samples)
    frames: NDArray[Any] = samples[: count * _FRAME].reshape(count, _FRAME).astype(np.float32)
    loudness = np.abs(frames).mean(axis=1)
    sums = np.convolve(loudness, np.ones(_PAUSE_FRAMES, np.float32), "valid")
    first = len(sums) - 1 - int(np.argmin(sums[::-1]))
    return (first + _PAUSE_FRAMES // 2) * _FRAME
