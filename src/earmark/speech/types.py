"""Values of transcribing: what is asked, what an engine says while it listens, and how far it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from typing import Final, Literal, Protocol, get_args

from earmark.media.store import StoredFile
from earmark.transcripts.types import Segment

ProviderName = Literal["whisper", "deepgram", "assemblyai", "elevenlabs"]
PROVIDERS: Final[tuple[ProviderName, ...]] = get_args(ProviderName)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of a transcription; None: as the server chooses."""

    language: str | None = None
    provider: ProviderName | None = None
    diarization: bool = True
    vocabulary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What an engine is to do: listen to a file from a time on.

    `vocabulary`: terms that may be said. An engine ignores what it can't do of `diarization` and `vocabulary`.
    `sent`: what the engine said last of all, if it was a `Sent`.
    `is_understood`: whether an earlier run already found words; what is left may be too little to tell a language by.
    """

    language: str | None
    diarization: bool
    vocabulary: tuple[str, ...]
    start_ms: int
    max_ms: int
    sent: Sent | None = None
    is_understood: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A vendor works on a part of the audio: all that a later run needs to get its words without sending it again.

    Args:
        vendor_id: the vendor's, also of the copy that it keeps.
        start_ms: from the start of the audio, as `end_ms`.
        decoded_ms: the length of the audio, if this is its last part.
        is_partial: whether some of the audio could not be read; known with the last part.
    """

    vendor_id: str
    start_ms: int
    end_ms: int
    decoded_ms: int | None = None
    is_partial: bool = False

    def write(self) -> str:
        """Return it as text, to be stored."""
        return json.dumps(asdict(self))

    @staticmethod
    def read(text: str) -> Sent:
        """Return what `write` wrote."""
        return Sent(**json.loads(text))


@dataclass(frozen=True, slots=True)
class HeardChunk:
    """A part of the audio that was heard, whole: its segments in time order, perhaps none.

    `heard_until_ms`: from there a run that begins again goes on. Times are from the start of the audio.
    `duration_ms`: the length of the audio as its file says it, if it does.
    `copy_id`: the vendor keeps a copy under this id, which is to be deleted there.
    """

    start_ms: int
    end_ms: int
    heard_until_ms: int
    language: str | None
    segments: tuple[Segment, ...]
    duration_ms: int | None = None
    copy_id: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Nothing was said up to here."""

    heard_until_ms: int
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """All of the audio was heard. `decoded_ms` is its length; `is_partial` if some of it could not be read."""

    heard_until_ms: int
    decoded_ms: int
    is_partial: bool = False


Heard = Sent | HeardChunk | Progress | End


class Hearing(Protocol):
    """What makes words of audio: a model on this machine, or a vendor.

    The last thing it says is an `End`. Leaving the block stops it within a second. Raises: HearingError.
    """

    def hear(self, file: StoredFile, task: Task) -> AbstractAsyncContextManager[AsyncIterator[Heard]]:
        """Listen to a file, and yield what is heard as soon as it is."""


class Copies(Protocol):
    """The copies that a vendor keeps of what it was sent."""

    async def delete(self, copy_id: str) -> None:
        """Delete a copy; one that is not there is no error. Raises: HearingError."""


@dataclass(frozen=True, slots=True)
class State:
    """A running transcription: what was asked and how far it is. `decoded_ms` is None until all of it is heard.

    `sent`: the last `Sent` as text, until its words are heard.
    """

    transcription_id: str
    media_id: str
    job_id: str
    diarization: int
    vocabulary_json: str | None
    language: str | None
    heard_until_ms: int
    progress: float
    decoded_ms: int | None
    is_partial: int
    sent: str | None
