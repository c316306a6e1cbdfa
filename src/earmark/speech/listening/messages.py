"""The lines that the listening process writes, and the header that it reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from earmark.speech.listening.engine import RATE
from earmark.speech.listening.errors import EngineCrashedError, NoSoundError

HEADER_BYTES: Final = 4_096
"""The header's line at most."""
LINE_BYTES: Final = 1 << 20
"""A line of the process at most: half a minute of speech has a few kilobytes."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the samples are."""

    channels: int
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A segment as the process reports it; times count from the start of the recording."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class ChunkHeard:
    """A finished chunk: everything before `heard_until_ms` is final, and a later run may start there."""

    start_ms: int
    end_ms: int
    heard_until_ms: int
    language: str | None
    segments: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the process has come, without a new chunk.

    `looked_until_ms`: the audio before it was read. It moves while chunks are held back, too: if it does not, nothing
    does.
    """

    heard_until_ms: int
    looked_until_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the stream: how much of it was speech."""

    heard_until_ms: int
    speech_ms: int
    language: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the process gave up."""

    code: str
    message: str


Message = ChunkHeard | Progress | Ended | Problem


def parse_header(line: bytes) -> Header:
    """Read the decoder's header.

    Raises: NoSoundError if it isn't one, or describes other samples than 16 kHz in one or two channels.
    """
    try:
        header = json.loads(line)
        channels, rate, duration_ms = header["channels"], header["rate"], header.get("duration_ms")
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise NoSoundError("The audio could not be decoded.") from error
    if channels not in (1, 2) or rate != RATE or not (duration_ms is None or _is_time(duration_ms)):
        raise NoSoundError("The decoded audio must have one or two channels at 16,000 samples a second.")
    return Header(int(channels), duration_ms)


def parse_line(line: bytes) -> Message:
    """Read a line of the process.

    Raises: EngineCrashedError if it is none of the known messages.
    """
    try:
        content = json.loads(line)
        (kind, fields), *others = content.items()
        if not others:
            return _READERS[kind](fields)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise EngineCrashedError("The speech engine's process wrote an invalid line.") from error
    raise EngineCrashedError("The speech engine's process wrote an invalid line.")


def _read_chunk(fields: Mapping[str, Any]) -> ChunkHeard:
    segments = tuple(_read_utterance(one) for one in fields["segments"])
    times = [_time(fields[name]) for name in ("start_ms", "end_ms", "heard_until_ms")]
    return ChunkHeard(times[0], times[1], times[2], _text(fields["language"]), segments)


def _read_utterance(fields: Mapping[str, Any]) -> Utterance:
    start_ms, end_ms, text = _time(fields["start_ms"]), _time(fields["end_ms"]), _text(fields["text"])
    if text is None or end_ms < start_ms:
        raise ValueError("a segment has text, and ends after it starts")
    return Utterance(start_ms, end_ms, text, _text(fields["speaker"]), _share(fields["confidence"]))


def _read_end(fields: Mapping[str, Any]) -> Ended:
    return Ended(_time(fields["heard_until_ms"]), _time(fields["speech_ms"]), _text(fields["language"]))


def _read_progress(fields: Mapping[str, Any]) -> Progress:
    return Progress(_time(fields["heard_until_ms"]), _time(fields["looked_until_ms"]))


def _read_problem(fields: Mapping[str, Any]) -> Problem:
    return Problem(str(fields["code"]), str(fields["message"]))


_READERS: Final[dict[str, Callable[[Mapping[str, Any]], Message]]] = {
    "chunk": _read_chunk,
    "end": _read_end,
    "progress": _read_progress,
    "problem": _read_problem,
}


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _time(value: object) -> int:
    if not isinstance(value, int) or not _is_time(value):
        raise ValueError("a time is a number of milliseconds")
    return value


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("a text is a string")
    return value


def _share(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a confidence is from 0 to 1")
    return float(value)
