"""Values of processing, and the functions of other rooms that it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from earmark.storage.tenant import Tenant

Level = Literal["default", "project", "end_user"]
MERGE_STRATEGY: Final = "merge_deep"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the configuration.

    Args:
        defaults: every key with the value that it has where no level sets it.
        levels: who may set it, in the order in which a later one wins.
    """

    name: str
    description: str
    defaults: Mapping[str, Any]
    levels: tuple[Level, ...] = ("project", "end_user")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A section as it is in force: `source` is the nearest level that sets anything of it."""

    section: Section
    value: Mapping[str, Any]
    source: Level


RetentionKind = Literal["audio", "transcript", "session"]


@dataclass(frozen=True, slots=True)
class Expired:
    """What is past its time: a medium, a transcription or a session.

    `since_us` is what its time is counted from, `days` how many of them it had.
    """

    kind: RetentionKind
    id: str
    end_user_id: str
    recording_id: str | None
    since_us: int
    days: int


class StartTranscription(Protocol):
    """Starts the transcription of a recording's audio, as if its owner had asked for it."""

    async def __call__(self, work: Tenant, recording_id: str, /) -> None:
        """Enqueue the transcription in the caller's unit of work.

        `work` is project-wide, and its key has no project id. Nothing slow may be done: the unit of work holds a
        database transaction, and commits together with the success of the job that called.

        Raises: EarmarkError if it can't be started; nothing is changed then.
        """
        ...


class StartSummary(Protocol):
    """Starts the summary of a transcription, as if its owner had asked for it."""

    async def __call__(self, work: Tenant, transcription_id: str, template_id: str, /) -> None:
        """Enqueue the summary in the caller's unit of work; see `StartTranscription`."""
        ...


@dataclass(frozen=True, slots=True)
class Starts:
    """What automatic processing can start; None where this installation has no such work."""

    transcription: StartTranscription | None = None
    summary: StartSummary | None = None
