"""Media whose files are missing in the store: `earmark doctor`, downloads and the log say so, until they are back."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.http.conftest import Library, error_of
from tests.http.test_media import AUDIO, address, with_audio
from tests.server import Place, new_project, running


def _media_of(place: Place) -> tuple[int, bool, str]:
    """Return the exit code of `doctor`, and what it says of media."""
    done = place.cli("doctor", "--json", check=False)
    (found,) = (row for row in map(json.loads, done.stdout.splitlines()) if row["check"] == "media")
    return done.returncode, found["ok"], found["says"]


def test_missing_files_are_found_by_doctor_and_named_by_downloads_until_they_are_back(
    fresh_place: Place, tmp_path: Path
) -> None:
    key = new_project(fresh_place).live
    with (
        (tmp_path / "log").open("w+") as log,
        running(fresh_place, stderr=log) as server,
        server.client(key) as client,
    ):
        library = Library(client)
        recording = with_audio(library, library.user())
        link = address(library, recording)
        assert _media_of(fresh_place) == (0, True, "1 files looked at, each is there")
        media = fresh_place.data_dir / "media"
        media.rename(elsewhere := tmp_path / "elsewhere")
        code, is_ok, says = _media_of(fresh_place)
        assert (code, is_ok, recording in says) == (1, False, True)
        for _ in range(2):
            answer = httpx.get(link)
            assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")
            assert "missing in the server's store" in error_of(answer)["message"]
        media.symlink_to(elsewhere)
        assert httpx.get(link).content == AUDIO
        assert _media_of(fresh_place)[0] == 0
        log.seek(0)
        lines = [row for row in map(json.loads, log) if row["event"] == "media.missing"]
    medium = next(path.name for path in elsewhere.rglob("med_*")).partition("-")[0]
    assert [(row["level"], row["media_id"], row["recording_id"]) for row in lines] == [("error", medium, recording)]


def test_a_file_that_was_cut_off_is_found(fresh_place: Place) -> None:
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        with_audio(library, library.user())
    (path,) = (fresh_place.data_dir / "media").rglob("med_*")
    path.write_bytes(AUDIO[:-1])
    assert _media_of(fresh_place)[:2] == (1, False)
