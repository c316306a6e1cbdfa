"""Keeps time true: what a frame's timestamp means for the samples before it."""

from __future__ import annotations

from typing import Final

from earmark.speech.decoding.types import RATE

TOLERANCE: Final = RATE // 10
"""Timestamps this near to the sum of the samples before are rounded or jitter: nothing is changed for them."""
MAX_GAP: Final = 2 * 3600 * RATE
"""A longer gap is a clock that was set, not silence. Recorders of calls write none while a caller is muted."""
MAX_OVERLAP: Final = 2 * RATE
"""A longer step back is a clock that was set, not samples that were written twice."""


class Timeline:
    """Places frames one after the other. All positions are in samples of the output, from the file's beginning.

    Args:
        claimed_end: where the file says that it ends; no gap reaches beyond it. None if it doesn't say.
    """

    def __init__(self, claimed_end: float | None = None) -> None:
        self._latest = None if claimed_end is None else claimed_end + RATE
        self._end = 0.0
        self._shift = 0.0
        self._is_first = True

    def place(self, at: float | None, length: float, next_at: float | None) -> int:
        """Return how many samples of silence go before a frame, or, negative, how many of its samples to drop.

        A timestamp counts if the next frame's agrees with it: one that is wrong alone is damage.

        Args:
            at: the frame's timestamp.
            length: its samples.
            next_at: the following frame's timestamp; None after the last one.
        """
        change = 0 if at is None else self._change(at, length, next_at)
        self._is_first = False
        self._end += length + change
        return change

    def _change(self, at: float, length: float, next_at: float | None) -> int:
        drift = at + self._shift - self._end
        if abs(drift) <= TOLERANCE or next_at is None:
            return 0
        if abs(next_at + self._shift - self._end - length) <= TOLERANCE:
            return 0
        is_silence = 0 < drift <= MAX_GAP and (self._latest is None or at + self._shift <= self._latest)
        is_repeat = -MAX_OVERLAP <= drift < 0 and not self._is_first
        if is_silence or is_repeat:
            return max(round(drift), -int(length))
        self._shift -= drift
        return 0
