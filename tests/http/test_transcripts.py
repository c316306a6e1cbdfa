"""Bring your own transcript over HTTP: decided by content, repaired with warnings, inspected without storing."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import pytest

from tests.http.conftest import Library, error_of
from tests.transcripts.examples import EXAMPLES

BYTES = {"content-type": "application/octet-stream"}
ODD = (
    b"WEBVTT\n\n00:00:01.000 --> 00:00:03.000\n<v Ines>The hive is full.\n\n"
    b"00:00:05.000 --> 00:00:04.200\n<v Ines>We harvest on Friday.\n"
)


@pytest.fixture
def library(client: httpx.Client) -> Library:
    return Library(client)


def put(library: Library, body: bytes, content_type: str) -> httpx.Response:
    recording = library.recording(library.user())
    path = f"/v1/recordings/{recording}/transcript"
    return library.client.put(path, content=body, headers={"content-type": content_type})


def inspect(library: Library, body: bytes, content_type: str = "application/octet-stream") -> httpx.Response:
    headers = {"content-type": content_type}
    return library.client.post("/v1/transcripts/inspect", content=body, headers=headers)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/octet-stream",
        "text/plain",
        "text/srt",
        "text/markdown",
        "text/vtt; charset=utf-8",
        "application/json",
    ],
)
def test_content_decides_whatever_type_is_declared(library: Library, content_type: str) -> None:
    answer = put(library, b"1\n00:00:01,000 --> 00:00:03,000\nInes: The hive is full.\n", content_type)
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert shown["segments"] == [{"index": 0, "start": 1.0, "end": 3.0, "text": "The hive is full.", "speaker": "Ines"}]
    assert (shown["warnings"], shown["warnings_total"], shown["engine"]) == ([], 0, "import")


@pytest.mark.parametrize(
    "content_type", ["audio/wav", "video/mp4", "image/png", "multipart/form-data", "application/pdf"]
)
def test_audio_and_other_types_are_415(library: Library, content_type: str) -> None:
    assert put(library, b"WEBVTT\n\n00:01.000 --> 00:02.000\na\n", content_type).status_code == 415


def test_repairs_are_returned_and_stored(library: Library) -> None:
    answer = put(library, ODD, "text/vtt")
    assert answer.status_code == 201
    expected = [{"line": 6, "code": "ends_before_start", "message": "it ends before it starts; it now lasts 1 ms."}]
    shown = answer.json()
    assert (shown["warnings"], shown["warnings_total"]) == (expected, 1)
    again = library.client.get(f"/v1/transcriptions/{shown['id']}").json()
    assert (again["warnings"], again["warnings_total"]) == (expected, 1)
    assert again["segments"][1]["end"] == 5.001
    (row,) = library.client.get("/v1/transcriptions").json()["data"]
    assert "warnings" not in row


def test_the_charset_declared_is_used_and_an_unknown_one_is_400(library: Library) -> None:
    body = "1\n00:00:01,000 --> 00:00:03,000\nКлючи у сторожа.\n".encode("cp1251")
    answer = put(library, body, "application/x-subrip; charset=windows-1251")
    assert answer.json()["segments"][0]["text"] == "Ключи у сторожа."
    wrong = put(library, body, "application/x-subrip; charset=klingon")
    assert wrong.status_code == 400
    assert "encoding" in error_of(wrong)["message"]


def test_inspect_says_what_a_file_is_and_stores_nothing(library: Library) -> None:
    before = library.client.get("/v1/transcriptions").json()
    shown = inspect(library, ODD).json()
    assert shown == {
        "format": "webvtt",
        "candidates": [{"format": "webvtt", "reason": "it begins with WEBVTT"}, {"format": "subrip", "reason": "cues"}],
        "encoding": "utf-8",
        "language": None,
        "name": None,
        "recorded_at": None,
        "recorded_precision": None,
        "duration_ms": 5_001,
        "segment_count": 2,
        "speakers": ["Ines"],
        "first_segments": [
            {"start": 1.0, "end": 3.0, "text": "The hive is full.", "speaker": "Ines"},
            {"start": 5.0, "end": 5.001, "text": "We harvest on Friday.", "speaker": "Ines"},
        ],
        "warnings": [
            {"line": 6, "code": "ends_before_start", "message": "it ends before it starts; it now lasts 1 ms."}
        ],
        "warnings_total": 1,
    }
    assert library.client.get("/v1/transcriptions").json() == before


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.format)
def test_every_format_is_inspected_as_itself(library: Library, one: Any) -> None:
    assert inspect(library, one.body).json()["format"] == one.format


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"PK\x03\x04 not really", "zip"),
        (b"%PDF-1.7 \xe2\xe3", "PDF"),
        (b"ID3\x04\x00 \xff\xfb", "MP3"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "WAV"),
        (b"<!doctype html>\n<html><body>Hello</body></html>", "HTML"),
        (b"import os\n\ndef main():\n    print(os.name)\n\nmain()\n", "source code"),
        (b"{\\rtf1\\ansi Hello}", "RTF"),
        (b'{"format": "earmark.ask-session/1", "messages": []}', "Ask session"),
        (b"<?xml version='1.0'?><rss><channel/></rss>", "XML"),
        (b"\x00\x01\x02\x03\x04\x05", "text file"),
    ],
)
def test_what_is_no_transcript_is_400_by_name(library: Library, body: bytes, says: str) -> None:
    for answer in (inspect(library, body), put(library, body, "text/plain")):
        assert answer.status_code == 400, answer.text
        assert says in error_of(answer)["message"]


@pytest.mark.parametrize(
    ("head", "content_type"),
    [(b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00", "audio/mp4"), (b"#!AMR\n<", "audio/amr"), (b"OggS", "audio/ogg")],
)
def test_audio_is_no_transcript_and_the_refusal_says_as_what_to_upload_it(
    library: Library, head: bytes, content_type: str
) -> None:
    refused = library.client.post("/v1/transcripts/inspect", content=head + bytes(200), headers=BYTES)
    assert refused.status_code == 400
    error = error_of(refused)
    assert error["message"].endswith("not a transcript. Upload it as the recording's audio.")
    assert error["details"] == {"content_type": content_type}


def test_a_files_name_says_when_it_was_recorded_and_what_it_is(library: Library) -> None:
    body = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello there.\n"
    name = "GMT20260520-100000_Recording.transcript.vtt"
    named = library.client.post("/v1/transcripts/inspect", params={"file_name": name}, content=body, headers=BYTES)
    assert named.json()["recorded_at"] == "2026-05-20T10:00:00Z"
    assert inspect(library, body).json()["recorded_at"] is None
    path = f"/v1/recordings/{library.recording(library.user())}/transcript"
    assert library.client.put(path, params={"file_name": name}, content=body, headers=BYTES).status_code == 201
    empty = library.client.post("/v1/transcripts/inspect", params={"file_name": ""}, content=body, headers=BYTES)
    assert (empty.status_code, error_of(empty)["param"]) == (400, "file_name")


def test_an_inspection_keeps_the_offset_of_a_date(library: Library) -> None:
    native = {"recorded_at": "2026-05-20T23:30:00-07:00", "segments": [{"start": 0, "end": 1, "text": "Hello."}]}
    assert library.client.post("/v1/transcripts/inspect", json=native).json()["recorded_at"] == native["recorded_at"]


def test_a_zip_archive_is_refused_with_the_way_out_whatever_its_type(library: Library) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("a.vtt", "WEBVTT")
    for content_type in ("application/zip", "application/octet-stream"):
        answer = put(library, body.getvalue(), content_type)
        assert answer.status_code == 400
        assert "/v1/imports" in error_of(answer)["message"]
