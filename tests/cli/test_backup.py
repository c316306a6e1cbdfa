"""`earmark backup` while serving, and `earmark restore`: the same rows, answers and audio, on either database."""

from __future__ import annotations

import json
import stat
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from bench.crash_load import Faults, Person
from bench.recount import recount

from earmark.runtime import Runtime
from earmark.storage.dump import walk
from tests.http.conftest import TALK, Library
from tests.server import Place, ProjectKeys, new_project, running

AUDIO = b"ID3" + bytes(range(256)) * 20


async def _all_rows(runtime: Runtime) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    async for name, key, rows in walk(runtime.database):
        found.setdefault((name, key), []).extend(rows)
    return {piece: rows for piece, rows in found.items() if rows and piece[0] != "api_keys"}


@pytest.fixture(scope="module")
def filled(new_place: Callable[[], Place]) -> tuple[Place, ProjectKeys, dict[str, Any]]:
    """A place with a bit of everything; what a client sees of it."""
    place = new_place()
    project = new_project(place)
    with running(place) as server, server.client(project.live) as client:
        library = Library(client)
        user = library.user(external_id="ada", metadata={"a": [1, 2.5, None]})
        recording = library.recording(user, TALK, name="Kick-off ☕")
        begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/mpeg"}).json()
        assert client.put(begun["upload_url"], content=AUDIO, headers=begun["headers"]).status_code == 200
        assert client.post(f"/v1/recordings/{recording}/upload-complete", json={}).status_code == 200
        body = {
            "end_user_id": user,
            "scope": {"type": "library"},
            "initial_message": {"content": "When is the launch?"},
        }
        asked = client.post("/v1/ask/sessions", json=body, headers={"Idempotency-Key": "once"})
        assert asked.status_code == 200
        with server.client(project.test) as testing:
            testing.post("/v1/end-users", json={"name": "only in test"})
    return place, project, {"user": user, "recording": recording, "body": body, "answer": asked.content}


def _restored(file: Path, place: Place) -> Place:
    place.cli("restore", str(file))
    return place


def test_a_restored_backup_holds_the_same_rows_answers_and_audio(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], new_place: Callable[[], Place], tmp_path: Path
) -> None:
    place, project, seen = filled
    file = tmp_path / "all.zip"
    said = json.loads(place.cli("backup", str(file), "--json").stdout)
    assert (said["file"], said["rows"] > 30) == (str(file), True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for other in (new_place(), Place(tmp_path / "on-sqlite")):
        _restored(file, other)
        assert other.run(_all_rows) == place.run(_all_rows)
        assert other.run(recount) == []
        with running(other) as server, server.client(project.live) as client:
            again = client.post("/v1/ask/sessions", json=seen["body"], headers={"Idempotency-Key": "once"})
            assert (again.content, again.headers["idempotent-replayed"]) == (seen["answer"], "true")
            found = client.post("/v1/recordings/search", json={"query": "lantern launch", "end_user_id": seen["user"]})
            assert found.json()["results"][0]["recording_id"] == seen["recording"]
            link = client.get(f"/v1/recordings/{seen['recording']}/download-url").json()["download_url"]
            assert client.get(link).content == AUDIO


def test_a_backup_made_under_load_is_of_one_moment(fresh_place: Place, tmp_path: Path) -> None:
    key = new_project(fresh_place).live
    faults, stop = Faults(), threading.Event()
    with running(fresh_place) as server, ThreadPoolExecutor(4) as pool:
        with server.client(key) as client:
            people = [Person(one, client.post("/v1/end-users", json={}).json()["id"], faults) for one in range(4)]

        def work(person: Person) -> None:
            with server.client(key) as own:
                person.work(own, stop)

        loads = [pool.submit(work, person) for person in people]
        try:
            for number in range(2):
                fresh_place.cli("backup", str(tmp_path / f"{number}.zip"))
        finally:
            stop.set()
        for one in loads:
            one.result()
    assert faults == []
    for number in range(2):
        assert _restored(tmp_path / f"{number}.zip", Place(tmp_path / str(number))).run(recount) == []


def test_nothing_is_overwritten(filled: tuple[Place, ProjectKeys, dict[str, Any]], tmp_path: Path) -> None:
    place, _, _ = filled
    file = tmp_path / "all.zip"
    place.cli("backup", str(file))
    before = file.read_bytes()
    again = place.cli("backup", str(file), check=False)
    assert (again.returncode, again.stderr) == (1, f"earmark: {file} exists already.\n")
    assert file.read_bytes() == before
    into = place.cli("restore", str(file), check=False)
    assert into.returncode == 1
    assert into.stderr == "earmark: The database holds projects already; restore into an empty one.\n"
    assert place.run(recount) == []


@pytest.mark.parametrize("damage", ["text", "zip", "cut", "schema", "rows"])
def test_what_is_not_a_whole_backup_is_refused_and_changes_nothing(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], tmp_path: Path, damage: str
) -> None:
    file, bad = tmp_path / "all.zip", tmp_path / "bad.zip"
    filled[0].cli("backup", str(file))
    _damage(file, bad, damage)
    empty = Place(tmp_path / "empty")
    done = empty.cli("restore", str(bad), check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("earmark: ")
    assert empty.cli("projects", "list").stdout == ""


def _damage(file: Path, bad: Path, damage: str) -> None:
    if damage == "text":
        bad.write_text("not a zip")
        return
    if damage == "cut":
        bad.write_bytes(file.read_bytes()[:-100])
        return
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(bad, "w") as made:
        for name in whole.namelist() if damage != "zip" else ():
            content = whole.read(name)
            if damage == "schema" and name == "manifest.json":
                content = json.dumps({**json.loads(content), "schema": "9999_unknown"}).encode()
            if damage == "rows" and ".end_users." in name:
                content = content[: len(content) // 2]
            made.writestr(name, content)
        if damage == "zip":
            made.writestr("hello.txt", "hello")
