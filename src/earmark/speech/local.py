"""Engines on this machine: one child process decodes the audio, another one makes words of it.

The samples go from the one to the other and not through the server. Both are killed when nobody listens any more.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from earmark.media.store import StoredFile
from earmark.speech.decoding.process import DecodedStream, decoding
from earmark.speech.decoding.types import DecoderKilledError, Report, UndecodableError
from earmark.speech.errors import NOT_INSTALLED, HearingError
from earmark.speech.listening import errors, messages
from earmark.speech.listening.client import listening
from earmark.speech.listening.engines import load_engine
from earmark.speech.types import End, Heard, HeardChunk, Progress, Task
from earmark.speech.weights import VOICE_ACTIVITY, find_voice_activity, read_weight
from earmark.transcripts.types import Segment

_USEFUL_MS: Final = 1_000
"""So much of a damaged file is worth a transcript."""
STALL_S: Final = 600.0
"""So long neither process may move. Half a minute of audio takes two seconds, but both give way to all others."""
_Message = messages.ChunkHeard | messages.Progress | messages.Ended


class LocalHearing:
    """An engine that listens in a process of its own.

    Args:
        engine: its name among the engines of `listening`.
        models_dir: the folder of its model; None: the one that is installed.
        voice_dir: the folder of the voice activity model; None: `models_dir`.
        stall_s: after so long without a step forward it counts as crashed.
    """

    def __init__(
        self, engine: str, models_dir: Path | None = None, *, voice_dir: Path | None = None, stall_s: float = STALL_S
    ) -> None:
        self._engine = engine
        self._models_dir = models_dir
        self._voice_dir = voice_dir
        self._stall_s = stall_s

    def check(self) -> None:
        """Load the engine, to see whether it is all there; blocks for about a second.

        Raises: SpeechUnavailableError.
        """
        if importlib.util.find_spec("av") is None:
            raise errors.SpeechUnavailableError("The package av, which decodes audio, is missing. Run `make install`.")
        load_engine(self._engine, self._models_dir)
        read_weight(find_voice_activity(self._voice_dir or self._models_dir), VOICE_ACTIVITY)

    @asynccontextmanager
    async def hear(self, file: StoredFile, task: Task) -> AsyncIterator[AsyncIterator[Heard]]:
        """Decode a file and listen to it; leaving the block kills both processes.

        Raises: HearingError.
        """
        with _named():
            async with decoding(
                file, skip_ms=task.start_ms, max_ms=task.max_ms, begin_s=self._stall_s,
                refuses_long=not task.start_ms,
            ) as decoded, listening(
                decoded.stdout_fd, self._engine, models_dir=self._models_dir, voice_dir=self._voice_dir,
                language=task.language, start_ms=task.start_ms, vocabulary=task.vocabulary,
                channels=decoded.header.channels, is_understood=task.is_understood,
            ) as heard:  # fmt: skip
                decoded.close_stdout()
                yield _translate(_moving(heard, decoded, self._stall_s), decoded, self._stall_s)


@contextmanager
def _named() -> Iterator[None]:
    """Give what can go wrong in the two processes the code that a failed transcription has."""
    try:
        yield
    except UndecodableError as error:
        raise HearingError(error.problem) from error
    except errors.LanguageNotSupportedError as error:
        raise HearingError("language_not_supported") from error
    except errors.NoSoundError as error:
        raise HearingError("audio_corrupt") from error
    except (errors.EngineCrashedError, DecoderKilledError) as error:
        raise HearingError("engine_crashed", is_temporary=True) from error
    except errors.SpeechUnavailableError as error:
        raise HearingError(NOT_INSTALLED) from error


@asynccontextmanager
async def _within(most_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(most_s):
            yield
    except TimeoutError as error:
        raise errors.EngineCrashedError("The speech engine made no progress.") from error


async def _moving(heard: AsyncIterator[_Message], decoded: DecodedStream, stall_s: float) -> AsyncIterator[_Message]:
    """Yield what the engine says; a chunk, samples that were read, and samples that were decoded are steps forward.

    Raises: EngineCrashedError if there is none for `stall_s`, not counting what the reader takes.
    """
    loop = asyncio.get_running_loop()
    seen: tuple[int, int] | None = None
    left_s = stall_s
    while True:
        began_s = loop.time()
        async with _within(left_s):
            one = await anext(heard, None)
        if one is None:
            return
        where = (one.looked_until_ms if isinstance(one, messages.Progress) else one.heard_until_ms, decoded.decoded_ms)
        is_moved = where != seen or not isinstance(one, messages.Progress)
        left_s = stall_s if is_moved else left_s - (loop.time() - began_s)
        seen = where
        yield one


async def _translate(heard: AsyncIterator[_Message], decoded: DecodedStream, stall_s: float) -> AsyncIterator[Heard]:
    """Yield what the engine says, and at the end what became of the file."""
    length_ms = decoded.header.duration_ms
    with _named():
        async for one in heard:
            if isinstance(one, messages.ChunkHeard):
                segments = tuple(Segment(each.start_ms, each.end_ms, each.text, each.speaker, each.confidence)
                                 for each in one.segments)  # fmt: skip
                yield HeardChunk(one.start_ms, one.end_ms, one.heard_until_ms, one.language, segments, length_ms)
            elif isinstance(one, messages.Progress):
                yield Progress(one.heard_until_ms, length_ms)
            else:
                async with _within(stall_s):
                    report = await decoded.report()
                yield end_of(report, one.heard_until_ms)


def end_of(report: Report, heard_until_ms: int) -> End:
    """Return the end of a file that could be read, perhaps not to its end.

    Raises: HearingError.
    """
    is_useless = report.problem is not None and report.decoded_ms < _USEFUL_MS
    if report.problem is not None and (is_useless or report.problem == "audio_too_long"):
        raise HearingError(report.problem)
    return End(heard_until_ms, report.decoded_ms, report.is_partial)
