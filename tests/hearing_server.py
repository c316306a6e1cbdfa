"""A server whose engines follow scripts: `python -m tests.hearing_server`, otherwise `earmark`.

What is uploaded as audio is the script (`scripted_engine.py`), which a child process carries out.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from earmark.config import Settings
from earmark.media.store import StoredFile
from earmark.speech import engines
from earmark.speech.engines import Engine
from earmark.speech.errors import HearingError
from earmark.speech.types import End, Heard, HeardChunk, Task
from earmark.transcripts.types import Segment
from tests import slow_server
from tests.scripted_engine import AUDIO_START

CHILD = [sys.executable, "-I", "-S", str(Path(__file__).parent / "scripted_engine.py")]


class ScriptedHearing:
    """An engine whose child process says what the "audio" says."""

    @asynccontextmanager
    async def hear(self, file: StoredFile, task: Task) -> AsyncIterator[AsyncIterator[Heard]]:
        """Start the child, and kill it at the end."""
        script = (await file.read(0, file.size_bytes)).removeprefix(AUDIO_START)
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*CHILD, str(task.start_ms), stdin=pipe, stdout=pipe)
        try:
            assert child.stdin is not None
            child.stdin.write(script + b"\n")
            yield _read(child)
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def _read(child: asyncio.subprocess.Process) -> AsyncIterator[Heard]:
    assert child.stdout is not None
    assert child.stdin is not None
    async for line in child.stdout:
        (kind, said), *_ = json.loads(line).items()
        if kind == "problem":
            raise HearingError(said["code"])
        if kind == "end":
            yield End(**said)
        else:
            segments = tuple(Segment(**one) for one in said.pop("segments"))
            yield HeardChunk(**said, segments=segments)
            child.stdin.write(b"\n")  # the next is asked for: this one is stored
    if await child.wait() != 0:
        raise HearingError("engine_crashed", is_temporary=True)


def scripted_engines(settings: Settings) -> list[Engine]:
    """Return what stands for the engines of a machine, and for a vendor's."""
    hearing = ScriptedHearing()
    return [
        Engine("moonshine-tiny-en", hearing, languages=("en",)),
        Engine("deepgram/nova", hearing, provider="deepgram", diarization=True, kind="vendor"),
    ]


engines.local_engines = scripted_engines
if __name__ == "__main__":
    slow_server.main()
