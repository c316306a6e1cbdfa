"""Finds where speech is: Silero VAD on frames of 32 ms, then runs of speech by two thresholds.

Source: https://github.com/snakers4/silero-vad (frames of 512 samples, preceded by the last 64 of the frame before)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from earmark.speech.listening.engine import RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FRAME: Final = 512
"""Samples of a frame."""
FRAME_MS: Final = FRAME * 1_000 // RATE
_CONTEXT: Final = 64
_STATE_SHAPE: Final = (2, 1, 128)

_STARTS_AT: Final = 0.5
_ENDS_BELOW: Final = 0.35
_LEAST_SPEECH: Final = 4
"""Frames: shorter runs are clicks and breaths; a spoken "yes" is longer than 128 ms."""
LEAST_SILENCE: Final = 8
"""Frames: shorter pauses lie within words and phrases."""


@dataclass(frozen=True, slots=True)
class Run:
    """Uninterrupted speech in one channel, in frames from the start of the stream; `end` is exclusive."""

    start: int
    end: int
    channel: int = 0


class SpeechDetector:
    """Gives the probability of speech in each frame of one channel.

    Args:
        session: the model of Silero VAD; it may be shared, since the state is here.
    """

    def __init__(self, session: Any) -> None:
        import numpy as np

        self._session = session
        self._state = np.zeros(_STATE_SHAPE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rate = np.array(RATE, np.int64)

    def probability(self, frame: NDArray[np.float32]) -> float:
        """Return the probability of speech in the next frame. Shapes: [FRAME] samples in -1..1."""
        import numpy as np

        given = np.concatenate([self._context, frame])
        output, self._state = self._session.run(None, {"input": given[None], "state": self._state, "sr": self._rate})
        self._context = frame[-_CONTEXT:]
        return float(output[0, 0])


class RunFinder:
    """Turns one channel's probabilities into runs of speech.

    A run starts when the probability reaches .5 and ends before 8 frames in a row below .35; a run with fewer
    than 4 frames at .5 or more is dropped.
    """

    def __init__(self, channel: int = 0) -> None:
        self._channel = channel
        self._now = 0
        self._start: int | None = None
        self._last = 0
        self._strong = 0

    @property
    def open_start(self) -> int | None:
        """The first frame of the run that has not ended yet, or None."""
        return self._start

    def push(self, probability: float) -> Run | None:
        """Take the next frame's probability; return the run that ended with it, if any."""
        frame = self._now
        self._now += 1
        if self._start is None:
            if probability < _STARTS_AT:
                return None
            self._start, self._strong = frame, 0
        if probability >= _ENDS_BELOW:
            self._last = frame
            self._strong += probability >= _STARTS_AT
        elif frame - self._last >= LEAST_SILENCE:
            return self.finish()
        return None

    def finish(self) -> Run | None:
        """End the open run; return it unless it is too short to be speech."""
        start, self._start = self._start, None
        if start is None or self._strong < _LEAST_SPEECH:
            return None
        return Run(start, self._last + 1, self._channel)

    def cut(self, frame: int) -> Run | None:
        """Split the open run at `frame`; return its first part, if the run began before."""
        if self._start is None or self._start >= frame:
            return None
        first = Run(self._start, frame, self._channel)
        self._start, self._strong = frame, _LEAST_SPEECH  # what follows is known to be speech
        self._last = max(self._last, frame)
        return first
