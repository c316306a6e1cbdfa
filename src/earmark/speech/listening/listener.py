"""Turns a stream of samples into chunks of segments: voice activity, chunks, engine, times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from earmark.speech.listening.chunks import Chunk, Chunker, group_runs
from earmark.speech.listening.engine import Engine, Heard, HeardWord
from earmark.speech.listening.plausible import Judge, is_plausible
from earmark.speech.listening.samples import SampleBuffer
from earmark.speech.listening.sentences import Segment, split_sentences
from earmark.speech.listening.timing import place_words
from earmark.speech.listening.vad import FRAME, FRAME_MS, LEAST_SILENCE, Run, SpeechDetector

_MARGIN: Final = LEAST_SILENCE
"""Frames before and after the speech that the engine hears with it: no other chunk has speech in them."""


@dataclass(frozen=True, slots=True)
class HeardChunk:
    """A chunk's segments in order of start. Times count from the first sample of the recording."""

    start_ms: int
    end_ms: int
    language: str | None
    segments: tuple[Segment, ...]


class Listener:
    """Transcribes one stream, holding at most about half a minute of it.

    Args:
        engine: the loaded model.
        voice_activity: a session of Silero VAD.
        channels: 1 or 2; with 2, each is a speaker.
        start_ms: the time of the first sample.
        language: the requested language, or None.
        is_understood: whether an earlier run found that the engine understands the recording.
    """

    def __init__(
        self, engine: Engine, voice_activity: Any, *, channels: int = 1, start_ms: int = 0,
        language: str | None = None, is_understood: bool = False,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._language = language
        self._start_ms = start_ms
        self._detectors = [SpeechDetector(voice_activity) for _ in range(channels)]
        self._chunker = Chunker(channels)
        self._buffer = SampleBuffer(channels)
        self._looked = 0
        self._last_end = 0
        self.judge = Judge(engine, is_understood=is_understood)
        self.speech_ms = 0
        self._spoken_ms: Counter[str] = Counter()

    @property
    def heard_until_ms(self) -> int:
        """Everything before this is final: a later run may start here."""
        return self._time(self._final_until)

    @property
    def looked_until_ms(self) -> int:
        """Everything before this was looked at."""
        return self._time(self._looked)

    @property
    def language(self) -> str | None:
        """The language that most of the speech so far is in, as the engine says; before any, the requested one."""
        return max(self._spoken_ms, key=self._spoken_ms.__getitem__, default=self._language)

    @property
    def _final_until(self) -> int:
        """In silence, everything is final but the frames that speech may turn out to have begun in."""
        return max(self._last_end, self._chunker.needed_from - _MARGIN)

    def feed(self, pcm: bytes) -> Iterator[HeardChunk]:
        """Take interleaved little-endian 16-bit samples; yield the chunks that they complete."""
        self._buffer.add(pcm)
        yield from self._look()

    def finish(self) -> Iterator[HeardChunk]:
        """Yield what is left at the end of the stream."""
        self._buffer.pad()
        yield from self._look()
        for chunk in self._chunker.finish():
            yield self._hear(chunk)
        self._last_end = self._looked

    def _look(self) -> Iterator[HeardChunk]:
        end = self._buffer.end
        if end == self._looked:
            return
        frames = self._buffer.read(self._looked, end).reshape(len(self._detectors), -1, FRAME)
        for index in range(end - self._looked):
            given = frames[:, index]
            probabilities = [one.probability(frame) for one, frame in zip(self._detectors, given, strict=True)]
            self._looked += 1
            for chunk in self._chunker.push(probabilities, float((given**2).mean())):
                yield self._hear(chunk)
        self._buffer.free(self._final_until)

    def _hear(self, chunk: Chunk) -> HeardChunk:
        segments: list[Segment] = []
        for channel in range(len(self._detectors)):
            own = [run for run in chunk.runs if run.channel == channel]
            for group in group_runs(own):
                segments += self._hear_group(group, chunk)
        self._last_end = chunk.end
        segments.sort(key=lambda segment: (segment.start_ms, segment.channel))
        return HeardChunk(self._time(chunk.start), self._time(chunk.end), self.language, tuple(segments))

    def _hear_group(self, runs: tuple[Run, ...], chunk: Chunk) -> list[Segment]:
        """Transcribe one channel's runs together; if the engine loops, both sides of the longest pause by itself."""
        speech_ms = sum(run.end - run.start for run in runs) * FRAME_MS
        heard = self._transcribe(runs, chunk)
        if heard.is_loop and len(runs) > 1:
            at = max(range(1, len(runs)), key=lambda index: runs[index].start - runs[index - 1].end)
            return self._hear_group(runs[:at], chunk) + self._hear_group(runs[at:], chunk)
        self.speech_ms += speech_ms
        self.judge.take(heard, speech_ms)
        if not is_plausible(heard, speech_ms, self._engine):
            return []
        if heard.language is not None:
            self._spoken_ms[heard.language] += speech_ms
        words = self._timed(heard, runs, chunk)
        return list(split_sentences(words, runs[0].channel, heard.confidence))

    def _transcribe(self, runs: tuple[Run, ...], chunk: Chunk) -> Heard:
        start, end = self._bounds(runs, chunk)
        samples = self._buffer.read(start, end)[runs[0].channel]
        return self._engine.transcribe(samples, self._language)

    def _bounds(self, runs: tuple[Run, ...], chunk: Chunk) -> tuple[int, int]:
        """Return the frames of the runs with their margins, without another chunk's speech."""
        start = max(runs[0].start - _MARGIN, self._last_end, self._buffer.first)
        latest = chunk.end if chunk.is_cut else self._looked
        return start, min(runs[-1].end + _MARGIN, latest)

    def _timed(self, heard: Heard, runs: tuple[Run, ...], chunk: Chunk) -> tuple[HeardWord, ...]:
        if heard.words is None:
            return place_words(heard.text, [(self._time(run.start), self._time(run.end)) for run in runs])
        offset_ms = self._time(self._bounds(runs, chunk)[0])
        return tuple(
            HeardWord(word.text, offset_ms + word.start_ms, offset_ms + word.end_ms, word.confidence)
            for word in heard.words
        )

    def _time(self, frame: int) -> int:
        return self._start_ms + frame * FRAME_MS
