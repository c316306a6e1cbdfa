"""`earmark backup` while serving, and `earmark restore`: the same rows, answers and audio, on either database."""

from __future__ import annotations

import io
import json
import shutil
import signal
import sqlite3
import stat
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from bench.crash_load import Faults, Person
from bench.recount import recount

from earmark.cli.backup_files import NotABackupError, open_backup
from earmark.data_dir import held, last_backup_s
from earmark.runtime import Runtime
from earmark.storage.dump import COLUMNS, walk
from tests.http.conftest import TALK, Library
from tests.server import Place, ProjectKeys, new_project, running

AUDIO = b"ID3" + bytes(range(256)) * 20


async def _all_rows(runtime: Runtime) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    async for name, key, rows in walk(runtime.database):
        found.setdefault((name, key), []).extend(row for row in rows if "backup.restored" not in row)
    changed = {"api_keys", "audit_heads"}  # a use is noted; the restore is the newest event
    return {piece: rows for piece, rows in found.items() if rows and piece[0] not in changed}


@pytest.fixture(scope="module")
def filled(new_place: Callable[[], Place]) -> tuple[Place, ProjectKeys, dict[str, Any]]:
    """A place with every kind of object, and what a client sees of it."""
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
        client.post("/v1/folders", json={"end_user_id": user, "name": "Board"})
        with server.client(project.test) as testing:
            testing.post("/v1/end-users", json={"name": "only in test"})
    return place, project, {"user": user, "recording": recording, "body": body, "answer": asked.content}


def _restored(file: Path, place: Place) -> Place:
    place.cli("restore", str(file))
    return place


def test_a_restored_backup_has_the_same_rows_answers_and_audio(
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


def test_a_backup_under_load_is_of_one_moment(fresh_place: Place, tmp_path: Path) -> None:
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


def test_a_backup_never_overwrites_a_file(filled: tuple[Place, ProjectKeys, dict[str, Any]], tmp_path: Path) -> None:
    place, _, _ = filled
    file = tmp_path / "all.zip"
    place.cli("backup", str(file))
    before = file.read_bytes()
    again = place.cli("backup", str(file), check=False)
    said = f"earmark: {file} already exists; choose another name or delete it.\n"
    assert (again.returncode, again.stderr) == (1, said)
    assert file.read_bytes() == before
    into = place.cli("restore", str(file), check=False)
    assert into.returncode == 1
    assert into.stderr == "earmark: The database already has projects; restore into an empty one.\n"
    assert place.run(recount) == []


Entries = dict[str, bytes]


@pytest.fixture(scope="module")
def backup_file(filled: tuple[Place, ProjectKeys, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backup") / "all.zip"
    filled[0].cli("backup", str(file))
    return file


def check_refused(bad: Path, empty: Place, good: Path) -> str:
    """Check that a damaged file is refused in one sentence and changes nothing, and that a valid one is restored."""
    done = empty.cli("restore", str(bad), check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("earmark: ")
    assert "Traceback" not in done.stderr
    assert empty.cli("projects", "list").stdout == ""
    assert [path for path in empty.data_dir.parent.rglob("*/media/**/*") if path.is_file()] == []
    empty.cli("restore", str(good))
    assert empty.cli("projects", "list").stdout != ""
    return done.stderr


def _flip(at: int, content: bytes) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"not a zip",
        lambda whole: whole[:-100],
        lambda whole: _flip(whole.index(AUDIO) + 1_000, whole),
        lambda whole: whole.replace(_packed(whole), b"\xff" * len(_packed(whole))),
    ],
    ids=["text", "cut", "a bit of a medium", "rows that do not unpack"],
)
def test_damaged_bytes_are_refused_and_change_nothing(
    backup_file: Path, fresh_place: Place, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(damage(backup_file.read_bytes()))
    check_refused(bad, fresh_place, backup_file)


def _packed(whole: bytes) -> bytes:
    """Return the compressed bytes of the largest rows."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        info = max((one for one in archive.infolist() if one.filename.startswith("rows/")),
                   key=lambda one: one.compress_size)  # fmt: skip
    start = info.header_offset + 30 + len(info.filename)
    return whole[start : start + info.compress_size]


def _of(entries: Entries, part: str) -> str:
    return next(name for name in entries if part in name)


def _renamed(entries: Entries, part: str, name: str) -> Entries:
    old = _of(entries, part)
    return {name if one == old else one: content for one, content in entries.items()}


def _without(entries: Entries, part: str) -> Entries:
    return {name: content for name, content in entries.items() if name != _of(entries, part)}


def _with(entries: Entries, part: str, content: Any) -> Entries:
    return {**entries, _of(entries, part): content if isinstance(content, bytes) else json.dumps(content).encode()}


def _manifest(entries: Entries, **values: Any) -> Entries:
    return _with(entries, "manifest", {**json.loads(entries["manifest.json"]), **values})


def _row(entries: Entries, table: str, at: int, value: Any) -> Entries:
    """Return an archive with another value in a table's first row."""
    name = _of(entries, f".{table}.")
    first, *rest = entries[name].splitlines(keepends=True)
    values = json.loads(first)
    values[at] = value
    return {**entries, name: orjson.dumps(values) + b"\n" + b"".join(rest)}


def _poisoned(entries: Entries) -> Entries:
    """Return an archive with a row and an entry whose path leaves the media folder."""
    at = COLUMNS["media"].index("end_user_id")
    name = _of(entries, "media/")
    parts = name.split("/")
    return _renamed(_row(entries, "media", at, ".."), "media/", "/".join([*parts[:2], "..", *parts[3:]]))


DAMAGES: dict[str, Callable[[Entries], Entries]] = {
    "another zip": lambda entries: {"hello.txt": b"hello"},
    "a schema that is not known": lambda entries: _manifest(entries, schema="9999_unknown"),
    "a schema that steers terminals": lambda entries: _manifest(entries, schema="\x1b[2J\n"),
    "a schema that is a number": lambda entries: _manifest(entries, schema=5),
    "half a row": lambda entries: _with(entries, ".end_users.", entries[_of(entries, ".end_users.")][:20]),
    "a manifest that is a list": lambda entries: _with(entries, "manifest", []),
    "a manifest that is a number": lambda entries: _with(entries, "manifest", 5),
    "a manifest that is not JSON": lambda entries: _with(entries, "manifest", b"{"),
    "media left out in a number": lambda entries: _manifest(entries, left_out=5),
    "a row that is a number": lambda entries: _with(entries, ".end_users.", 5),
    "a row that is an object": lambda entries: _with(entries, ".end_users.", {}),
    "a text that is a list": lambda entries: _row(entries, "projects", 1, []),
    "a text that is too long": lambda entries: _row(entries, "projects", 1, "a" * 256),
    "a line without an end": lambda entries: _with(entries, ".end_users.", b"[" * 1_000_000),
    "a number that is too large": lambda entries: _row(entries, "end_users", 2, 1 << 63),
    "bytes that are a number": lambda entries: _row(entries, "api_keys", COLUMNS["api_keys"].index("secret_hash"), 5),
    "a row of nobody's tenant": lambda entries: _row(entries, "end_users", 0, 77),
    "a row without its parent": lambda entries: _row(entries, "folders", 2, "eu_nobody"),
    "rows that are gone": lambda entries: _without(entries, ".ask_messages."),
    "rows of a table that is not ours": lambda entries: {**entries, "rows/00000099.sqlite_master..ndjson": b"[]"},
    "a medium that is gone": lambda entries: _without(entries, "media/"),
    "a medium with other bytes": lambda entries: _with(entries, "media/", b"other bytes"),
    "a medium that leaves its folder": lambda entries: _renamed(entries, "media/", "media/../../evil"),
    "a medium that leaves its folder with its row": _poisoned,
    "a medium without a name": lambda entries: _renamed(entries, "media/", "media/"),
    "a medium of no row": lambda entries: {**entries, f"media/1/eu_a/rec_a/med_a-{'0' * 64}": b""},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_invalid_backup_is_refused_and_changes_nothing(
    backup_file: Path, fresh_place: Place, tmp_path: Path, damage: str
) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(backup_file) as whole, zipfile.ZipFile(bad, "w") as made:
        for name, content in DAMAGES[damage]({name: whole.read(name) for name in whole.namelist()}).items():
            made.writestr(name, content)
    assert "\x1b" not in check_refused(bad, fresh_place, backup_file)


def test_a_text_that_is_too_long_is_named_by_its_table_and_column(
    backup_file: Path, fresh_place: Place, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(backup_file) as whole, zipfile.ZipFile(bad, "w") as made:
        entries = {name: whole.read(name) for name in whole.namelist()}
        at = COLUMNS["ask_sessions"].index("title")
        for name, content in _row(entries, "ask_sessions", at, "😀" * 101).items():
            made.writestr(name, content)
    refusal = check_refused(bad, fresh_place, backup_file)
    assert refusal == "earmark: The backup has a row of ask_sessions whose title has more than 200 characters.\n"


def test_each_tenants_audit_trail_records_backups_and_restores(fresh_place: Place, tmp_path: Path) -> None:
    projects = [new_project(fresh_place, name).id for name in ("one", "two")]
    fresh_place.cli("backup", str(tmp_path / "all.zip"))
    other = _restored(tmp_path / "all.zip", Place(tmp_path / "other"))
    for project in projects:
        for mode in ("live", "test"):
            trail = other.cli("audit", "--project", project, "--mode", mode, "--json").stdout
            events = [json.loads(line) for line in trail.splitlines()]
            assert [event["action"] for event in events[-2:]] == ["backup.written", "backup.restored"]
            assert {event["actor"] for event in events} == {"operator"}
    trails = [json.loads(line) for line in other.cli("audit", "verify", "--json").stdout.splitlines()]
    assert [(one["ok"], one["fault"]) for one in trails] == [(True, None)] * 4


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_restore_is_refused_while_a_server_runs(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], backup_file: Path, fresh_place: Place, workers: str
) -> None:
    with running(fresh_place, "--workers", workers) as server:
        done = fresh_place.cli("restore", str(backup_file), check=False)
        said = f"A server or another command is using the data in {fresh_place.data_dir}; stop it, then restore."
        assert (done.returncode, done.stderr) == (1, f"earmark: {said}\n")
        assert fresh_place.cli("projects", "list").stdout == ""
        if workers == "1":
            server.stop(signal.SIGKILL)  # the lock ends with its process
    _restored(backup_file, fresh_place)
    with running(fresh_place) as server, server.client(filled[1].live) as client:
        link = client.get(f"/v1/recordings/{filled[2]['recording']}/download-url").json()["download_url"]
        assert client.get(link).content == AUDIO


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("projects", "list"), ("doctor",)], ids=" ".join)
def test_commands_are_refused_during_a_restore(fresh_place: Place, command: tuple[str, ...]) -> None:
    with held(fresh_place.data_dir, alone=True):
        done = fresh_place.cli(*command, check=False)
    assert done.returncode == 1
    assert f"The data in {fresh_place.data_dir} is being restored; try again when that is done.\n" in (
        done.stdout + done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["backup", "export"])
def test_nothing_leaves_without_its_event(tmp_path: Path, command: str) -> None:
    place = Place(tmp_path / "sqlite")
    project = new_project(place)
    (tmp_path / "talk.txt").write_text("Ada: We move the launch.\n")
    place.cli("import", str(tmp_path / "talk.txt"), "--project", project.id, "--end-user", "ada")
    with closing(sqlite3.connect(place.data_dir / "earmark.db")) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'full'); END")
    (folder := tmp_path / "out").mkdir()
    whose = ("--project", project.id, "--end-user", "ada") if command == "export" else ()
    done = place.cli(command, *whose, str(folder / "all.zip"), check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert list(folder.iterdir()) == []


def test_media_that_are_lost_are_named_and_the_rest_is_backed_up(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], backup_file: Path, new_place: Callable[[], Place], tmp_path: Path
) -> None:
    place, project, seen = new_place(), filled[1], filled[2]
    place.cli("restore", str(backup_file))
    (path,) = (path for path in (place.data_dir / "media").rglob("med_*"))
    for number, damage in enumerate((lambda: path.write_bytes(AUDIO[:-1]), path.unlink)):
        damage()
        file = tmp_path / f"{number}.zip"
        done = place.cli("backup", str(file), "--json", check=False)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        (medium,) = json.loads(done.stdout)["missing_media"]
        assert done.stderr.startswith(f"earmark: The bytes of {medium} of {seen['recording']} are missing or damaged")
        exported = tmp_path / f"ada-{number}.zip"
        done = place.cli("export", "--project", project.id, "--end-user", "ada", str(exported), "--json", check=False)
        assert (done.returncode, json.loads(done.stdout)) == (1, {"file": str(exported), "missing_media": [medium]})
        assert done.stderr.startswith(f"earmark: The bytes of {medium} of {seen['recording']} are missing or damaged")
        with zipfile.ZipFile(exported) as archive:
            assert medium in archive.read("README.txt").decode()
        other = _restored(file, new_place())
        assert other.cli("projects", "list").stdout == place.cli("projects", "list").stdout
        assert list((other.data_dir / "media").rglob("med_*")) == []


_MIB = 1 << 20
BOMBS: dict[str, Callable[[], Iterator[bytes]]] = {
    "a long line": lambda: iter([b'["', *[b"a" * _MIB] * 200, b'"]']),
    "a list of lists": lambda: iter([b"[", *[b"[]," * (_MIB // 3)] * 5, b"[]]"]),
    "a list of many texts": lambda: iter([b"[", *[b'"ab",' * (_MIB // 5)] * 5, b'"ab"]']),
    "many equal tenants": lambda: iter([b'[1,"proj_a","live",0]\n' * (_MIB // 22)] * 200),
}


def _bomb(file: Path, whole: Path, entry: str, content: Iterator[bytes]) -> None:
    """Write a backup in which one entry is a few bytes in the file and many when it is unpacked."""
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in old.namelist():
            if entry not in name:
                made.writestr(name, old.read(name))
                continue
            with made.open(name, "w") as written:
                for piece in content:
                    written.write(piece)


@pytest.mark.parametrize("entry", ["manifest.json", ".tenants.", ".vector_blocks."])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_backup_that_unpacks_to_much_more_is_refused_without_taking_memory(
    backup_file: Path, tmp_path: Path, entry: str, bomb: str
) -> None:
    file = tmp_path / "bomb.zip"
    _bomb(file, backup_file, entry, BOMBS[bomb]())
    tracemalloc.start()
    try:
        with pytest.raises(NotABackupError), open_backup(file):
            pass
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 * _MIB


def test_a_refused_bomb_says_why_and_changes_nothing(backup_file: Path, fresh_place: Place, tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    _bomb(file, backup_file, ".segments.", BOMBS["a long line"]())
    said = "earmark: The file is not a backup of earmark: a line unpacks to more than a backup compresses.\n"
    assert check_refused(file, fresh_place, backup_file) == said


def test_a_row_that_is_longer_than_what_is_compressed_is_backed_up_and_restored(
    backup_file: Path, fresh_place: Place, tmp_path: Path
) -> None:
    long, file = tmp_path / "given.zip", tmp_path / "long.zip"
    with zipfile.ZipFile(backup_file) as whole, zipfile.ZipFile(long, "w") as made:  # stored
        entries = {name: whole.read(name) for name in whole.namelist()}
        at = COLUMNS["ask_messages"].index("content")
        for name, content in _row(entries, "ask_messages", at, "☕" * 4 * _MIB).items():
            made.writestr(name, content)
    _restored(long, fresh_place)
    fresh_place.cli("backup", str(file))
    with zipfile.ZipFile(file) as archive:
        stored = [one.filename for one in archive.infolist() if one.compress_type == zipfile.ZIP_STORED]
    assert [".ask_messages." in name for name in stored if "media/" not in name] == [True]
    other = _restored(file, Place(tmp_path / "other"))
    assert other.run(_all_rows) == fresh_place.run(_all_rows)


# ---- verify, and backups that are written again and again ---------------------------------------------


def test_a_drill_says_what_it_found_and_leaves_nothing(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], backup_file: Path, tmp_path: Path
) -> None:
    place, folder = filled[0], tmp_path / "drills"
    folder.mkdir()
    said = place.cli("backup", "verify", str(backup_file), "--into", str(folder)).stdout.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        f"ok   {check}" for check in ("file", "restore", "rows", "media", "audit", "index")
    ]
    assert f"1 files, {len(AUDIO)} bytes" in said[3]
    assert list(folder.iterdir()) == []
    assert place.run(recount) == []


@pytest.mark.parametrize("damage", ["a medium with other bytes", "a row without its parent", "rows that are gone"])
def test_a_drill_refuses_what_a_restore_refuses(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], backup_file: Path, tmp_path: Path, damage: str
) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(backup_file) as whole, zipfile.ZipFile(bad, "w") as made:
        for name, content in DAMAGES[damage]({name: whole.read(name) for name in whole.namelist()}).items():
            made.writestr(name, content)
    done = filled[0].cli("backup", "verify", str(bad), check=False)
    assert done.returncode == 1
    assert "not a backup of earmark, or it is damaged" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def _forged(entries: Entries) -> Entries:
    """Return an archive whose rows are all valid, and whose audit trail was altered."""
    return _row(entries, "audit_events", COLUMNS["audit_events"].index("action"), "key.revoked")


def test_a_drill_finds_an_audit_trail_that_was_altered(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], backup_file: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(backup_file) as whole, zipfile.ZipFile(bad, "w") as made:
        for name, content in _forged({name: whole.read(name) for name in whole.namelist()}).items():
            made.writestr(name, content)
    done = filled[0].cli("backup", "verify", str(bad), "--json", check=False)
    found = {one["check"]: one["ok"] for one in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, found["rows"], found["audit"]) == (1, True, False)


def test_of_backups_in_a_folder_the_newest_are_kept_and_nothing_else_is_touched(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], tmp_path: Path
) -> None:
    place = filled[0]
    old = ["earmark-20200101T000000Z.zip", "earmark-20200102T000000Z.zip"]
    for name in [*old, "earmark-old.zip", "notes.txt"]:
        (tmp_path / name).write_text("x")
    said = json.loads(place.cli("backup", str(tmp_path), "--keep", "2", "--json").stdout)
    assert said["deleted"] == [str(tmp_path / old[0])]
    assert {path.name for path in tmp_path.iterdir()} == {
        Path(said["file"]).name,
        old[1],
        "earmark-old.zip",
        "notes.txt",
    }
    checked = place.cli("backup", "verify", str(tmp_path)).stdout
    assert checked.startswith(f"ok   file: {said['file']}: {said['rows']} rows")


def test_keeping_needs_a_folder_and_a_drill_a_backup(
    filled: tuple[Place, ProjectKeys, dict[str, Any]], tmp_path: Path
) -> None:
    missing, empty = tmp_path / "missing", tmp_path
    done = filled[0].cli("backup", "write", str(missing), "--keep", "2", check=False)
    assert (done.returncode, done.stderr.count("is not a folder")) == (2, 1)
    done = filled[0].cli("backup", "verify", str(empty), check=False)
    assert (done.returncode, done.stderr.count("has no backup")) == (2, 1)


def test_a_backup_that_lacks_media_deletes_no_older_one(
    backup_file: Path, new_place: Callable[[], Place], tmp_path: Path
) -> None:
    place = new_place()
    place.cli("restore", str(backup_file))
    (path,) = (path for path in (place.data_dir / "media").rglob("med_*"))
    path.unlink()
    (older := tmp_path / "earmark-20200101T000000Z.zip").write_text("x")
    done = place.cli("backup", "--keep", "1", str(tmp_path), check=False)
    assert done.returncode == 1
    assert older.exists()
    assert last_backup_s(place.data_dir) is None
    place.cli("backup", str(tmp_path / "again.zip"), check=False)
    said = place.cli("backup", "verify", str(tmp_path / "again.zip")).stdout
    assert "warn left out: 1 media were missing, damaged or deleted" in said


@pytest.mark.parametrize(
    "command",
    [("backup", "x.zip"), ("backup", "write", "--keep", "2", "."), ("projects", "list"), ("doctor",), ("jobs", "list")],
    ids=" ".join,
)
def test_commands_that_only_read_create_no_database(
    empty_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = empty_place.cli(*command, check=False)
    assert done.returncode == 1
    assert "holds no data of earmark" in done.stdout + done.stderr
    if empty_place.database_url is None:
        assert not empty_place.data_dir.exists()
    assert list(tmp_path.rglob("*.zip")) == []


def test_a_backup_of_another_installation_deletes_no_older_one(
    backup_file: Path, new_place: Callable[[], Place], tmp_path: Path
) -> None:
    """As when the data folder is not mounted, and something has begun a new installation in its place."""
    older = [tmp_path / f"earmark-2020010{number}T000000Z.zip" for number in (1, 2)]
    for path in older:
        shutil.copy(backup_file, path)
    other = new_place()
    other.cli("projects", "create", "Somebody else's")
    done = other.cli("backup", "write", "--keep", "1", str(tmp_path), check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "earmark-20200101T000000Z.zip is of another installation" in done.stderr
    (strange,) = {*tmp_path.glob("earmark-*.zip")} - {*older}
    strange.rename(strange := tmp_path / "earmark-20200103T000000Z.zip")
    restored = _restored(backup_file, Place(tmp_path / "restored"))
    restored.cli("backup", "write", "--keep", "1", str(tmp_path), check=False)
    assert all(path.exists() for path in older)  # the stranger's file lies there still
    (kept,) = {*tmp_path.glob("earmark-*.zip")} - {*older, strange}
    kept.rename(tmp_path / "earmark-20200104T000000Z.zip")  # the next may be of the same second
    strange.unlink()
    said = json.loads(restored.cli("backup", "write", "--keep", "2", str(tmp_path), "--json").stdout)
    assert said["deleted"] == [str(path) for path in older]
