"""`/v1/imports`: exports become recordings by a job, once, whatever the archive or the process does."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.conftest import Library, error_of
from tests.server import Place, ProjectKeys, Server, new_bound_key, wait_until

VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nInes: The hive is full today.\n"
SOUND = b"\x00\x00\x00\x20ftypM4A sound"
OMI = [
    {"id": f"m{at}", "created_at": f"2026-05-2{at}T10:00:00Z", "structured": {"title": f"Walk {at}"},
     "transcript_segments": [{"text": f"Hive {at} is full.", "speaker": "SPEAKER_00", "start": 0.0, "end": 2.0}]}
    for at in range(3)
]  # fmt: skip


def packed(files: dict[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def export(**more: str) -> bytes:
    """Return an archive as services write them."""
    return packed(
        {"Orchard/Monday.vtt": VTT, "Orchard/Monday.m4a": SOUND, "omi.json": json.dumps(OMI), "README.md": "An export.",
         "Voice.mp3": b"ID3 only sound", **more}
    )  # fmt: skip


def begin(client: httpx.Client, user: str, file_name: str = "export.zip", **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/imports", json={"end_user_id": user, "file_name": file_name, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ended(client: httpx.Client, import_id: str) -> dict[str, Any]:
    """Wait for the end of an import, and return it."""

    def look() -> dict[str, Any]:
        answer = client.get(f"/v1/imports/{import_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    wait_until(lambda: look()["status"] in ("completed", "failed"), most_s=60)
    return look()


def imported(client: httpx.Client, user: str, content: bytes, file_name: str = "export.zip", **fields: Any) -> Any:
    begun = begin(client, user, file_name, **fields)
    put = httpx.put(begun["upload_url"], content=content, timeout=60)
    assert put.status_code == 200, put.text
    return ended(client, begun["id"])


def statuses(shown: dict[str, Any]) -> dict[str, str]:
    return {file["file"]: file["status"] for file in shown["files"]}


def recordings(client: httpx.Client, user: str) -> dict[str, dict[str, Any]]:
    page = client.get("/v1/recordings", params={"end_user_id": user, "limit": 100}).json()
    return {one["name"]: one for one in page["data"]}


def stored_files(place: Place, end_user_id: str) -> list[Path]:
    return [path for path in (place.data_dir / "media").rglob("*") if path.is_file() and end_user_id in path.parts]


def test_an_export_becomes_recordings_with_audio_dates_and_folders(client: httpx.Client, library: Library) -> None:
    user = library.user()
    begun = begin(client, user, file_size_bytes=len(export()))
    assert (begun["status"], begun["files"], begun["progress"]) == ("waiting", [], 0)
    put = httpx.put(begun["upload_url"], content=export(), headers={"Content-Type": "application/zip"})
    assert (put.status_code, put.json()["status"]) == (200, "running")
    shown = ended(client, begun["id"])
    assert (shown["status"], shown["progress"], shown["error"], shown["files_total"]) == ("completed", 1, None, 5)
    expected = ["Orchard/Monday.vtt", "Voice.mp3", "omi.json#1", "omi.json#2", "omi.json#3"]
    assert statuses(shown) == dict.fromkeys(expected, "imported")
    stored = recordings(client, user)
    assert set(stored) == {"Monday", "Voice", "Walk 0", "Walk 1", "Walk 2"}
    assert [one["content_type"] for one in stored["Monday"]["media"]] == ["audio/mp4"]
    assert stored["Walk 1"]["recorded_at"] == "2026-05-21T10:00:00Z"
    assert stored["Voice"]["transcription_id"] is None
    folders = client.get("/v1/folders", params={"end_user_id": user}).json()["data"]
    assert [(one["name"], one["recording_count"]) for one in folders] == [("Orchard", 1)]
    ids = {one["id"] for one in stored.values()}
    assert {file["recording_id"] for file in shown["files"]} == ids
    found = client.post("/v1/recordings/search", json={"query": "Is the hive full?", "end_user_id": user}).json()
    assert found["results"][0]["recording_id"] in ids


def test_the_same_export_again_is_skipped(client: httpx.Client, library: Library) -> None:
    user = library.user()
    first, again = imported(client, user, export()), imported(client, user, export(), "again.zip")
    assert set(statuses(again).values()) == {"skipped"}
    assert [one["recording_id"] for one in again["files"]] == [one["recording_id"] for one in first["files"]]
    assert len(recordings(client, user)) == 5


@pytest.mark.parametrize(
    ("file_name", "content", "name"),
    [
        ("notes/Hive talk.vtt", VTT.encode(), "Hive talk"),
        ("Wind.ogg", b"OggS sound", "Wind"),
        ("talk", VTT.encode(), "talk"),
    ],
)
def test_a_single_file_is_imported_by_its_content(
    client: httpx.Client, library: Library, file_name: str, content: bytes, name: str
) -> None:
    user = library.user()
    shown = imported(client, user, content, file_name)
    assert list(statuses(shown).values()) == ["imported"]
    assert set(recordings(client, user)) == {name}


def test_the_uploaded_bytes_are_deleted_at_the_end(server: Server, client: httpx.Client, library: Library) -> None:
    user = library.user()
    shown = imported(client, user, export())
    wait_until(lambda: not any(shown["id"] in path.parts for path in stored_files(server.place, user)))
    assert len(stored_files(server.place, user)) == 2, "the audio stays"


def test_a_bad_file_is_reported_and_the_rest_go_on(client: httpx.Client, library: Library) -> None:
    damaged = bytearray(export(**{"a.vtt": VTT.replace("hive", "barn"), "b.txt": "int main(void) { return 0; }\n" * 9}))
    with zipfile.ZipFile(io.BytesIO(bytes(damaged))) as archive:
        at = archive.getinfo("a.vtt").header_offset + 30 + len("a.vtt")
    damaged[at : at + 20] = b"\xff" * 20
    shown = imported(client, library.user(), bytes(damaged))
    found = statuses(shown)
    assert shown["status"] == "completed"
    assert (found.pop("a.vtt"), found.pop("b.txt")) == ("failed", "failed")
    assert set(found.values()) == {"imported"}
    errors = {file["file"]: file.get("error") for file in shown["files"]}
    assert "damaged" in str(errors["a.vtt"])
    assert errors["Voice.mp3"] is None


def _bomb() -> bytes:
    return packed({"bomb.txt": b"\0" * (64 << 20)})


def _encrypted() -> bytes:
    made = bytearray(packed({"a.vtt": VTT}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(magic) + offset] |= 1
    return bytes(made)


def _long_directory() -> bytes:
    """Return an archive whose list of files says that it is 64 MiB long."""
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFE, 0xFFFE, 64 << 20, 0, 0)
    return b"PK\x03\x04" + bytes(64 << 20) + end


def _not_utf8() -> bytes:
    return packed({"äöü.vtt": VTT}).replace("äöü".encode(), b"\xff\xfe\xfd\xfc\xfb\xfa")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (lambda: packed({"README.md": "x", "photo.jpg": "y"}), "neither"),
        (lambda: packed({"../up.vtt": VTT, "/etc/a.vtt": VTT, "__MACOSX/._b.vtt": "x"}), "neither"),
        (lambda: packed({f"{number}.vtt": "" for number in range(10_001)}), "more than 10,000"),
        (lambda: export()[:-40], "damaged"),
        (_encrypted, "encrypted"),
        (_long_directory, "more than 10,000"),
        (_not_utf8, "damaged"),
    ],
    ids=["nothing in it", "paths upwards", "too many", "cut short", "encrypted", "a long list", "names"],
)
def test_a_hostile_archive_fails_as_a_whole(
    client: httpx.Client, library: Library, content: Callable[[], bytes], problem: str
) -> None:
    user = library.user()
    shown = imported(client, user, content())
    assert (shown["status"], shown["files"]) == ("failed", [])
    assert problem in shown["error"]
    assert recordings(client, user) == {}


def test_a_file_that_unpacks_to_too_much_fails_alone(client: httpx.Client, library: Library) -> None:
    shown = imported(client, library.user(), _bomb())
    assert (shown["status"], statuses(shown)) == ("completed", {"bomb.txt": "failed"})


def test_a_chosen_folder_takes_all_and_needs_its_scope(
    server: Server, client: httpx.Client, library: Library, project: ProjectKeys
) -> None:
    user = library.user()
    folder = client.post("/v1/folders", json={"end_user_id": user, "name": "All"}).json()["id"]
    assert imported(client, user, export(), folder_id=folder)["status"] == "completed"
    assert client.get(f"/v1/folders/{folder}").json()["recording_count"] == 5
    scopes = frozenset({"recordings:write", "transcriptions:write"})
    with server.client(new_bound_key(server.place, project.id, user, scopes=scopes)) as narrow:
        refused = narrow.post("/v1/imports", json={"file_name": "a.zip", "folder_id": folder})
        assert (refused.status_code, error_of(refused)["details"]) == (403, {"scope": "folders:write"})
        imported(narrow, user, packed({"Barn/Tuesday.vtt": VTT.replace("hive", "barn")}))
    names = {one["name"] for one in client.get("/v1/folders", params={"end_user_id": user}).json()["data"]}
    assert names == {"All"}, "a key without folders:write makes none"


def test_bytes_arrive_once_and_have_the_announced_size(client: httpx.Client, library: Library) -> None:
    begun = begin(client, library.user(), "a.vtt", file_size_bytes=len(VTT))
    url = begun["upload_url"]
    assert httpx.put(url, content=b"short").status_code == 400
    assert httpx.put(url.replace("token=up_", "token=up_x"), content=VTT).status_code == 403
    assert httpx.put(url, content=VTT).status_code == 200
    assert httpx.put(url, content=VTT).status_code == 409
    ended(client, begun["id"])
    too_large = client.post("/v1/imports", json={"file_name": "a", "file_size_bytes": (4 << 30) + 1})
    assert (too_large.status_code, error_of(too_large)["param"]) == (413, "file_size_bytes")


def test_an_address_is_for_its_own_import_only(client: httpx.Client, library: Library) -> None:
    user = library.user()
    one, other = begin(client, user), begin(client, user)
    token = one["upload_url"].partition("?")[2]
    crossed = httpx.put(f"{other['upload_url'].partition('?')[0]}?{token}", content=VTT)
    assert (crossed.status_code, error_of(crossed)["code"]) == (403, "forbidden")
    assert client.get(f"/v1/imports/{other['id']}").json()["status"] == "waiting"


def test_another_end_users_import_does_not_exist(
    server: Server, client: httpx.Client, library: Library, project: ProjectKeys
) -> None:
    mine, theirs = library.user(), library.user()
    begun = begin(client, theirs)
    with server.client(new_bound_key(server.place, project.id, mine)) as bound:
        answers = [bound.get(f"/v1/imports/{one}") for one in (begun["id"], "imp_" + "x" * 24)]
        assert [one.status_code for one in answers] == [404, 404]
        own = bound.post("/v1/imports", json={"file_name": "a.vtt", "end_user_id": theirs}).json()
        assert own["end_user_id"] == mine


def test_erasing_the_end_user_takes_its_imports(server: Server, client: httpx.Client, library: Library) -> None:
    user = library.user()
    shown, waiting = imported(client, user, export()), begin(client, user)
    assert client.delete(f"/v1/end-users/{user}").status_code == 204
    assert [client.get(f"/v1/imports/{one['id']}").status_code for one in (shown, waiting)] == [404, 404]
    assert httpx.put(waiting["upload_url"], content=VTT).status_code == 404
    assert stored_files(server.place, user) == []


def test_deleting_a_recording_takes_its_line_of_the_import(client: httpx.Client, library: Library) -> None:
    shown = imported(client, library.user(), export())
    gone = next(file for file in shown["files"] if file["file"] == "Orchard/Monday.vtt")
    assert client.delete(f"/v1/recordings/{gone['recording_id']}").status_code == 204
    after = client.get(f"/v1/imports/{shown['id']}").json()
    assert after["files"] == [file for file in shown["files"] if file != gone]


def test_a_repeated_request_with_a_key_makes_one_import(client: httpx.Client, library: Library) -> None:
    body = {"end_user_id": library.user(), "file_name": "a.vtt"}
    answers = [client.post("/v1/imports", json=body, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 409], "a signed address is not kept"


def test_imports_are_listed_newest_first_by_pages_and_only_ones_own(
    server: Server, client: httpx.Client, library: Library, project: ProjectKeys
) -> None:
    mine, theirs = library.user(), library.user()
    made = [begin(client, mine, f"{at}.zip")["id"] for at in range(3)]
    other = begin(client, theirs)["id"]
    first = client.get("/v1/imports", params={"end_user_id": mine, "limit": 2}).json()
    assert first["has_more"] is True
    assert "files" not in first["data"][0]
    rest = client.get("/v1/imports", params={"end_user_id": mine, "cursor": first["next_cursor"]}).json()
    assert [one["id"] for one in first["data"] + rest["data"]] == made[::-1]
    assert rest["next_cursor"] is None
    with server.client(new_bound_key(server.place, project.id, theirs)) as bound:
        assert [one["id"] for one in bound.get("/v1/imports").json()["data"]] == [other]
        assert bound.get("/v1/imports", params={"cursor": first["next_cursor"]}).status_code == 400
    everyones = client.get("/v1/imports", params={"limit": 4}).json()["data"]
    assert [one["id"] for one in everyones] == [other, *made[::-1]]
    wrong = client.get("/v1/imports", params={"cursor": first["next_cursor"], "end_user_id": theirs})
    assert wrong.status_code == 400, "a cursor is of the list with its filter"


def test_a_file_named_transcript_is_called_as_its_folder_and_a_summary_beside_it_is_left_out(
    client: httpx.Client, library: Library
) -> None:
    user = library.user()
    files = {
        "Glass call/transcript.vtt": VTT,
        "Glass call/Glass call-summary.md": "# Summary",
        "Day/talk.txt": "Ada: Yes.",
    }
    shown = imported(client, user, packed(dict(files)))
    assert set(statuses(shown).values()) == {"imported"}
    assert set(recordings(client, user)) == {"Glass call", "talk"}
