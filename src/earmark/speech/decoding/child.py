"""Decodes one file from beginning to end: frames are placed in time, converted and sent."""

from __future__ import annotations

from collections.abc import Iterator

# PyAV imports these on first use, when this process can open no files any more.
import av.audio.codeccontext
import av.audio.stream
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream  # noqa: F401
from av.audio.frame import AudioFrame

from earmark.speech.decoding.conversion import CONVERSION_ERRORS, Converter
from earmark.speech.decoding.media import Media
from earmark.speech.decoding.sending import Sender, TooLongError, write_line
from earmark.speech.decoding.source import Source
from earmark.speech.decoding.timeline import Timeline
from earmark.speech.decoding.types import RATE, Problem, Report, UndecodableError

_STDOUT = 1
Timed = tuple[AudioFrame, float | None]


def decode(fd: int, report_fd: int, *, skip_ms: int, max_ms: int, refuses_long: bool = False) -> None:
    """Write the header and the samples to standard output, and the report to `report_fd`.

    Args:
        refuses_long: give nothing of a file that states, and by its packets has, more than `max_ms`.

    Raises: BrokenPipeError if nobody reads any more.
    """
    try:
        media = Media(Source(fd))
    except UndecodableError as error:
        write_line(report_fd, Report(0, False, error.problem, "", "")._asdict())
        return
    if refuses_long and (media.plausible_ms or 0) > max_ms and Media(Source(fd)).is_longer_than(max_ms):
        write_line(report_fd, Report(0, True, "audio_too_long", media.container, media.codec)._asdict())
        return
    write_line(report_fd, _decoded(media, report_fd, skip_ms, max_ms)._asdict())


def probe(fd: int) -> None:
    """Write what a file says of itself, or why it can't be decoded, to standard output."""
    try:
        write_line(_STDOUT, Media(Source(fd)).probe()._asdict())
    except UndecodableError as error:
        write_line(_STDOUT, {"problem": error.problem})


def _decoded(media: Media, report_fd: int, skip_ms: int, max_ms: int) -> Report:
    run: _Run | None = None
    problem: Problem | None = None
    try:
        for (frame, at_s), next_at_s in _with_next(media.frames()):
            if run is None:
                width = 2 if frame.layout.nb_channels == 2 else 1
                sender = Sender(
                    _STDOUT, report_fd, width=width, duration_ms=media.plausible_ms, skip_ms=skip_ms, max_ms=max_ms
                )  # fmt: skip
                run = _Run(sender, Converter(width), Timeline(media.claimed_s and media.claimed_s * RATE))
            run.take(frame, at_s, next_at_s)
        if run is not None:
            run.end()
    except TooLongError:
        problem = "audio_too_long"
    except MemoryError:
        problem = "audio_corrupt"
    if run is None:
        return Report(0, False, problem or "audio_corrupt", media.container, media.codec)
    run.sender.finish()
    is_partial = bool(problem) or media.is_damaged or run.is_damaged or media.is_incomplete(run.sender.decoded_s)
    return Report(run.sender.decoded_ms, is_partial, problem, media.container, media.codec)


class _Run:
    """The way of frames to the sender."""

    def __init__(self, sender: Sender, converter: Converter, timeline: Timeline) -> None:
        self.sender = sender
        self.is_damaged = False
        self._converter = converter
        self._timeline = timeline
        self._dropped = 0

    def take(self, frame: AudioFrame, at_s: float | None, next_at_s: float | None) -> None:
        """Convert and send a frame at its time."""
        length = frame.samples * RATE / frame.sample_rate
        change = self._timeline.place(_samples(at_s), length, _samples(next_at_s))
        if change:
            self.end()
            self.sender.send_silence(max(0, change))
            self._dropped = max(0, -change)
        try:
            pieces = self._converter.convert(frame)
        except CONVERSION_ERRORS:
            self.is_damaged = True
            self._converter.reset()
            self.sender.send_silence(round(length))
        else:
            self._send(pieces)

    def end(self) -> None:
        """Send what the converter holds back."""
        self._send(self._converter.finish())

    def _send(self, pieces: list[memoryview]) -> None:
        for piece in pieces:
            start = min(self._dropped, len(piece) // self._converter.sample_bytes)
            self._dropped -= start
            self.sender.send(piece[start * self._converter.sample_bytes :])


def _samples(at_s: float | None) -> float | None:
    return None if at_s is None else at_s * RATE


def _with_next(frames: Iterator[Timed]) -> Iterator[tuple[Timed, float | None]]:
    """Yield each frame with the time of the next, which is None for the last."""
    held: Timed | None = None
    for one in frames:
        if held is not None:
            yield held, one[1]
        held = one
    if held is not None:
        yield held, None
