"""What services and meeting tools export comes in whole: names, dates, folders, participants, audio; and once."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import httpx
import pytest

from tests.http.conftest import Library
from tests.http.test_imports import imported, packed, statuses

SOUND = b"ID3 sound"
M4A, MP4 = b"\x00\x00\x00\x1cftypM4A sound", b"\x00\x00\x00\x1cftypmp42 sound"
"""What begins like audio or video of a kind is of this kind, even if it is damaged."""
VTT = (
    "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nInes: The hive is full.\n\n"
    "00:00:04.000 --> 00:00:06.000\nTomas: Bring the smoker.\n"
)
SRT = "1\n00:00:01,000 --> 00:00:03,000\nInes: The ladder is broken.\n"
OTTER = (
    "Ines Marlow  0:03  \nThe orchard is pruned.\n\nTomas Reyes  0:11  \nGood. What about the ladder?\n\n"
    "Transcribed by https://otter.ai\n"
)
MEET = (
    "Attendees\nInes Marlow, Tomas Reyes\nTranscript\n00:00:00\nInes Marlow: The hive is full.\n"
    "Tomas Reyes: Good.\n00:05:00\nInes Marlow: Bring it.\n"
)
LIFELOG = {
    "id": "a", "title": "Hive walk", "startTime": "2026-05-20T10:03:00+02:00",
    "contents": [
        {"type": "blockquote", "content": "The hive is full.", "speakerName": "Ines", "startOffsetMs": 0,
         "endOffsetMs": 4000},
    ],
}  # fmt: skip
FIREFLIES = {
    "title": "Hive walk", "dateString": "2026-05-20T10:00:00.000Z", "participants": ["ines@example.org"],
    "sentences": [
        {"index": 0, "speaker_name": "Ines", "raw_text": "The hive is full.", "start_time": 0.4, "end_time": 2.4},
        {"index": 1, "speaker_name": "Tomas", "raw_text": "Bring the smoker.", "start_time": 3, "end_time": 4},
    ],
}  # fmt: skip
OMI = [
    {"id": str(at), "created_at": f"2026-05-2{at}T10:00:00Z", "structured": {"title": f"Walk {at}"},
     "transcript_segments": [{"text": f"Hive {at} is full.", "speaker": "SPEAKER_00", "start": 0.0, "end": 2.0}]}
    for at in range(2)
]  # fmt: skip
ZOOM = "2026-05-20 10.00.00 Hive walk 123456789"
LOCAL = "2026-05-21 09.30.00 Ladder call"
DAY = "limitless-export/lifelogs/2026-05-21"


class Made(NamedTuple):
    """A recording that an export should give."""

    at: str | None  # when, by the clock of the place
    folder: str | None
    said: str | None  # its first words
    audio: str | None = None
    people: list[str] | None = None


EXPORTS: dict[str, tuple[dict[str, bytes | str], dict[str, Made]]] = {
    "otter": (
        {
            "Garden/Orchard planning_otter_ai.txt": OTTER, "Garden/Orchard planning_otter_ai.mp3": SOUND,
            "Garden/Orchard planning_otter_ai.pdf": b"%PDF-1.7", "Note.txt": OTTER, "Note.srt": SRT,
        },
        {
            "Orchard planning": Made(None, "Garden", "The orchard is pruned.", "audio/mpeg"),
            "Note": Made(None, None, "The ladder is broken."),
        },
    ),
    "limitless": (
        {
            "limitless-export/lifelogs/2026-05-20/Hive walk.json": json.dumps(LIFELOG),
            "limitless-export/lifelogs/2026-05-20/Hive walk.md": "# Hive walk\n\n- Ines (5/20/26 10:03 AM): The hive.\n",
            f"{DAY}/Ladder.md": "# Ladder\n\n- Ines (5/21/26 10:03 AM): It broke.\n- Tomas (5/21/26 10:04 AM): A pity.\n",
            "limitless-export/chats/2026-05-21.json": json.dumps({"messages": [{"role": "user", "text": "Hi there."}]}),
        },
        {
            "Hive walk": Made("2026-05-20T10:03:00+02:00", None, "The hive is full."),
            "Ladder": Made("2026-05-21T10:03:00Z", None, "It broke."),
        },
    ),
    "fireflies": (
        {
            "Hive walk/transcript.json": json.dumps(FIREFLIES), "Hive walk/audio.mp3": SOUND,
            "Hive walk/summary.txt": "Overview: the hive.",
        },
        {"Hive walk": Made("2026-05-20T10:00:00Z", None, "The hive is full.", "audio/mpeg", ["ines@example.org"])},
    ),
    "omi": (
        {
            "conversations.json": json.dumps(OMI),
            "memories.json": json.dumps([{"id": "m", "content": "Ines likes bees.", "created_at": "2026-05-20T10:00:00Z"}]),
        },
        {f"Walk {at}": Made(f"2026-05-2{at}T10:00:00Z", None, f"Hive {at} is full.") for at in range(2)},
    ),
    "zoom": (
        {
            f"{ZOOM}/GMT20260520-080000_Recording.transcript.vtt": VTT,
            f"{ZOOM}/GMT20260520-080000_Recording_1920x1080.mp4": MP4,
            f"{ZOOM}/GMT20260520-080000_Recording.m4a": M4A,
            f"{ZOOM}/GMT20260520-080000_RecordingnewChat.txt": "10:00:01\tInes:\tHello",
            f"{LOCAL}/closed_caption.txt": "[Ines Marlow] 09:30:03\nIt broke.\n\n[Tomas Reyes] 09:31:11\nA pity.\n",
            f"{LOCAL}/audio1234567890.m4a": M4A, f"{LOCAL}/video1234567890.mp4": MP4,
            f"{LOCAL}/chat.txt": "x", f"{LOCAL}/recording.conf": "{}",
        },
        {
            "Hive walk": Made("2026-05-20T08:00:00+00:00", None, "The hive is full.", "audio/mp4"),
            "Ladder call": Made("2026-05-21T09:30:00Z", None, "It broke.", "audio/mp4"),
        },
    ),
    "teams": (
        {
            "Recordings/Hive walk-20260520_100000-Meeting Recording.mp4": MP4,
            "Recordings/Hive walk-20260520_100000-Meeting Transcript.vtt": VTT,
            "Recordings/Stand-up-20260521_090000UTC-Meeting Recording.mp4": MP4 + b"2",
        },
        {
            "Hive walk": Made("2026-05-20T10:00:00Z", "Recordings", "The hive is full.", "video/mp4"),
            "Stand-up": Made("2026-05-21T09:00:00Z", "Recordings", None, "video/mp4"),
        },
    ),
    "meet": (
        {
            "Meet Recordings/Hive walk (2026-05-20 10_00 GMT+2) - Transcript.txt": MEET,
            "Meet Recordings/Hive walk (2026-05-20 10_00 GMT+2).mp4": MP4,
            "Meet Recordings/Hive walk (2026-05-20 10_00 GMT+2) - Chat.txt": "x",
        },
        {
            "Hive walk": Made(
                "2026-05-20T10:00:00+02:00", "Meet Recordings", "The hive is full.", "video/mp4",
                ["Ines Marlow", "Tomas Reyes"],
            ),
        },
    ),
    "plaud": (
        {
            "2026-05-20 10_00_00-transcript.txt": "00:00:01 Speaker 1\nIt is full.\n00:00:11 Speaker 2\nBring it.\n",
            "2026-05-20 10_00_00.mp3": SOUND, "2026-05-20 10_00_00-summary.md": "# Summary\nThe hive.",
            "2026-05-21 Ladder-transcript.srt": SRT,
        },
        {
            "2026-05-20 10_00_00": Made("2026-05-20T10:00:00Z", None, "It is full.", "audio/mpeg"),
            "2026-05-21 Ladder": Made("2026-05-21", None, "The ladder is broken."),
        },
    ),
}  # fmt: skip


def made_of(client: httpx.Client, user: str) -> dict[str, Made]:
    folders: dict[str, str] = {}
    for folder in client.get("/v1/folders", params={"end_user_id": user}).json()["data"]:
        inside = client.get(f"/v1/folders/{folder['id']}/recordings").json()["data"]
        folders |= {one["id"]: folder["name"] for one in inside}
    query: dict[str, str | int] = {"end_user_id": user, "limit": 100, "include": "local_time"}
    found = client.get("/v1/recordings", params=query).json()["data"]
    return {one["name"]: _made(client, one, folders.get(one["id"])) for one in found}


def _made(client: httpx.Client, one: dict[str, Any], folder: str | None) -> Made:
    transcription = one["transcription_id"]
    said = transcription and client.get(f"/v1/transcriptions/{transcription}").json()["segments"][0]["text"]
    types = [media["content_type"] for media in one["media"]]
    people = (one["metadata"] or {}).get("participants")
    return Made(one["recorded_at_local"], folder, said, types[0] if types else None, people)


@pytest.mark.parametrize("service", EXPORTS)
def test_an_export_of_a_service_comes_in_whole_and_once(client: httpx.Client, library: Library, service: str) -> None:
    files, expected = EXPORTS[service]
    user = library.user()
    first = imported(client, user, packed(files))
    assert set(statuses(first).values()) == {"imported"}, first
    assert made_of(client, user) == expected
    again = imported(client, user, packed(dict(reversed(files.items()))), "again.zip")
    assert set(statuses(again).values()) == {"skipped"}
    assert made_of(client, user) == expected


def test_meetings_of_a_series_stay_apart(client: httpx.Client, library: Library) -> None:
    user = library.user()
    days = ("20260520_100000", "20260527_100000")
    files: dict[str, bytes | str] = {}
    for day in days:
        files[f"Stand-up-{day}-Meeting Recording.mp4"] = MP4 + day.encode()
        files[f"Stand-up-{day}-Meeting Transcript.vtt"] = VTT.replace("full", f"full on {day}")
    shown = imported(client, user, packed(files))
    ids = [one["recording_id"] for one in shown["files"]]
    found = [client.get(f"/v1/recordings/{one}").json() for one in ids]
    assert [(one["name"], len(one["media"])) for one in found] == [("Stand-up", 1)] * 2
    assert {one["recorded_at"][:10] for one in found} == {"2026-05-20", "2026-05-27"}
