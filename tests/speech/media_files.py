"""Media files for tests, and what comes out of them."""

from __future__ import annotations

import wave
from collections.abc import Awaitable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from earmark.speech.decoding.process import decoding
from earmark.speech.decoding.types import Header, Report, UndecodableError

MAX_MS = 24 * 3_600_000
DURATION_MS = 6_000
TONES_MS = ((1_000, 1_500), (3_250, 3_400), (5_000, 5_750))
"""When the tone of `tones` sounds."""


class Kind(NamedTuple):
    """A container with a codec, as FFmpeg names them."""

    name: str
    muxer: str
    codec: str
    container: str
    rate: int = 44_100


KINDS = {
    one.name: one
    for one in (
        Kind("wav", "wav", "pcm_s16le", "wav"),
        Kind("wav-8k-mulaw", "wav", "pcm_mulaw", "wav", 8_000),
        Kind("wav-16k", "wav", "pcm_s16le", "wav", 16_000),
        Kind("wav-float", "wav", "pcm_f32le", "wav", 48_000),
        Kind("w64", "w64", "pcm_s24le", "w64"),
        Kind("mp3", "mp3", "libmp3lame", "mp3"),
        Kind("mp2", "mp2", "mp2", "mp3"),
        Kind("m4a", "ipod", "aac", "m4a"),
        Kind("m4a-alac", "ipod", "alac", "m4a"),
        Kind("mp4", "mp4", "aac", "mp4"),
        Kind("mov", "mov", "pcm_s16le", "mov"),
        Kind("3gp", "3gp", "libopencore_amrnb", "3gp", 8_000),
        Kind("flac", "flac", "flac", "flac"),
        Kind("webm", "webm", "libopus", "webm", 48_000),
        Kind("ogg-opus", "ogg", "libopus", "ogg", 48_000),
        Kind("ogg-flac", "ogg", "flac", "ogg"),
        Kind("mkv", "matroska", "aac", "matroska"),
        Kind("aiff", "aiff", "pcm_s16be", "aiff"),
        Kind("au", "au", "pcm_mulaw", "au", 8_000),
        Kind("amr", "amr", "libopencore_amrnb", "amr", 8_000),
        Kind("aac", "adts", "aac", "aac"),
        Kind("mpegts", "mpegts", "aac", "mpegts"),
        Kind("mpeg", "mpeg", "mp2", "mpeg"),
        Kind("avi", "avi", "libmp3lame", "avi"),
        Kind("flv", "flv", "libmp3lame", "flv"),
        Kind("caf", "caf", "alac", "caf"),
        Kind("wv", "wv", "wavpack", "wv"),
        Kind("tta", "tta", "tta", "tta"),
        Kind("wma", "asf", "wmav2", "asf"),
    )
}
LENGTHS_OF_THEMSELVES = (
    "wav", "wav-16k", "mp3", "m4a", "mp4", "mov", "3gp", "flac", "mkv", "aiff", "au", "caf", "tta", "webm", "wma"
)  # fmt: skip
"""Kinds that say how long they are, so that one that ends early is noticed."""


def tones(rate: int, duration_ms: int = DURATION_MS, at: tuple[tuple[int, int], ...] = TONES_MS) -> Any:
    """Return a tone of 440 Hz that sounds at some times. Shapes: (1, samples), from -1 to 1."""
    time_ms = np.arange(rate * duration_ms // 1000) * 1000 / rate
    sounds = sum(((time_ms >= start) & (time_ms < end)).astype(np.float32) for start, end in at)
    return (0.5 * np.sin(2 * np.pi * 0.44 * time_ms) * sounds).astype(np.float32)[None]


def write(path: Path, kind: Kind, samples: Any | None = None, *, layout: str = "mono", at_ms: int = 0) -> Path:
    """Encode samples, which begin at a time of the file."""
    samples = tones(kind.rate) if samples is None else samples
    with av.open(str(path), "w", format=kind.muxer) as file:
        options = {"strict": "experimental"}
        stream = file.add_stream(kind.codec, rate=kind.rate, layout=layout, options=options)
        if kind.codec == "wmav2":
            stream.bit_rate = 96_000
        encode(file, stream, samples, at_ms)
        file.mux(stream.encode(None))
    return path


def encode(file: Any, stream: Any, samples: Any, at_ms: int) -> None:
    """Encode samples that begin at a time of the file."""
    rate, layout = stream.codec_context.sample_rate, stream.codec_context.layout.name
    for start in range(0, samples.shape[1], 1024):
        piece = np.ascontiguousarray(samples[:, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = start + at_ms * rate // 1000
        file.mux(stream.encode(frame))


def write_wav(path: Path, samples: Any, rate: int = 16_000) -> Path:
    """Write 16-bit WAV without FFmpeg. Shapes: (channels, samples), from -1 to 1."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.T * 32767).astype("<i2").tobytes())
    return path


class Decoded(NamedTuple):
    """Shapes: `pcm` (samples, channels)."""

    header: Header
    report: Report
    pcm: Any


async def decoded(path: Path, **options: Any) -> Decoded:
    """Decode a whole file."""
    with path.open("rb") as file:
        async with decoding(file, **{"max_ms": MAX_MS, **options}) as stream:
            found = [piece async for piece in pieces(stream)]
            report = await stream.report()
            pcm = np.frombuffer(b"".join(found), dtype="<i2").reshape(-1, stream.header.channels)
            return Decoded(stream.header, report, pcm)


async def pieces(stream: Any) -> Any:
    """Yield what is left of a stream."""
    while piece := await stream.read():
        yield piece


async def undecodable(work: Awaitable[Any]) -> str | None:
    """Return why work on a file failed; None if it didn't."""
    try:
        await work
    except UndecodableError as error:
        return error.problem
    return None


async def problem_of(path: Path) -> str | None:
    """Return why nothing of a file can be decoded; None if something can."""
    return await undecodable(decoded(path))


def sounding_ms(pcm: Any) -> list[tuple[float, float]]:
    """Return when a channel is loud: the starts and ends, which pauses of 50 ms divide."""
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 3_000) / 16
    breaks = np.flatnonzero(np.diff(loud) > 50)
    starts = np.concatenate([loud[:1], loud[breaks + 1]])
    return list(zip(starts.tolist(), np.concatenate([loud[breaks], loud[-1:]]).tolist(), strict=True))
