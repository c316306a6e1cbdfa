"""Turns decoded frames of any rate, format and layout into 16-bit samples at 16 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph

from earmark.speech.decoding.types import RATE, SAMPLE_BYTES

_LAYOUTS: Final = {1: "mono", 2: "stereo"}
CONVERSION_ERRORS: Final = (av.FFmpegError, ValueError, TypeError, NotImplementedError)
MIN_RATE, MAX_RATE = 1_000, 768_000
"""Rates of real recordings; a header that says 1 Hz would make days of a few bytes."""


class Converter:
    """Converts frames to interleaved samples; the number of samples is exact for each run of equal frames.

    Args:
        channels: of the output, 1 or 2.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._graph: Graph | None = None
        self._kind: tuple[int, str, str] = (RATE, "", "")
        self._taken = 0
        self._given = 0

    def convert(self, frame: AudioFrame) -> list[memoryview]:
        """Return the samples that are ready; the last few of a run come only with `finish`.

        Raises: one of CONVERSION_ERRORS; call `reset` then.
        """
        frame = _folded(frame)
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        ready: list[memoryview] = []
        if self._graph is None or kind != self._kind:
            ready = self.finish()
            self._graph, self._kind = self._opened(kind), kind
        frame.pts = None  # the graph counts samples; where they go is decided by the timeline
        self._taken += frame.samples
        self._graph.push(frame)
        return ready + list(self._pulled(self._graph))

    def finish(self) -> list[memoryview]:
        """End a run of frames: return what is left of it."""
        if self._graph is None:
            return []
        self._graph.push(None)
        before = self._given
        pcm = b"".join(self._pulled(self._graph))
        missing = round(self._taken * RATE / self._kind[0]) - before
        self.reset()
        size = max(0, missing) * self.sample_bytes
        return [memoryview(pcm[:size].ljust(size, b"\0"))]

    def reset(self) -> None:
        """Forget the run."""
        self._graph, self._taken, self._given = None, 0, 0

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample of all channels."""
        return self._channels * SAMPLE_BYTES

    def _opened(self, kind: tuple[int, str, str]) -> Graph:
        rate, sample_format, layout = kind
        graph = Graph()
        graph.threads = 1
        source = graph.add_abuffer(
            sample_rate=rate, format=sample_format, layout=layout, time_base=Fraction(1, rate)
        )  # fmt: skip
        wanted = f"sample_fmts=s16:sample_rates={RATE}:channel_layouts={_LAYOUTS[self._channels]}"
        graph.link_nodes(source, graph.add("aformat", wanted), graph.add("abuffersink")).configure()
        return graph

    def _pulled(self, graph: Graph) -> Iterator[memoryview]:
        while True:
            try:
                frame: Any = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            self._given += frame.samples
            yield memoryview(frame.planes[0])[: frame.samples * self.sample_bytes]


def is_plausible(frame: AudioFrame) -> bool:
    """Whether a frame is one of a real recording."""
    return frame.samples > 0 and MIN_RATE <= frame.sample_rate <= MAX_RATE and frame.layout.nb_channels > 0


def _folded(frame: AudioFrame) -> AudioFrame:
    """Return a frame of many channels without a known layout as mono.

    FFmpeg would take them for a surround layout by their number, and leave the fourth of six out as a subwoofer.
    """
    count = frame.layout.nb_channels
    if count <= 2 or "channels" not in frame.layout.name:
        return frame
    samples = frame.to_ndarray()
    by_channel = samples if frame.format.is_planar else samples.reshape(-1, count).T
    mono = np.clip(_as_float(by_channel).sum(axis=0, dtype=np.float32) / np.sqrt(count, dtype=np.float32), -1, 1)
    folded = AudioFrame.from_ndarray(mono.reshape(1, -1).astype(np.float32), format="fltp", layout="mono")
    folded.sample_rate = frame.sample_rate
    return folded


def _as_float(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if samples.dtype.kind == "f":
        return samples
    zero = 128 if samples.dtype == np.uint8 else 0
    full = 128 if samples.dtype == np.uint8 else -float(np.iinfo(samples.dtype).min)
    return (samples.astype(np.float32) - zero) / full
