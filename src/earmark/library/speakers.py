"""Who speaks in an end user's transcripts, and how much: counted when a transcript's words are stored."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.library import speaker_queries as queries
from earmark.library.types import Page, Speaker
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment


async def store_speakers(work: Tenant, transcription_id: str, end_user_id: str, segments: Sequence[Segment]) -> None:
    """Count a transcript's speakers anew, in the unit of work that stores its segments."""
    counted: dict[str, tuple[int, int]] = {}
    for segment in segments:
        if segment.speaker is not None:
            count, spoken_ms = counted.get(segment.speaker, (0, 0))
            counted[segment.speaker] = (count + 1, spoken_ms + segment.end_ms - segment.start_ms)
    await work.execute(queries.delete_speakers, {"transcription_id": transcription_id})
    rows = [
        {"transcription_id": transcription_id, "end_user_id": end_user_id, "name": name, "segment_count": count,
         "spoken_ms": spoken_ms}
        for name, (count, spoken_ms) in counted.items()
    ]  # fmt: skip
    await work.execute_many(queries.insert_speaker, rows)


async def list_speakers(tenant: Tenant, page: Page, name: str | None = None) -> list[Speaker]:
    """Return the speakers of the end user that the handle is narrowed to, by name; with `name` only that one."""
    assert tenant.end_user_id is not None
    after_name = "" if page.after is None else page.after[1]
    params = {"after_name": after_name, "limit": page.limit, "offset": page.offset, "only_name": name}
    rows = await tenant.fetch_all(queries.select_speakers, params, is_one=name is not None)
    return [Speaker(who, count, int(segments), int(ms), recorded) for who, count, segments, ms, recorded in rows]


async def find_transcripts_of_speaker(
    tenant: Tenant, name: str, recording_ids: Sequence[str] | None
) -> list[tuple[str, str]]:
    """Return (recording id, transcription id) of the end user's transcripts in which a name speaks.

    Args:
        recording_ids: only of these; None: of all.
    """
    assert tenant.end_user_id is not None
    params = {"name": name, "recording_ids": list(recording_ids or ())}
    asked = queries.select_transcripts_of_speaker
    rows = await tenant.fetch_all(asked, params, is_narrowed=recording_ids is not None)
    return [(recording_id, transcription_id) for recording_id, transcription_id in rows]
