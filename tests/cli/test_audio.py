"""`earmark import --audio`: transcripts with their audio."""

from __future__ import annotations

import json
from pathlib import Path

from earmark.identity.projects import get_tenant
from earmark.library.recordings import get_recording
from earmark.media.downloads import list_media
from earmark.media.types import Media
from earmark.runtime import Runtime
from tests.cli.test_cli import check_mistake, recordings_of, run_import
from tests.cli.transcripts import LAUNCH, PRICE, native, written
from tests.server import Place

SOUND = b"OggS" + b"sound" * 300_000


def media_of(desk: Place, project: str, recording_id: str) -> list[Media]:
    async def work(runtime: Runtime) -> list[Media]:
        tenant = await get_tenant(runtime.operator, project, "live")
        return (await list_media(tenant, [await get_recording(tenant, recording_id)])).get(recording_id, [])

    return desk.run(work)


def sound_in(folder: Path, name: str = "launch.opus", content: bytes = SOUND) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def test_a_transcript_is_imported_with_its_audio(desk: Place, project: str, tmp_path: Path) -> None:
    (words,) = written(tmp_path, {"launch.json": native((0, LAUNCH))})
    line = run_import(desk, project, "heard", words, "--audio", sound_in(tmp_path))[0]
    (recording,) = recordings_of(desk, project, "heard")
    assert (line["status"], recording.status, recording.file_size_bytes) == ("imported", "completed", len(SOUND))
    assert recording.duration_ms == 4_000
    (media,) = media_of(desk, project, recording.id)
    assert (media.content_type, media.sha256) == ("audio/ogg", recording.content_sha256)
    kept = [path for path in (desk.data_dir / "media").rglob("*") if path.is_file() and recording.id in str(path)]
    assert [path.read_bytes() for path in kept] == [SOUND]


def test_repeating_an_import_adds_missing_audio_once(desk: Place, project: str, tmp_path: Path) -> None:
    (words,) = written(tmp_path, {"launch.json": native((0, LAUNCH))})
    run_import(desk, project, "later", words)
    for _ in range(2):
        line = run_import(desk, project, "later", words, "--audio", sound_in(tmp_path))[0]
        assert line["status"] == "skipped"
        assert len(media_of(desk, project, line["recording_id"])) == 1


def test_each_file_has_its_own_audio_in_order(desk: Place, project: str, tmp_path: Path) -> None:
    words = written(tmp_path, {"launch.json": native((0, LAUNCH)), "price.json": native((0, PRICE))})
    sounds = [sound_in(tmp_path, "a.wav", b"RIFF one"), sound_in(tmp_path, "b.mp3", b"ID3 two")]
    lines = run_import(desk, project, "both", *words, "--audio", sounds[0], "--audio", sounds[1])
    types = [media_of(desk, project, line["recording_id"])[0].content_type for line in lines]
    assert types == ["audio/wav", "audio/mpeg"]


def test_audio_that_cannot_be_read_fails_its_file_and_imports_nothing(
    desk: Place, project: str, tmp_path: Path
) -> None:
    (words,) = written(tmp_path, {"launch.json": native((0, LAUNCH))})
    empty = sound_in(tmp_path, "empty.opus", b"")
    for sound, error in (
        (str(tmp_path / "none.opus"), "The audio can't be read: no such file or directory."),
        (words, "This is no audio or video that can be read."),
        (empty, "The upload is empty."),
    ):
        line = run_import(desk, project, "unheard", words, "--audio", sound, code=1)[0]
        assert (line["status"], line["recording_id"]) == ("failed", None)
        assert line["error"].startswith(error)
    assert recordings_of(desk, project, "unheard") == []


def test_more_or_fewer_audio_files_than_transcripts_is_wrong_usage(desk: Place, project: str, tmp_path: Path) -> None:
    words = written(tmp_path, {"launch.json": native((0, LAUNCH)), "price.json": native((0, PRICE))})
    done = desk.cli(
        "import", *words, "--audio", sound_in(tmp_path), "--project", project, "--end-user", "x", check=False
    )
    check_mistake(done, 2)


def test_the_output_line_does_not_mention_the_audio(desk: Place, project: str, tmp_path: Path) -> None:
    (words,) = written(tmp_path, {"launch.json": native((0, LAUNCH))})
    options = ("--project", project, "--end-user", "lines", "--json", "--audio", sound_in(tmp_path))
    line = json.loads(desk.cli("import", words, *options).stdout)
    assert set(line) == {"file", "status", "recording_id"}
