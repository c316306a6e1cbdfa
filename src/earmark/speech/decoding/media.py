"""Opens a file's best audio stream and reads its frames, past what is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NoReturn, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import Flags, InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition

from earmark.speech.decoding.conversion import is_plausible
from earmark.speech.decoding.formats import (
    DECODERS,
    DEMUXERS,
    ESTIMATED,
    container_name,
    ends_inside_ogg_page,
    ends_inside_wav_data,
    head_of,
    looks_like_media,
)
from earmark.speech.decoding.source import Source
from earmark.speech.decoding.types import Probe, UndecodableError

_OPTIONS: Final = {
    "format_whitelist": DEMUXERS,
    "codec_whitelist": ",".join(sorted(DECODERS)),
    "protocol_whitelist": "none",
    "max_streams": "100",
    "probesize": str(4 << 20),
}
_GEN_PTS: Final = int(cast("int", Flags.gen_pts.value))
_READ_FAILURES: Final = 100
"""Failures to read one after the other, after which the rest of the file is given up."""
_MAX_CLAIM_S: Final = 1_000 * 3600
_LOWEST_BIT_RATE: Final = 100
"""No codec stores a second of anything, even of silence, in fewer bits: a header that says so is wrong."""
_SLACK_S: Final = 0.5
READ_ERRORS: Final = (av.FFmpegError, OSError, ValueError, EOFError)


class Media:
    """An open file. `is_damaged` and `claimed_s` are of interest after the last frame.

    Raises: UndecodableError if no audio stream can be decoded.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._head = head_of(source)
        self._container = self._opened()
        self._stream = self._best_stream()
        self._container.flags &= ~_GEN_PTS  # which would hold packets back until it had guessed
        self.is_damaged = False

    def _opened(self) -> InputContainer:
        if not self._source.size_bytes:
            raise UndecodableError("audio_corrupt")
        try:
            return av.open(self._source, "r", options=_OPTIONS, io_open=_refuse, metadata_errors="replace")
        except READ_ERRORS as error:
            raise UndecodableError("audio_corrupt" if looks_like_media(self._head) else "unsupported_format") from error

    def _best_stream(self) -> AudioStream:
        streams = [one for one in self._container.streams.audio if _is_decodable(one)]
        best: Any = self._container.streams.best("audio")
        if best not in streams:
            best = streams[0] if streams else None
        if best is None:
            raise UndecodableError("unsupported_format")
        for one in self._container.streams:
            if one is not best:
                one.discard = Discard.all
        best.codec_context.thread_count = 1
        return best  # type: ignore[no-any-return]

    @property
    def container(self) -> str:
        """The format's usual name."""
        return container_name(self._demuxer, self._container.metadata.get("major_brand", ""), self._head)

    @property
    def codec(self) -> str:
        """The codec's name."""
        return self._stream.codec_context.codec.canonical_name

    @property
    def _demuxer(self) -> str:
        return self._container.format.name

    def probe(self) -> Probe:
        """Return what the file says of itself."""
        has_video = any(not one.disposition & Disposition.attached_pic for one in self._container.streams.video)
        channels = self._stream.codec_context.channels
        return Probe(self.container, self.codec, self.plausible_ms, channels, has_video)

    @property
    def claimed_s(self) -> float | None:
        """The duration that the header states or that is estimated from it, true or not."""
        duration = self._container.duration
        is_sane = duration is not None and 0 < duration / av.time_base <= _MAX_CLAIM_S
        return duration / av.time_base if duration is not None and is_sane else None

    @property
    def plausible_ms(self) -> int | None:
        """The stated duration, at most what a file of this size can hold."""
        if self.claimed_s is None:
            return None
        context = self._stream.codec_context
        bit_rate = (context.bit_rate or 0) if context.name.startswith("pcm_") else 0
        return int(1000 * min(self.claimed_s, self._source.size_bytes * 8 / max(bit_rate, _LOWEST_BIT_RATE)))

    def is_incomplete(self, decoded_s: float) -> bool:
        """Whether the file ends before it should, after so much of it was decoded; kinds differ in whether they say."""
        if self._demuxer == "ogg":
            return ends_inside_ogg_page(self._source)
        if self._demuxer == "wav":
            return ends_inside_wav_data(self._source)
        stated_s = self._stated_s()
        return stated_s is not None and decoded_s < stated_s - max(_SLACK_S, stated_s / 100)

    def _stated_s(self) -> float | None:
        """The length of the stream itself, if the file states it."""
        has_frame_count = self._demuxer != "mp3" or bool(self._stream.start_time)  # both are in the same header
        if self._demuxer in ESTIMATED or not has_frame_count:
            return None
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return self.claimed_s if len(self._container.streams) == 1 else None

    def is_longer_than(self, max_ms: int) -> bool:
        """Whether the packets of the file last longer, by their own account; nothing is decoded.

        Reads on from where the file was read to: for a `Media` that nothing else is asked of.
        """
        left_s = max_ms / 1000
        for packet in self._packets():
            if packet.duration and packet.time_base:
                left_s -= float(packet.duration * packet.time_base)
                if left_s < 0:
                    return True
        return False

    def frames(self) -> Iterator[tuple[AudioFrame, float | None]]:
        """Yield each frame that can be decoded, with its time in seconds from the beginning of the file."""
        start_s = None if self._container.start_time is None else self._container.start_time / av.time_base
        is_begun = False
        for packet in self._packets():
            try:
                decoded = packet.decode()
            except av.EOFError:
                return
            except READ_ERRORS:
                self.is_damaged |= is_begun  # a stream may start in the middle of a frame
                continue
            for frame in decoded:
                if not is_plausible(frame):
                    continue
                at_s = _time_of(frame)
                start_s = at_s if start_s is None else start_s
                is_begun = True
                yield frame, None if at_s is None or start_s is None else at_s - start_s

    def _packets(self) -> Iterator[Packet[AudioStream]]:
        failures = 0
        while failures < _READ_FAILURES:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
            except READ_ERRORS:
                failures += 1
                self.is_damaged = True
            else:
                return


def _is_decodable(stream: AudioStream) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in DECODERS


def _time_of(frame: AudioFrame) -> float | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """Refuse what a file asks to open beside itself."""
    raise PermissionError("a media file may open nothing else")
