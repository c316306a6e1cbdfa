"""Values of an import."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Literal

from earmark.media.types import folder_of
from earmark.transcripts.types import TranscriptWarning

ImportStatus = Literal["waiting", "running", "completed", "failed"]
Status = Literal["imported", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a folder or an archive. `name` is its path as shown; `open` gives its bytes, again at each call."""

    name: str
    size_bytes: int
    open: Callable[[], AbstractContextManager[BinaryIO]]

    @property
    def base(self) -> str:
        """The name without folders."""
        return self.name.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one recording: its transcript, its audio, or both; `folder` is where its export had it."""

    transcript: File | None
    audio: File | None
    folder: str | None = None

    @property
    def name(self) -> str:
        """The name under which its result is reported."""
        return (self.transcript or self.audio or _NOTHING).name


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person who imports has chosen; None: as the file says.

    `recorded_us` and `recorded_offset_min` belong together.
    """

    name: str | None = None
    recorded_us: int | None = None
    recorded_offset_min: int | None = None
    folder_id: str | None = None
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one recording, or for a file that is none.

    `is_estimated`: its times are, as the file has none. `is_passing`: it failed because of something that passes.
    `is_audio`: it has audio and came without a transcript.
    """

    file: str
    status: Status
    recording_id: str | None = None
    error: str | None = None
    warnings: tuple[TranscriptWarning, ...] = ()
    warnings_total: int = 0
    is_estimated: bool = False
    is_passing: bool = False
    is_audio: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """An upload that becomes recordings. It waits for its bytes, then runs; they are deleted when it has ended.

    `size_bytes` is the announced size until the bytes arrive. `groups_done` of its recordings are done with.
    """

    id: str
    end_user_id: str
    status: ImportStatus
    file_name: str
    folder_id: str | None
    makes_folders: int
    size_bytes: int | None
    sha256: str | None
    error_message: str | None
    progress: float
    groups_done: int
    expires_us: int
    created_us: int
    updated_us: int
    completed_us: int | None

    def folder(self, tenant_id: int) -> str:
        """Return the prefix of the storage key; the end user's prefix is in it, so that erasure reaches the bytes."""
        return folder_of(tenant_id, self.end_user_id, self.id)

    def key(self, tenant_id: int) -> str:
        """Return the storage key of the bytes."""
        return f"{self.folder(tenant_id)}/{self.id}-{self.sha256}"


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of one recording of an import, or of a file that is none."""

    path: str
    status: Status
    recording_id: str | None
    warnings_total: int
    error_message: str | None


def _no_bytes() -> AbstractContextManager[BinaryIO]:
    raise FileNotFoundError


_NOTHING = File("", 0, _no_bytes)
