"""Holds the samples of all channels that a future chunk may need, and frees earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from earmark.speech.listening.vad import FRAME

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FULL_SCALE: Final = 32_768


class SampleBuffer:
    """A window on a stream of interleaved 16-bit samples, addressed by frame.

    Args:
        channels: how many are interleaved.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._bytes_per_frame = 2 * channels * FRAME
        self._held = bytearray()
        self._first = 0
        """The frame that `_held` starts with."""

    @property
    def end(self) -> int:
        """The number of whole frames so far."""
        return self._first + len(self._held) // self._bytes_per_frame

    @property
    def first(self) -> int:
        """The earliest frame that is still there."""
        return self._first

    def add(self, pcm: bytes) -> None:
        """Append little-endian samples; a frame may arrive in parts."""
        self._held += pcm

    def pad(self) -> None:
        """Complete the last frame with silence."""
        self._held += bytes(-len(self._held) % self._bytes_per_frame)

    def free(self, before: int) -> None:
        """Drop the frames before `before`."""
        if before > self._first:
            del self._held[: (before - self._first) * self._bytes_per_frame]
            self._first = before

    def read(self, start: int, end: int) -> NDArray[np.float32]:
        """Return frames in -1..1. Shapes: [channels, (end - start) * FRAME]."""
        import numpy as np

        begin, stop = ((frame - self._first) * self._bytes_per_frame for frame in (start, end))
        values = np.frombuffer(bytes(self._held[begin:stop]), "<i2").reshape(-1, self._channels)
        return np.ascontiguousarray(values.T, np.float32) / np.float32(_FULL_SCALE)
