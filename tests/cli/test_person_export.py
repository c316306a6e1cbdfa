"""`earmark export`: everything one person has, and nobody else's."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from earmark.library.formats import parse_transcript
from earmark.library.formats.webvtt_writer import render_webvtt
from earmark.library.types import Segment
from tests.http.conftest import TALK, Library
from tests.server import Place, new_project, running

AUDIO = b"ID3" + bytes(range(256)) * 4


def test_an_export_holds_everything_of_one_person_and_nothing_of_another(fresh_place: Place, tmp_path: Path) -> None:
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        library = Library(client)
        ada, other = library.user(external_id="ada", name="Ada"), library.user(external_id="other")
        recording = library.recording(ada, TALK, name="Kick-off")
        library.recording(other, [{"start": 0, "end": 1, "text": "Somebody else's zanzibar."}], name="zanzibar")
        begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/mpeg"}).json()
        client.put(begun["upload_url"], content=AUDIO, headers=begun["headers"])
        assert client.post(f"/v1/recordings/{recording}/upload-complete", json={}).status_code == 200
        folder = client.post("/v1/folders", json={"end_user_id": ada, "name": "Board"}).json()["id"]
        client.put(f"/v1/folders/{folder}/recordings/{recording}")
        body = {"end_user_id": ada, "scope": {"type": "library"}, "initial_message": {"content": "When is the launch?"}}
        session = client.post("/v1/ask/sessions", json=body).json()["session_id"]
        file = tmp_path / "ada.zip"
        done = fresh_place.cli("export", "--project", project.id, "--end-user", "ada", str(file), "--json")
        assert json.loads(done.stdout) == {"file": str(file), "missing_media": []}
        with zipfile.ZipFile(file) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        assert json.loads(found["person.json"])["external_id"] == "ada"
        assert [row["name"] for row in json.loads(found["recordings.json"])] == ["Kick-off"]
        segments = parse_transcript(found[f"transcripts/{recording}.vtt"], media_type="text/vtt").segments
        assert [(one.speaker, one.text) for one in segments] == [(row["speaker"], row["text"]) for row in TALK]
        assert json.loads(found[f"transcripts/{recording}.json"])["segments"] == TALK
        assert json.loads(found["folders.json"])[0] | {"id": "", "created_at": ""} == {
            "id": "", "name": "Board", "created_at": "", "recordings": [recording]}  # fmt: skip
        assert b"When is the launch?" in found[f"chats/{session}.md"]
        assert [one for name, one in found.items() if name.startswith("media/")] == [AUDIO]
        assert json.loads(found["usage.json"])[0]["answers"] == 1
        assert not [name for name, one in found.items() if b"zanzibar" in one]
        taken = client.post(
            "/v1/ask/sessions/import", json={**json.loads(found[f"chats/{session}.json"]), "end_user_id": other}
        )
        assert taken.status_code == 201
    trail = fresh_place.cli("audit", "--project", project.id, "--json").stdout
    assert "end_user.exported" in trail


def test_a_second_export_into_the_same_file_is_one_sentence(fresh_place: Place, tmp_path: Path) -> None:
    project = new_project(fresh_place)
    (tmp_path / "ada.zip").write_text("precious")
    arguments = ("export", "--project", project.id, str(tmp_path / "ada.zip"), "--end-user")
    nobody = fresh_place.cli(*arguments, "ada", check=False)
    assert (nobody.returncode, nobody.stderr.count("\n")) == (1, 1)
    assert (tmp_path / "ada.zip").read_text() == "precious"


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1).filter(
    lambda text: text.strip() == text and "\ufeff" not in text and "  " not in text
)


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**6), _TEXTS), min_size=1, max_size=5))
def test_what_is_written_as_webvtt_is_read_back(rows: list[tuple[int, int, str]]) -> None:
    segments = [Segment(start, start + length, text, "Ada & <Co>") for start, length, text in sorted(rows)]
    read = parse_transcript(render_webvtt(segments).encode(), media_type="text/vtt").segments
    assert sorted((one.start_ms, one.end_ms, one.text, one.speaker) for one in read) == sorted(
        (one.start_ms, one.end_ms, one.text, one.speaker) for one in segments
    )
