"""`GET /v1/transcriptions/{id}/export`: a transcript as a file."""

from __future__ import annotations

import httpx
import pytest

from tests.http.conftest import TALK, Library

TYPES = {
    "vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8", "txt": "text/plain; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8",
}  # fmt: skip


def _transcription(client: httpx.Client, recording: str) -> str:
    return str(client.get(f"/v1/recordings/{recording}").json()["transcription_id"])


@pytest.mark.parametrize("form", TYPES)
def test_a_transcript_is_downloaded_as_a_file_and_imported_again(client: httpx.Client, form: str) -> None:
    library = Library(client)
    ada = library.user()
    recording = library.recording(ada, TALK, name="Kick-off")
    one = _transcription(client, recording)
    answer = client.get(f"/v1/transcriptions/{one}/export", params={"format": form})
    suffix = "md" if form == "markdown" else form
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[form]
    assert answer.headers["content-disposition"] == f'attachment; filename="{recording}.{suffix}"'
    other = client.post("/v1/recordings", json={"end_user_id": ada}).json()["id"]
    put = client.put(
        f"/v1/recordings/{other}/transcript",
        content=answer.content,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert put.status_code == 201, put.text
    told = [(row["start"], row["speaker"], row["text"]) for row in put.json()["segments"]]
    assert told == [(row["start"], row["speaker"], row["text"]) for row in TALK]


def test_webvtt_is_the_default_and_an_unknown_format_is_refused(client: httpx.Client) -> None:
    library = Library(client)
    one = _transcription(client, library.recording(library.user(), TALK))
    assert client.get(f"/v1/transcriptions/{one}/export").text.startswith("WEBVTT\n")
    refused = client.get(f"/v1/transcriptions/{one}/export?format=docx")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "format")


def test_a_transcript_that_is_not_completed_is_not_exported(client: httpx.Client) -> None:
    library = Library(client)
    empty = client.post("/v1/recordings", json={"end_user_id": library.user()}).json()["id"]
    long = [{"start": at, "end": at + 1, "text": f"Sentence {at} of a long talk."} for at in range(20_000)]
    queued = client.put(f"/v1/recordings/{empty}/transcript?wait=false", json={"segments": long}).json()
    answer = client.get(f"/v1/transcriptions/{queued['id']}/export")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "transcription_not_ready")
