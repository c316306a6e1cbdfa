"""What the decoding process and the server exchange: limits, header, report, probe, and why a file can't be decoded."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

RATE: Final = 16_000
"""Samples a second of all PCM."""
SAMPLES_PER_MS: Final = RATE // 1000
SAMPLE_BYTES: Final = 2

Problem = Literal["audio_corrupt", "unsupported_format", "audio_too_long", "not_installed"]
"""Why a file was not decoded, as `HearingError` names it; `not_installed`: this machine lacks a decoder."""


class DecodingLimits(NamedTuple):
    """What one decoding process may take.

    Args:
        memory_bytes: address space.
        base_cpu_s: CPU time of any file, however small.
        cpu_s_per_hour: further CPU time for each hour of `max_ms`; an hour of AAC or MP3 takes about 2.
        cpu_s_per_mib: bound of that further time by the size of the file.
    """

    memory_bytes: int = 1 << 30
    base_cpu_s: int = 60
    cpu_s_per_hour: int = 300
    cpu_s_per_mib: int = 120

    def cpu_s(self, size_bytes: int, max_ms: int) -> int:
        """Return the CPU time for a file of this size."""
        by_time = self.cpu_s_per_hour * max_ms // 3_600_000
        by_size = self.cpu_s_per_mib * ((size_bytes >> 20) + 1)
        return self.base_cpu_s + min(by_time, by_size)


class Header(NamedTuple):
    """The first line of the stream.

    Args:
        channels: 2 where each channel carries a speaker of its own; else 1.
        duration_ms: what the file says about itself, which may be wrong; None if it says nothing.
    """

    channels: int
    duration_ms: int | None
    rate: int


class Report(NamedTuple):
    """How decoding ended.

    Args:
        decoded_ms: the time up to which the file was decoded, from its beginning.
        is_partial: whether some of the file could not be read, or was not because it is too long.
        problem: why decoding ended before the end of the file, or gave nothing; None if it did not.
        container: the file's format; "" if unknown.
        codec: its name; "" if unknown.
    """

    decoded_ms: int
    is_partial: bool
    problem: Problem | None
    container: str
    codec: str


class Probe(NamedTuple):
    """What a file says it contains, without decoding it.

    Args:
        duration_ms: what the file says, or None; see `Header`.
        channels: as stored, before any downmix.
        has_video: whether there are moving pictures beside the sound; a cover image is none.
    """

    container: str
    codec: str
    duration_ms: int | None
    channels: int
    has_video: bool


class DecoderKilledError(Exception):
    """The decoding process was killed, or didn't begin in time: that says nothing of the file."""


class UndecodableError(Exception):
    """A file from which no audio can be decoded.

    Args:
        problem: a code of a failed transcription.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem: Problem = problem
