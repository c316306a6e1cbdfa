"""`earmark export`: all data of one person, and none of another."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.ask.turns import usage
from earmark.ask.types import Message, Tokens
from earmark.clock import parse_time
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.runtime import Runtime
from earmark.text import printable
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import Segment
from earmark.transcripts.writing import render_webvtt
from tests.http.conftest import TALK, Library
from tests.server import Place, new_project, running

AUDIO = b"ID3" + bytes(range(256)) * 4


def test_an_export_has_all_data_of_one_person_and_none_of_another(fresh_place: Place, tmp_path: Path) -> None:
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
        client.post("/v1/imports", json={"end_user_id": ada, "file_name": "walks.zip"})
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
        assert [one["file_name"] for one in json.loads(found["imports.json"])] == ["walks.zip"]
        assert json.loads(found["usage.json"])[0]["answers"] == 1
        assert not [name for name, one in found.items() if b"zanzibar" in one]
        taken = client.post(
            "/v1/ask/sessions/import", json={**json.loads(found[f"chats/{session}.json"]), "end_user_id": other}
        )
        assert taken.status_code == 201
    trail = fresh_place.cli("audit", "--project", project.id, "--json").stdout
    assert "end_user.exported" in trail


def test_an_export_has_what_was_corrected_and_the_words_as_they_came(fresh_place: Place, tmp_path: Path) -> None:
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        library = Library(client)
        recording = library.recording(library.user(external_id="ada"), TALK)
        transcription = client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
        body = {"revision": 1, "speakers": {"Linus": "Torvald"}, "segments": [{"index": 0, "text": "Corrected."}]}
        assert client.patch(f"/v1/transcriptions/{transcription}", json=body).status_code == 200
        file = tmp_path / "ada.zip"
        fresh_place.cli("export", "--project", project.id, "--end-user", "ada", str(file), "--json")
    with zipfile.ZipFile(file) as archive:
        shown = json.loads(archive.read(f"corrections/{recording}.json"))
    assert shown["revision"] == 2
    assert [one["text"] for one in shown["original_segments"]] == [one["text"] for one in TALK]
    (revision,) = shown["history"]
    assert [one["new_value"] for one in revision["changes"]] == ["Torvald", "Corrected."]


def test_a_second_export_into_the_same_file_is_refused_in_one_sentence(fresh_place: Place, tmp_path: Path) -> None:
    project = new_project(fresh_place)
    (tmp_path / "ada.zip").write_text("precious")
    arguments = ("export", "--project", project.id, str(tmp_path / "ada.zip"), "--end-user")
    nobody = fresh_place.cli(*arguments, "ada", check=False)
    assert (nobody.returncode, nobody.stderr.count("\n")) == (1, 1)
    assert (tmp_path / "ada.zip").read_text() == "precious"


def test_an_export_has_all_fields_of_a_recording_and_uploads_that_were_not_completed(
    fresh_place: Place, tmp_path: Path
) -> None:
    project = new_project(fresh_place)
    times = {"recorded_at": "2026-05-20T10:00:00Z", "ended_at": "2026-05-20T11:00:00Z"}
    with running(fresh_place) as server, server.client(project.live) as client:
        ada = Library(client).user(external_id="ada")
        recording = client.post("/v1/recordings", json={"end_user_id": ada, **times}).json()["id"]
        for number, claim in enumerate(({}, None, {"content_sha256": "0" * 64})):
            begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/mpeg"}).json()
            client.put(begun["upload_url"], content=AUDIO + bytes([number]), headers=begun["headers"])
            if claim is not None:
                body = {"media_id": begun["media_id"], **claim}
                done = client.post(f"/v1/recordings/{recording}/upload-complete", json=body)
                assert done.status_code == (409 if claim else 200)
        shown = client.get(f"/v1/recordings/{recording}").json()
    fresh_place.cli("export", "--project", project.id, "--end-user", "ada", str(tmp_path / "ada.zip"))
    with zipfile.ZipFile(tmp_path / "ada.zip") as archive:
        (row,) = json.loads(archive.read("recordings.json"))
        (medium,), (unfinished,) = row["media"], row["uploads_not_completed"]
        assert [archive.read(medium), archive.read(unfinished)] == [AUDIO + b"\0", AUDIO + b"\1"]
        assert [name for name in archive.namelist() if name.startswith("media/")] == [unfinished, medium]
    assert (row["status"], row["content_sha256"]) == ("uploaded", hashlib.sha256(AUDIO + b"\0").hexdigest())
    assert {name: row[name] for name in row.keys() & shown.keys() - {"media"}} == {
        name: shown[name] for name in row.keys() & shown.keys() - {"media"}
    }
    assert {"ended_at", "status", "content_sha256", "updated_at"} <= row.keys() & shown.keys()
    fresh_place.cli("backup", str(tmp_path / "all.zip"))  # a failed upload has no stored bytes that could be missing
    other = Place(tmp_path / "other")
    other.cli("restore", str(tmp_path / "all.zip"))
    assert len(list((other.data_dir / "media").rglob("med_*"))) == 2


async def test_usage_is_exported_completely(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MOST_ROWS", 2)
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "use")).id, "live")
    ada, other = await create_end_user(tenant), await create_end_user(tenant)
    days = ("2026-05-01", "2026-05-02", "2026-05-03")
    wanted = sorted((day, ada.id, "earmark", model) for day in days for model in ("a", "b"))
    async with tenant.writing() as unit:
        for day, whose, provider, model in [*wanted, ("2026-05-01", other.id, "earmark", "a")]:
            created_us = parse_time(f"{day}T10:00:00Z")
            answer = Message("msg_a", 1, "assistant", "", "[]", model, provider, "stop", created_us, Tokens())
            await usage.count_answer(unit, whose, answer)
    found = [one async for one in usage.walk_usage(tenant.acting_for(ada.id, ada.number))]
    assert [one[:5] for one in found] == [(*one, 1) for one in wanted]


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1).filter(
    lambda text: text.strip() == text and "\ufeff" not in text and "  " not in text
)


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**6), _TEXTS), min_size=1, max_size=5))
def test_exported_webvtt_can_be_imported(rows: list[tuple[int, int, str]]) -> None:
    segments = [Segment(start, start + length, text, "Ada & <Co>") for start, length, text in sorted(rows)]
    read = parse_transcript(render_webvtt(segments).encode(), media_type="text/vtt").segments
    assert sorted((one.start_ms, one.end_ms, one.text, one.speaker) for one in read) == sorted(
        (one.start_ms, one.end_ms, printable(one.text), one.speaker) for one in segments
    )


def test_the_same_word_from_many_people_is_exported_and_imported_as_often() -> None:
    said = [Segment(at, at + 500, "No.", "Ada & <Co>") for at in range(0, 4_000, 500)]
    rolls_on = [Segment(4_000, 4_500, "No. Never.", "Bo"), Segment(4_500, 5_000, "No. Never. Not once.", "Bo")]
    read = parse_transcript(render_webvtt([*said, *rolls_on]).encode(), media_type="text/vtt").segments
    assert [one.text for one in read] == [one.text for one in [*said, *rolls_on]]
