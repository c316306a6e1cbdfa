"""Encodes samples as Opus in an Ogg file in memory."""

from __future__ import annotations

import io
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame

from earmark.speech.encoding.cutting import Samples
from earmark.speech.encoding.types import BITS_PER_S

RATE: Final = 16_000
_SILENCE: Final = 33
"""The loudest sample of what counts as silent: -60 dB."""
_SAME_BYTES: Final = {"fflags": "+bitexact"}
"""No random serial number: a browser asks for parts of a clip, which is encoded anew for each."""


class OggWriter:
    """One file."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._container = av.open(self._file, "w", format="ogg", container_options=_SAME_BYTES)
        options = {"application": "voip", "vbr": "constrained", "compression_level": "5"}
        self._stream = self._container.add_stream("libopus", rate=RATE, layout="mono", options=options)
        self._stream.bit_rate = BITS_PER_S
        self.samples = 0
        self.is_silent = True

    def write(self, samples: Samples) -> None:
        """Add samples."""
        if not len(samples):
            return
        self.is_silent = self.is_silent and int(np.abs(samples.astype(np.int32)).max()) < _SILENCE
        frame = AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self.samples
        self._container.mux(self._stream.encode(frame))
        self.samples += len(samples)

    def finish(self) -> bytes:
        """Return the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.getvalue()
