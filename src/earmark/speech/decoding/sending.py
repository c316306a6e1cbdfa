"""Sends the header and the samples: limited, from the asked position on, as one or two channels."""

from __future__ import annotations

import json
import os
from typing import Final

import numpy as np

from earmark.speech.decoding import channels
from earmark.speech.decoding.types import RATE, SAMPLE_BYTES, SAMPLES_PER_MS

_BLOCK_BYTES: Final = 64 << 10
_REPORT_EVERY: Final = 60 * RATE


class TooLongError(Exception):
    """The file has more audio than may be decoded."""


class Sender:
    """Writes a header line and PCM to one descriptor, and how far it is, once a minute of audio, to another.

    Args:
        width: channels of what is given to `send`, 1 or 2; of two, the first minutes decide what is sent.
        skip_ms: samples before it are not sent.
        max_ms: samples after it are not sent.
    """

    def __init__(
        self, fd: int, report_fd: int, *, width: int, duration_ms: int | None, skip_ms: int, max_ms: int
    ) -> None:
        self._fd, self._report_fd = fd, report_fd
        self._width = width
        self._duration_ms = duration_ms
        self._skip = skip_ms * SAMPLES_PER_MS
        self._max = max_ms * SAMPLES_PER_MS
        self._use: channels.Use | None = None
        self._pending = bytearray()
        self._judged = bytearray()
        self.position = 0
        """Samples of a channel that were given, from the beginning of the file."""

    @property
    def _sample_bytes(self) -> int:
        return self._width * SAMPLE_BYTES

    def send(self, pcm: memoryview) -> None:
        """Take the next samples.

        Raises: TooLongError after the last one that may be sent; BrokenPipeError if nobody reads.
        """
        size = self._sample_bytes
        given = len(pcm) // size
        taken = min(given, self._max - self.position)
        start = min(taken, max(0, self._skip - self.position))
        if self._use is None:
            self._judge(pcm[: taken * size])
        self._pending += pcm[start * size : taken * size]
        is_minute = self.position // _REPORT_EVERY != (self.position + taken) // _REPORT_EVERY
        self.position += taken
        if self._use is not None and len(self._pending) >= _BLOCK_BYTES:
            self._write()
        if is_minute and self._use is not None:
            write_line(self._report_fd, {"decoded_ms": self.decoded_ms})
        if taken < given:
            raise TooLongError

    def send_silence(self, samples: int) -> None:
        """Take silence, however long.

        Raises: as `send`.
        """
        block = memoryview(bytes(_BLOCK_BYTES))
        left = samples * self._sample_bytes
        while left > 0:
            self.send(block[: min(left, len(block))])
            left -= len(block)

    def finish(self) -> None:
        """Write what is left."""
        if self._use is None:
            self._decide()
        self._write()

    @property
    def decoded_ms(self) -> int:
        """The position in milliseconds."""
        return self.position // SAMPLES_PER_MS

    @property
    def decoded_s(self) -> float:
        """The position in seconds."""
        return self.position / RATE

    def _judge(self, pcm: memoryview) -> None:
        if self._width == 2:
            self._judged += pcm
        if self._width == 1 or len(self._judged) >= channels.JUDGED_S * RATE * self._sample_bytes:
            self._decide()

    def _decide(self) -> None:
        pairs = np.frombuffer(self._judged, dtype=np.int16).reshape(-1, 2)
        self._use = channels.choose(pairs) if self._width == 2 else "both"
        del pairs
        self._judged = bytearray()
        count = 2 if self._width == 2 and self._use == "both" else 1
        write_line(self._fd, {"channels": count, "duration_ms": self._duration_ms, "rate": RATE})

    def _write(self) -> None:
        pcm: bytes | bytearray = self._pending
        if self._width == 2 and self._use is not None:
            pcm = channels.apply(self._use, np.frombuffer(pcm, dtype=np.int16).reshape(-1, 2))
        _write_all(self._fd, pcm)
        self._pending = bytearray()


def write_line(fd: int, value: dict[str, object]) -> None:
    """Write a line of JSON.

    Raises: BrokenPipeError if nobody reads.
    """
    _write_all(fd, json.dumps(value).encode() + b"\n")


def _write_all(fd: int, data: bytes | bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
