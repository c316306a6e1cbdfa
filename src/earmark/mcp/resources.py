"""Transcripts as resources: `earmark://recordings/{id}/transcript`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import ObjectNotFoundError
from earmark.api.pipeline.paging import page_reply
from earmark.api.wire.common import CursorQuery
from earmark.ids import is_id
from earmark.library import recordings
from earmark.library.reading import Stretch
from earmark.library.types import Recording, RecordingFilters
from earmark.mcp.cleaning import clean_text
from earmark.mcp.moments import title_of
from earmark.mcp.tool import parse_arguments
from earmark.mcp.tools.transcripts import MARK, read_part, render_segments, transcribed

TEMPLATE: Final = "earmark://recordings/{id}/transcript"
LIST_SCOPES: Final = ("recordings:read",)
READ_SCOPES: Final = ("recordings:read", "transcriptions:read")
_URI: Final = re.compile(r"earmark://recordings/([^/]{1,80})/transcript\Z")
_CHARACTERS: Final = 200_000
_PAGE: Final = "50"


async def list_transcripts(call: Call, cursor: str | None) -> tuple[list[dict[str, str]], str | None]:
    """Return a page of transcripts as (`uri`, `title`), newest first, and the cursor of the next page.

    Raises: InvalidError for a cursor that is none of this list.
    """
    given = {"limit": _PAGE} if cursor is None else {"limit": _PAGE, "cursor": cursor}
    async with call.working():
        reply = await page_reply(
            call,
            "mcp resources",
            parse_arguments(CursorQuery, given),
            RecordingFilters(),
            fetch=lambda page: recordings.list_recordings(call.tenant, page),
            position_of=lambda one: (one.created_us, one.id),
            to_wire=_to_json,
        )
    page: dict[str, Any] = orjson.loads(reply.body)
    return _transcribed(page["data"]), page["next_cursor"]


def _to_json(one: Recording) -> dict[str, str | bool]:
    title = clean_text(title_of(one.name, one.recorded_us, one.recorded_offset_min))
    return {
        "uri": TEMPLATE.replace("{id}", one.id),
        "title": title,
        "is_there": one.transcription_id is not None,
    }


def _transcribed(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"uri": one["uri"], "title": one["title"]} for one in rows if one["is_there"]]


async def read_transcript(call: Call, uri: str) -> str:
    """Return a transcript as text, one segment a line.

    Raises: ObjectNotFoundError, RecordingNotFoundError, TranscriptionNotReadyError.
    """
    found = _URI.match(uri)
    if found is None or not is_id(found[1], "rec"):
        raise ObjectNotFoundError
    async with call.working():
        _, transcription_id = await transcribed(call.tenant, found[1])
        segments, next_segment = await read_part(call.tenant, transcription_id, Stretch(), _CHARACTERS)
    left = "" if next_segment is None else "\n\nIt goes on: read the rest with get_my_transcript."
    return clean_text(MARK + render_segments(segments) + left)
