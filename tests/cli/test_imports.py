"""`earmark import` of folders, archives, audio and files of any kind; `--dry-run`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from earmark.identity.projects import get_tenant
from earmark.library.end_users import list_end_users
from earmark.library.folders import list_folders
from earmark.library.types import Page
from earmark.runtime import Runtime
from tests.cli.test_audio import media_of
from tests.cli.test_cli import recordings_of, run_import
from tests.server import Place

VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nInes: The hive is full today.\n"
ZOOM = "GMT20260520-100000_Recording"
SOUND = b"\x00\x00\x00\x20ftypM4A sound"
OMI = [
    {"id": f"m{at}", "created_at": f"2026-05-2{at}T10:00:00Z", "structured": {"title": f"Walk {at}"},
     "transcript_segments": [{"text": f"Hive {at} is full.", "speaker": "SPEAKER_00", "start": 0.0, "end": 2.0}]}
    for at in range(3)
]  # fmt: skip


def export(path: Path) -> str:
    """Write an archive as services write them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"Orchard/{ZOOM}.transcript.vtt", VTT)
        archive.writestr(f"Orchard/{ZOOM}.m4a", SOUND)
        archive.writestr(f"Orchard/{ZOOM}newChat.txt", "10:00:05\tFrom Ines : hello\n")
        archive.writestr("2026/05/21/Ladder.txt", "Tomas  0:03\nThe ladder is broken.\n")
        archive.writestr("omi.json", json.dumps(OMI))
        archive.writestr("README.md", "An export.")
        archive.writestr("__MACOSX/._omi.json", b"\x00\x05")
    return str(path)


def by_name(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["file"].partition(".zip/")[2]: row["status"] for row in rows}


def test_an_export_becomes_recordings_with_audio_dates_and_folders(
    desk: Place, fresh_project: str, tmp_path: Path
) -> None:
    rows = run_import(desk, fresh_project, "zip", export(tmp_path / "export.zip"))
    assert by_name(rows) == {
        "2026/05/21/Ladder.txt": "imported",
        f"Orchard/{ZOOM}.transcript.vtt": "imported",
        "omi.json#1": "imported",
        "omi.json#2": "imported",
        "omi.json#3": "imported",
    }
    stored = {one.name: one for one in recordings_of(desk, fresh_project, "zip")}
    assert set(stored) == {"Ladder", ZOOM.removesuffix("_Recording"), "Walk 0", "Walk 1", "Walk 2"}
    zoom = stored["GMT20260520-100000"]
    assert zoom.recorded_us == 1_779_271_200_000_000
    assert [one.content_type for one in media_of(desk, fresh_project, zoom.id)] == ["audio/mp4"]
    assert stored["Walk 1"].recorded_us == 1_779_357_600_000_000
    assert desk.run(_folders(fresh_project)) == [("Orchard", 1)]


def test_the_same_export_again_adds_nothing(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    path = export(tmp_path / "export.zip")
    first = run_import(desk, fresh_project, "twice", path)
    again = run_import(desk, fresh_project, "twice", path)
    assert [row["recording_id"] for row in again] == [row["recording_id"] for row in first]
    assert {row["status"] for row in again} == {"skipped"}
    assert len(recordings_of(desk, fresh_project, "twice")) == 5


def test_a_plain_folder_and_those_in_it_become_folders(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    house = tmp_path / "House"
    (house / "Roof").mkdir(parents=True)
    (house / "march.vtt").write_text(VTT)
    (house / "Roof" / "april.vtt").write_text(VTT.replace("hive", "roof"))
    run_import(desk, fresh_project, "ana", str(house))
    assert sorted(desk.run(_folders(fresh_project))) == [("House", 1), ("Roof", 1)]


def test_a_folder_is_read_as_an_archive_of_it_is(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(export(tmp_path / "export.zip")) as archive:
        archive.extractall(tmp_path / "export")
    (tmp_path / "export" / "link.vtt").symlink_to(tmp_path / "export" / "omi.json")
    rows = run_import(desk, fresh_project, "folder", str(tmp_path / "export"))
    assert len(rows) == 5
    assert {row["status"] for row in rows} == {"imported"}


def test_audio_alone_becomes_a_recording(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    (tmp_path / "2026-05-20 Call.m4a").write_bytes(SOUND)
    (row,) = run_import(desk, fresh_project, "sound", str(tmp_path / "2026-05-20 Call.m4a"), "--no-transcribe")
    (recording,) = recordings_of(desk, fresh_project, "sound")
    assert (row["status"], recording.status, recording.name) == ("imported", "uploaded", "2026-05-20 Call")
    assert recording.recorded_precision == "day"
    again = run_import(desk, fresh_project, "sound", str(tmp_path / "2026-05-20 Call.m4a"), "--no-transcribe")
    assert [one["status"] for one in again] == ["skipped"]


def test_repairs_are_printed_and_in_the_json(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd.srt"
    odd.write_text("1\n00:00:01,000 --> 00:00:03,000\nOne.\n\n2\n00:00:05,000 --> 00:00:04,000\nTwo.\n")
    (row,) = run_import(desk, fresh_project, "odd", str(odd))
    assert row["warnings"] == ["Line 6: it ends before it starts; it now lasts 1 ms."]
    options = ("--project", fresh_project, "--end-user", "odd in words")
    lines = desk.cli("import", str(odd), *options).stdout.splitlines()
    assert lines == [f"imported  {odd} (1 note)", "          Line 6: it ends before it starts; it now lasts 1 ms."]


def test_an_encoding_can_be_named(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    path = tmp_path / "polish.txt"
    path.write_bytes("Ala: Żółw śpi.\n".encode("cp1250"))
    run_import(desk, fresh_project, "polish", str(path), "--encoding", "cp1250")
    shown = desk.cli("search", "--project", fresh_project, "--end-user", "polish", "Żółw").stdout
    assert "Żółw śpi." in shown


def test_a_dry_run_needs_no_project_and_an_import_does(
    desk: Place, project: str, fresh_project: str, tmp_path: Path
) -> None:
    (tmp_path / "hive.vtt").write_text(VTT)
    shown = desk.cli("import", str(tmp_path / "hive.vtt"), "--dry-run").stdout
    assert ": webvtt, utf-8, 1 segment, 00:03 long" in shown
    refused = desk.cli("import", str(tmp_path / "hive.vtt"), check=False)
    assert refused.returncode == 2
    assert "Give --project" in refused.stderr


def test_a_dry_run_says_what_each_file_is_and_stores_nothing(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    path = export(tmp_path / "export.zip")
    options = ("--project", fresh_project, "--end-user", "dry", "--dry-run")
    rows = [json.loads(line) for line in desk.cli("import", path, *options, "--json").stdout.splitlines()]
    assert [row["format"] for row in rows] == ["omi", "omi", "omi", "text-timed", "webvtt"]
    assert rows[-1]["speakers"] == ["Ines"]
    shown = desk.cli("import", path, *options).stdout
    assert "webvtt, utf-8, 1 segment, 00:03 long" in shown
    assert "00:01  Ines: The hive is full today." in shown
    assert desk.run(_end_users(fresh_project)) == []


@pytest.mark.parametrize("kind", ["damaged", "encrypted", "bomb", "many"])
def test_a_hostile_archive_is_refused_or_its_file_is(
    desk: Place, fresh_project: str, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"{kind}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "bomb":
            archive.writestr("bomb.txt", b"a " * (40 << 20))
        for at in range(10_001 if kind == "many" else 1):
            archive.writestr(f"{at}.vtt", VTT if at == 0 else "")
    whole = path.read_bytes()
    if kind == "damaged":
        path.write_bytes(whole[:-30])
    if kind == "encrypted":
        path.write_bytes(whole.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"))
    rows = run_import(desk, fresh_project, "hostile", str(path), code=1)
    failed = [row for row in rows if row["status"] == "failed"]
    says = {"damaged": "damaged", "encrypted": "encrypted", "bomb": "compressed", "many": "10,000"}[kind]
    assert len(failed) == 1
    assert says in failed[0]["error"]
    assert (len(rows) == 2) == (kind == "bomb")


def test_a_name_that_leaves_the_archive_is_left_out(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    path = tmp_path / "names.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../outside.vtt", "/absolute.vtt", "a/../../b.vtt", "inside.vtt"):
            archive.writestr(name, VTT)
    rows = run_import(desk, fresh_project, "names", str(path))
    assert [Path(row["file"]).name for row in rows] == ["inside.vtt"]


def _folders(project: str) -> Any:
    async def work(runtime: Runtime) -> list[tuple[str, int]]:
        tenant = await get_tenant(runtime.operator, project, "live")
        return [(one.name, one.recording_count) for one in await list_folders(tenant, Page())]

    return work


def _end_users(project: str) -> Any:
    async def work(runtime: Runtime) -> list[Any]:
        return await list_end_users(await get_tenant(runtime.operator, project, "live"), Page())

    return work


def test_a_chat_in_an_iphones_archive_is_imported_and_named_by_it(
    desk: Place, fresh_project: str, tmp_path: Path
) -> None:
    path = tmp_path / "WhatsApp Chat - Bo.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", "[17.09.24, 08:12:01] Ana: The roof leaks.\n[17.09.24, 08:12:09] Bo: Again?\n")
    options = ("--project", fresh_project, "--end-user", "ana")
    desk.cli("import", str(path), *options)
    assert "WhatsApp Chat - Bo" in desk.cli("recordings", "list", *options).stdout
