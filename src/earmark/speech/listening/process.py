"""The listening process: samples on stdin, a JSON line for each finished chunk on stdout.

Run as `python -m earmark.speech.listening --engine NAME --models-dir DIR`. Its stdin is a JSON line
`{"channels": 1, "duration_ms": null, "rate": 16000}`, then interleaved little-endian 16-bit samples.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final

from earmark.errors import EarmarkError
from earmark.speech.listening.engines import ENGINES, load_engine, supports
from earmark.speech.listening.errors import LanguageNotSupportedError, NoSoundError
from earmark.speech.listening.listener import HeardChunk, Listener
from earmark.speech.listening.messages import (
    HEADER_BYTES,
    ChunkHeard,
    Ended,
    Header,
    Problem,
    Progress,
    Utterance,
    parse_header,
)
from earmark.speech.listening.sessions import open_session
from earmark.speech.weights import VOICE_ACTIVITY, find_voice_activity, read_weight

_BLOCK_BYTES: Final = 1 << 16
"""Two seconds of one channel: so much is read and looked at between two chunks."""
_PROGRESS_S: Final = 1.5
_HELD_MS: Final = 30_000
"""After so much audio, words that were held back are let go if they are clear."""
_NICENESS: Final = 19
_VOCABULARY_BYTES: Final = 1 << 20
_NOT_UNDERSTOOD: Final = "The speech is in a language that the engine does not know, or too unclear for it."
_KINDS: Final = {ChunkHeard: "chunk", Ended: "end", Problem: "problem", Progress: "progress"}


class Writer:
    """Writes messages as lines of JSON, and progress when nothing else was written for a while.

    A thread writes the progress: the engine may be busy with one chunk, or wait for the decoder, for long.
    """

    def __init__(self, output: BinaryIO, heard_until_ms: int) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._wrote = threading.Event()
        self.heard_until_ms = heard_until_ms
        self.looked_until_ms = heard_until_ms
        self._is_closed = False
        self._reporter = threading.Thread(target=self._report, daemon=True)
        self._reporter.start()

    def write(self, message: ChunkHeard | Ended | Problem | Progress) -> None:
        """Write a message and flush. Ends the process if nobody reads any more."""
        line = json.dumps({_KINDS[type(message)]: asdict(message)}, ensure_ascii=False) + "\n"
        try:
            with self._lock:
                self._output.write(line.encode(errors="replace"))
                self._output.flush()
        except (BrokenPipeError, ValueError):
            os._exit(1)
        self._wrote.set()

    def close(self) -> None:
        """Stop writing: a thread that writes while the interpreter ends would abort it."""
        self._is_closed = True
        self._wrote.set()
        self._reporter.join()

    def _report(self) -> None:
        while not self._is_closed:
            if not self._wrote.wait(_PROGRESS_S):
                self.write(Progress(self.heard_until_ms, self.looked_until_ms))
            self._wrote.clear()


class Run:
    """One transcription: chunks are held back until it is known that the engine understands the language.

    Args:
        stored_fd: where a byte arrives when a chunk is stored, before the next one is written; None: nobody says so.
    """

    def __init__(self, listener: Listener, writer: Writer, channels: int, stored_fd: int | None = None) -> None:
        self._listener = listener
        self._writer = writer
        self._channels = channels
        self._stored_fd = stored_fd
        self._held: list[HeardChunk] = []

    def feed(self, pcm: bytes) -> None:
        """Transcribe samples.

        Raises: LanguageNotSupportedError.
        """
        self._take(self._listener.feed(pcm))
        self._writer.looked_until_ms = self._listener.looked_until_ms
        if self._held and self._listener.looked_until_ms - self._held[0].end_ms > _HELD_MS:
            self._listener.judge.trust_early()
            if self._listener.judge.verdict:
                self._release()
        if not self._held:
            self._writer.heard_until_ms = self._listener.heard_until_ms

    def finish(self) -> None:
        """Transcribe what is left.

        Raises: LanguageNotSupportedError.
        """
        self._take(self._listener.finish())
        self._listener.judge.finish()
        self._release()
        self._writer.write(Ended(self._listener.heard_until_ms, self._listener.speech_ms, self._listener.language))

    def _take(self, chunks: Iterator[HeardChunk]) -> None:
        for chunk in chunks:
            self._held.append(chunk)
            if self._listener.judge.verdict is not None:
                self._release()

    def _release(self) -> None:
        if not self._listener.judge.verdict:
            raise LanguageNotSupportedError(_NOT_UNDERSTOOD)
        for chunk in self._held:
            segments = tuple(
                Utterance(
                    one.start_ms,
                    one.end_ms,
                    one.text,
                    f"channel-{one.channel}" if self._channels > 1 else None,
                    None if one.confidence is None else round(one.confidence, 3),
                )
                for one in chunk.segments
            )
            self._writer.heard_until_ms = chunk.end_ms
            self._writer.write(ChunkHeard(chunk.start_ms, chunk.end_ms, chunk.end_ms, chunk.language, segments))
            if self._stored_fd is not None and not os.read(self._stored_fd, 1):
                os._exit(1)  # nobody reads any more
        self._held = []


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m earmark.speech.listening")
    parser.add_argument("--engine", required=True)
    parser.add_argument("--models-dir", type=Path)
    parser.add_argument("--voice-dir", type=Path, help="of the voice activity model; default: --models-dir")
    parser.add_argument("--language")
    parser.add_argument("--start-ms", type=int, default=0)
    parser.add_argument("--is-understood", action="store_true", help="an earlier run found so")
    parser.add_argument("--vocabulary-fd", type=int)
    parser.add_argument("--stored-fd", type=int, help="where a byte arrives when a chunk is stored")
    parser.add_argument("--channels", type=int, help="of the samples on stdin, which then have no header")
    return parser.parse_args(arguments)


def _read_vocabulary(descriptor: int | None) -> list[str]:
    """Read a JSON list of terms; the descriptor keeps them out of the process's arguments, which others see."""
    if descriptor is None:
        return []
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        terms = json.loads(file.read(_VOCABULARY_BYTES) or b"[]")
    return [str(term) for term in terms]


def _read_header(samples: BinaryIO) -> Header:
    line = samples.readline(HEADER_BYTES)
    if not line:
        raise NoSoundError("The audio could not be decoded.")
    return parse_header(line)


def _listen(arguments: argparse.Namespace, samples: BinaryIO, writer: Writer) -> None:
    if arguments.engine in ENGINES and not supports(arguments.engine, arguments.language):
        raise LanguageNotSupportedError(_NOT_UNDERSTOOD)
    header = Header(arguments.channels, None) if arguments.channels else _read_header(samples)
    engine = load_engine(arguments.engine, arguments.models_dir, _read_vocabulary(arguments.vocabulary_fd))
    voice_dir = arguments.voice_dir or arguments.models_dir
    voice_activity = open_session(read_weight(find_voice_activity(voice_dir), VOICE_ACTIVITY))
    listener = Listener(
        engine,
        voice_activity,
        channels=header.channels,
        start_ms=arguments.start_ms,
        language=arguments.language,
        is_understood=arguments.is_understood,
    )
    run = Run(listener, writer, header.channels, arguments.stored_fd)
    while block := samples.read(_BLOCK_BYTES):
        run.feed(block)
    run.finish()


def main(arguments: Sequence[str]) -> int:
    """Transcribe stdin to stdout; return the exit status: 0, or 1 after a problem."""
    options = _parse(arguments)
    os.nice(_NICENESS)
    writer = Writer(sys.stdout.buffer, options.start_ms)
    try:
        _listen(options, sys.stdin.buffer, writer)
    except EarmarkError as error:
        writer.write(Problem(str(getattr(error, "reason", "engine_crashed")), error.message))
        return 1
    finally:
        writer.close()
    return 0
