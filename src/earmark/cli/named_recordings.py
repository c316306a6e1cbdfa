"""Finds the recording that a command's argument names."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from earmark.errors import NotFoundError
from earmark.ids import is_id
from earmark.library.recordings import find_recordings, list_recordings
from earmark.library.types import Page, Recording, RecordingFilters
from earmark.storage.tenant import Tenant

RECORDING = typer.Argument(help="The recording's id, or its name.", metavar="RECORDING")
_SAME_NAME = 100


class UnknownRecordingError(NotFoundError):
    """No recording, or more than one, has this name."""

    def __init__(self, ids: Sequence[str]) -> None:
        if ids:
            super().__init__(f"Several recordings have this name; give the id of one: {', '.join(ids)}.")
        else:
            super().__init__("No recording has this id or name; `earmark recordings list` shows all.")


async def find_recording(tenant: Tenant, wanted: str) -> Recording:
    """Return the recording with this id, else the only one with this name, of a person or of the whole project.

    Raises: UnknownRecordingError.
    """
    if is_id(wanted, "rec"):
        found = await find_recordings(tenant, [wanted])
        if found:
            return found[0]
    listed = await list_recordings(tenant, Page(_SAME_NAME), RecordingFilters(q=wanted)) if wanted else []
    same = [one for one in listed if one.name == wanted]
    if len(same) != 1:
        raise UnknownRecordingError([one.id for one in same])
    return same[0]


async def find_recording_ids(tenant: Tenant, wanted: Sequence[str] | None) -> list[str] | None:
    """Return the ids of the recordings that options name, None if no option does.

    Raises: UnknownRecordingError.
    """
    return None if wanted is None else [(await find_recording(tenant, one)).id for one in wanted]
