"""Renames or merges a speaker in all of an end user's recordings, one recording after another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from earmark.corrections.correcting import correct_transcript, read_whole
from earmark.corrections.errors import LabelRenamedEverywhereError, RevisionStaleError, SpeakerUnknownError
from earmark.corrections.types import Correction, Renamed, Request
from earmark.library.errors import TranscriptionNotFoundError
from earmark.library.speakers import find_transcripts_of_speaker
from earmark.retrieval.index.ingest import Ingester
from earmark.storage.tenant import Tenant
from earmark.transcripts.labels import is_machine_label
from earmark.transcripts.types import Segment

MOST_AT_ONCE: Final = 20
_LONG_S: Final = 20.0
"""In one request: each recording is indexed anew."""
_TRIES: Final = 3


def check_reach(name: str, recording_ids: Sequence[str] | None) -> None:
    """Refuse to rename a machine's label in recordings that nobody has named.

    Raises: LabelRenamedEverywhereError.
    """
    if recording_ids is None and is_machine_label(name):
        raise LabelRenamedEverywhereError


async def rename_speaker(
    tenant: Tenant, ingester: Ingester, name: str, new_name: str, recording_ids: Sequence[str] | None, request: Request
) -> tuple[list[Renamed], int]:
    """Rename a speaker in recordings of the end user that the handle is narrowed to: at most 20, for about 20 s.

    Returns what was corrected, and in how many more recordings the name stands. Each recording is a correction of its
    own: what ends this early leaves those done, and the same request again does the rest.

    Raises: LabelRenamedEverywhereError; RevisionStaleError if somebody else corrected one of them several times
        meanwhile.
    """
    check_reach(name, recording_ids)
    found = await find_transcripts_of_speaker(tenant, name, recording_ids)
    correction = Correction({name: new_name})
    renamed, done, started = [], 0, time.monotonic()
    for recording_id, transcription_id in found[:MOST_AT_ONCE]:
        if done and time.monotonic() - started > _LONG_S:
            break
        done += 1
        with suppress(TranscriptionNotFoundError, SpeakerUnknownError):  # deleted, replaced or renamed meanwhile
            revision, merged = await _rename_in(tenant, ingester, transcription_id, correction, request)
            renamed.append(Renamed(recording_id, transcription_id, revision, merged))
    return renamed, len(found) - done


async def _rename_in(
    tenant: Tenant, ingester: Ingester, transcription_id: str, correction: Correction, request: Request
) -> tuple[int, Sequence[int]]:
    for turn in range(1, _TRIES + 1):
        one, segments = await read_whole(tenant, transcription_id)
        try:
            after, _ = await correct_transcript(tenant, ingester, one.id, one.revision, correction, request)
        except RevisionStaleError:
            if turn == _TRIES:
                raise
        else:
            return after.revision, _find_merged(segments, correction)
    raise AssertionError


def _find_merged(segments: Sequence[Segment], correction: Correction) -> Sequence[int]:
    """Return which segments were the renamed speaker's, if the new name spoke before; else they are all of its."""
    [(name, new_name)] = correction.speakers.items()
    if not any(segment.speaker == new_name for segment in segments):
        return ()
    return [at for at, segment in enumerate(segments) if segment.speaker == name]
