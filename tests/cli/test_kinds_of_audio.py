"""What a file of audio is called doesn't matter: its content decides, in files, folders and archives."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from earmark.media.types import EXTENSIONS
from earmark.speech.decoding.formats import DEMUXERS
from tests.cli.test_audio import media_of
from tests.cli.test_cli import recordings_of, run_import
from tests.cli.transcripts import LAUNCH, native
from tests.server import Place
from tests.speech.media_files import KINDS, write

QUICK = "--no-transcribe"
TYPES = {
    "m4a": "audio/mp4", "amr": "audio/amr", "mkv": "audio/x-matroska", "3gp": "audio/3gpp", "mp3": "audio/mpeg",
    "wma": "audio/x-ms-wma", "caf": "audio/x-caf", "avi": "video/x-msvideo", "mpegts": "video/mp2t",
    "ogg-opus": "audio/ogg",
}  # fmt: skip


def sound(path: Path, kind: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, KINDS[kind])


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_without_an_ending_is_imported_as_what_it_is(
    desk: Place, project: str, tmp_path: Path, kind: str
) -> None:
    path = sound(tmp_path / "Voice 001", kind)
    (row,) = run_import(desk, project, f"nameless {kind}", str(path), QUICK)
    assert (row["status"], row.get("error")) == ("imported", None)
    (media,) = media_of(desk, project, row["recording_id"])
    assert media.content_type == TYPES[kind]
    assert recordings_of(desk, project, f"nameless {kind}")[0].name == "Voice 001"


def test_a_file_with_a_wrong_ending_is_imported_as_what_it_is(desk: Place, project: str, tmp_path: Path) -> None:
    for name, kind, expected in (("call.mp3", "m4a", "audio/mp4"), ("call.txt", "flac", "audio/flac")):
        (row,) = run_import(desk, project, "misnamed", str(sound(tmp_path / name, kind)), QUICK)
        assert [one.content_type for one in media_of(desk, project, row["recording_id"])] == [expected]


def test_a_folder_and_an_archive_give_their_audio_whatever_it_is_called(
    desk: Place, project: str, tmp_path: Path
) -> None:
    folder = tmp_path / "recorder"
    sound(folder / "Voice 001", "m4a")
    sound(folder / "memo.amr", "amr")
    sound(folder / "clip.3gp", "3gp")
    sound(folder / "screen.mkv", "mkv")
    sound(folder / "talk.dat", "wav")
    (folder / "talk.json").write_text(native((0, LAUNCH)))
    sound(folder / "half.m4a.crdownload", "m4a")
    (folder / "picture.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(400))
    (folder / "notes.xyz").write_text("Tax-free and wide of the mark.")
    packed = tmp_path / "recorder.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    for place in (folder, packed):
        user = f"all of {place.name}"
        rows = run_import(desk, project, user, str(place), QUICK)
        assert {Path(row["file"]).name for row in rows} == {
            "Voice 001", "memo.amr", "clip.3gp", "screen.mkv", "talk.json"}  # fmt: skip
        assert {row["status"] for row in rows} == {"imported"}
        found = {one.name: media_of(desk, project, one.id) for one in recordings_of(desk, project, user)}
        assert {name: one.content_type for name, (one,) in found.items()} == {
            "Voice 001": "audio/mp4", "memo": "audio/amr", "clip": "audio/3gpp", "screen": "audio/x-matroska",
            "talk": "audio/wav"}  # fmt: skip


def test_what_is_neither_audio_nor_a_transcript_is_refused_and_leaves_nothing(
    desk: Place, project: str, tmp_path: Path
) -> None:
    (tmp_path / "letter.mp3").write_text("Dear Ada,\n\nthe lanterns are late.\n")
    (tmp_path / "letter").write_bytes(b"%PDF-1.7\n" + bytes(300))
    for name, error in (
        ("letter.mp3", "This is no audio or video that can be read."),
        ("letter", "This is a PDF document"),
    ):
        (row,) = run_import(desk, project, "refused", str(tmp_path / name), QUICK, code=1)
        assert row["error"].startswith(error)
    assert recordings_of(desk, project, "refused") == []
    assert list((desk.data_dir / "media").rglob("*.part")) == []


def test_damaged_audio_is_imported_so_that_its_transcription_can_say_what_is_wrong(
    desk: Place, project: str, tmp_path: Path
) -> None:
    path = sound(tmp_path / "Voice 002", "m4a")
    path.write_bytes(path.read_bytes()[:2_000])
    (row,) = run_import(desk, project, "damaged", str(path), QUICK)
    assert [one.content_type for one in media_of(desk, project, row["recording_id"])] == ["audio/mp4"]


def test_every_container_that_can_be_decoded_has_a_content_type_that_uploads_may_have() -> None:
    from earmark.imports.audio import _OF_CONTAINERS, _WITH_PICTURES

    named = {"matroska", "webm", "mov", "mp4", "m4a", "3gp"}
    assert set(_OF_CONTAINERS) | set(_WITH_PICTURES) >= (set(DEMUXERS.split(",")) | named)
    types = [*_OF_CONTAINERS.values(), *(one for both in _WITH_PICTURES.values() for one in both)]
    assert set(types) <= set(EXTENSIONS)
