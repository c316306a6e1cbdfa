"""The command line, as people and scripts use it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from earmark.cli import doctor
from earmark.identity.projects import get_tenant
from earmark.library.end_users import create_end_user, find_end_user
from earmark.library.recordings import get_recording, list_recordings
from earmark.library.types import Page, Recording, RecordingFilters
from earmark.runtime import Runtime
from earmark.storage.migrate import migrate_sqlite
from earmark.storage.sqlite_version import warn_of_version
from tests.cli.transcripts import FORMS, LAUNCH, PRICE, column, json_lines, native, written
from tests.server import Place, running

Done = subprocess.CompletedProcess[str]
QUESTION = "When is the launch of the lantern?"


def check_mistake(done: Done, code: int) -> str:
    """Check that a command failed with one sentence and no traceback; return the sentence."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("earmark: ")
    return lines[0]


def run_import(desk: Place, project: str, user: str, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Import with `--json`; return the lines."""
    done = desk.cli("import", *arguments, "--project", project, "--end-user", user, "--json", check=False)
    assert done.returncode == code, done.stderr
    return json_lines(done.stdout)


def recordings_of(desk: Place, project: str, user: str, mode: str = "live") -> list[Recording]:
    """Return an end user's recordings, newest first."""

    async def work(runtime: Runtime) -> list[Recording]:
        tenant = await get_tenant(runtime.operator, project, mode)  # type: ignore[arg-type]
        owner = await find_end_user(tenant, user)
        return await list_recordings(tenant, Page(100), RecordingFilters(owner.id)) if owner else []

    return desk.run(work)


# ---- projects and keys -----------------------------------------------------------------------------


def test_a_new_project_is_printed_with_id_and_name(fresh_place: Place) -> None:
    made = json.loads(fresh_place.cli("projects", "create", "Lanterns & Co", "--json").stdout)
    assert re.fullmatch("proj_[A-Za-z0-9]{24}", made.pop("id"))
    assert made == {"name": "Lanterns & Co"}


def test_projects_are_listed_oldest_first(fresh_place: Place) -> None:
    ids = [fresh_place.cli("projects", "create", name).stdout.strip() for name in ("One", "Two")]
    listed = json_lines(fresh_place.cli("projects", "list", "--json").stdout)
    assert listed == [{"id": ids[0], "name": "One"}, {"id": ids[1], "name": "Two"}]


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_new_key_has_its_mode_in_its_prefix(desk: Place, project: str, mode: str) -> None:
    done = desk.cli("keys", "create", "--project", project, "--mode", mode, "--json")
    key = json.loads(done.stdout)
    assert {"id", "key"} <= set(key)
    assert re.fullmatch(rf"sk_{mode}_[A-Za-z0-9]{{33,128}}", key["key"])
    assert (key["project_id"], key["mode"], key["end_user_id"], key["expires_at"]) == (project, mode, None, None)


def test_without_json_a_new_key_is_the_only_thing_printed(desk: Place, project: str) -> None:
    assert re.fullmatch(r"sk_live_\w+\n", desk.cli("keys", "create", "--project", project).stdout)


def test_listed_keys_show_no_secret(desk: Place, project: str) -> None:
    made = json.loads(desk.cli("keys", "create", "--project", project, "--label", "for tests", "--json").stdout)
    listed = desk.cli("keys", "list", "--project", project, "--json").stdout
    assert made["key"] not in listed
    row = next(one for one in json_lines(listed) if one["id"] == made["id"])
    assert (row["hint"], row["label"], row["revoked_at"]) == (made["key"][-4:], "for tests", None)


def test_a_revoked_key_is_listed_as_revoked(desk: Place, project: str) -> None:
    key = json.loads(desk.cli("keys", "create", "--project", project, "--json").stdout)["id"]
    assert json.loads(desk.cli("keys", "revoke", key, "--project", project, "--json").stdout)["id"] == key
    listed = {row["id"]: row for row in json_lines(desk.cli("keys", "list", "--project", project, "--json").stdout)}
    assert listed[key]["revoked_at"]


def test_an_expiry_is_shown_in_utc(desk: Place, project: str) -> None:
    expiry = ("--expires-at", "2999-01-31T02:00:00+02:00")
    key = json.loads(desk.cli("keys", "create", "--project", project, *expiry, "--json").stdout)
    assert key["expires_at"] == "2999-01-31T00:00:00Z"


def test_a_key_for_an_unknown_end_user_is_refused_in_one_sentence(desk: Place, project: str) -> None:
    check_mistake(desk.cli("keys", "create", "--project", project, "--end-user", "eu_nobody", check=False), 1)


def test_with_scopes_a_key_is_restricted_to_them(desk: Place, project: str) -> None:
    scopes = ("--scope", "recordings:read", "--scope", "ask:write")
    key = json.loads(desk.cli("keys", "create", "--project", project, *scopes, "--json").stdout)
    assert re.fullmatch(r"rk_live_[A-Za-z0-9]{33,128}", key["key"])
    assert key["scopes"] == ["ask:write", "recordings:read"]
    listed = json_lines(desk.cli("keys", "list", "--project", project, "--json").stdout)
    row = next(one for one in listed if one["id"] == key["id"])
    assert (row["kind"], row["scopes"], row["last_used_at"]) == ("key", ["ask:write", "recordings:read"], None)


def test_a_rotated_key_is_replaced_by_a_new_secret(desk: Place, project: str) -> None:
    old = json.loads(desk.cli("keys", "create", "--project", project, "--scope", "ask:read", "--json").stdout)
    new = json.loads(desk.cli("keys", "rotate", old["id"], "--project", project, "--json").stdout)
    assert new["replaces"] == old["id"]
    assert re.fullmatch(r"rk_live_[A-Za-z0-9]{33,128}", new["key"])
    check_mistake(desk.cli("keys", "rotate", old["id"], "--project", project, check=False), 1)
    kept = desk.cli("keys", "rotate", new["id"], "--project", project, "--grace", "24h").stdout
    assert re.fullmatch(r"rk_live_\w+\n", kept)
    listed = {row["id"]: row for row in json_lines(desk.cli("keys", "list", "--project", project, "--json").stdout)}
    assert (listed[old["id"]]["revoked_at"] is None, listed[new["id"]]["revoked_at"]) == (False, None)
    assert listed[new["id"]]["expires_at"]


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_keys_id_is_enough_to_rotate_and_revoke_it(desk: Place, project: str, mode: str) -> None:
    old = json.loads(desk.cli("keys", "create", "--project", project, "--mode", mode, "--json").stdout)["id"]
    new = json.loads(desk.cli("keys", "rotate", old, "--grace", "24h", "--json").stdout)
    assert (new["replaces"], new["key"].startswith(f"sk_{mode}_")) == (old, True)
    desk.cli("keys", "revoke", new["id"])
    listed = json_lines(desk.cli("keys", "list", "--project", project, "--mode", mode, "--json").stdout)
    assert {row["id"]: row["revoked_at"] is not None for row in listed}.items() >= {old: False, new["id"]: True}.items()
    check_mistake(desk.cli("keys", "revoke", "key_unknown", check=False), 1)


def test_a_key_is_not_revoked_in_a_project_that_is_not_its_own(desk: Place, project: str, fresh_project: str) -> None:
    key = json.loads(desk.cli("keys", "create", "--project", project, "--json").stdout)["id"]
    check_mistake(desk.cli("keys", "revoke", key, "--project", fresh_project, check=False), 1)
    check_mistake(desk.cli("keys", "revoke", key, "--mode", "test", check=False), 1)
    (line,) = (one for one in desk.cli("keys", "list", "--project", project).stdout.splitlines() if key in one)
    assert "active" in line


def test_listed_keys_show_their_label_and_until_when_they_work(desk: Place, fresh_project: str) -> None:
    made = desk.cli("keys", "create", "--project", fresh_project, "--label", "Billing service", "--json").stdout
    key = json.loads(made)["id"]
    assert (
        desk.cli("keys", "list", "--project", fresh_project).stdout.rstrip().endswith("whole project  Billing service")
    )
    desk.cli("keys", "rotate", key, "--grace", "24h")
    rows = json_lines(desk.cli("keys", "list", "--project", fresh_project, "--json").stdout)
    ends = next(row["expires_at"] for row in rows if row["id"] == key)
    lines = desk.cli("keys", "list", "--project", fresh_project).stdout.splitlines()
    assert [line.endswith(f"  until {ends}  Billing service") for line in lines] == [row["id"] == key for row in rows]


def test_the_newest_audit_events_are_shown_newest_first(desk: Place, fresh_project: str) -> None:
    for _ in range(3):
        desk.cli("keys", "create", "--project", fresh_project)
    everything = json_lines(desk.cli("audit", "--project", fresh_project, "--json").stdout)
    newest = json_lines(desk.cli("audit", "--project", fresh_project, "--limit", "2", "--json").stdout)
    assert newest == everything[:-3:-1]


def test_the_audit_trail_says_who_did_what(desk: Place, project: str, fresh_project: str) -> None:
    key = json.loads(desk.cli("keys", "create", "--project", fresh_project, "--json").stdout)
    desk.cli("keys", "revoke", key["id"], "--project", fresh_project)
    events = json_lines(desk.cli("audit", "--project", fresh_project, "--json").stdout)
    assert [(one["actor"], one["action"], one["object_id"]) for one in events] == [
        ("operator", "key.created", key["id"]), ("operator", "key.revoked", key["id"])]  # fmt: skip
    assert key["key"] not in json.dumps(events)
    assert len(desk.cli("audit", "--project", fresh_project).stdout.splitlines()) == 2
    missing = desk.cli("audit", check=False)
    assert (missing.returncode, missing.stderr.startswith("earmark: Give --project")) == (2, True)


def test_a_console_link_is_one_line_for_a_person_and_json_for_a_script(desk: Place, project: str) -> None:
    line = desk.cli("console-link", "--project", project).stdout
    assert re.fullmatch(r"http://127\.0\.0\.1:8787/console#code=[A-Za-z0-9]{43}\n", line)
    shown = json.loads(desk.cli("console-link", "--project", project, "--json").stdout)
    assert set(shown) == {"url", "expires_at"}
    assert shown["url"] not in line  # each call creates a new one
    unknown = ("console-link", "--project", project, "--end-user", "nobody")
    check_mistake(desk.cli(*unknown, check=False), 1)


def test_revoking_an_unknown_key_is_refused_in_one_sentence(desk: Place, project: str) -> None:
    check_mistake(desk.cli("keys", "revoke", "key_unknown", "--project", project, check=False), 1)


# ---- import ----------------------------------------------------------------------------------------


def test_every_form_of_transcript_is_imported(desk: Place, project: str, tmp_path: Path) -> None:
    paths = written(tmp_path, FORMS)
    rows = run_import(desk, project, "forms", *paths)
    assert column(rows, "file") == paths
    assert column(rows, "status") == ["imported"] * len(FORMS)
    assert all(set(row) == {"file", "status", "recording_id"} for row in rows)
    stored = {one.id: one for one in recordings_of(desk, project, "forms")}
    assert [stored[row["recording_id"]].name for row in rows] == [Path(path).stem for path in paths]
    assert {one.status for one in stored.values()} == {"completed"}


def test_an_invalid_file_is_reported_and_the_others_are_imported(desk: Place, project: str, tmp_path: Path) -> None:
    files = {"a.vtt": FORMS["cues.vtt"], "bad.vtt": "WEBVTT\n\n00:99:00.000 --> 00:99:05.000\nNo such time\n",
             "bad.json": '{"segments": [}', "z.srt": FORMS["cues.srt"]}  # fmt: skip
    rows = run_import(desk, project, "mixed", *written(tmp_path, files), code=1)
    assert column(rows, "status") == ["imported", "failed", "failed", "imported"]
    assert [row["recording_id"] is None for row in rows] == [False, True, True, False]
    assert all(row["error"] for row in rows[1:3])
    assert len(recordings_of(desk, project, "mixed")) == 2


def test_a_missing_file_is_reported_and_the_others_are_imported(desk: Place, project: str, tmp_path: Path) -> None:
    (good,) = written(tmp_path, {"a.txt": FORMS["lines.txt"]})
    rows = run_import(desk, project, "missing", str(tmp_path / "gone.vtt"), good, code=1)
    assert column(rows, "status") == ["failed", "imported"]
    assert rows[0]["error"] == "The file can't be read: no such file or directory."


def test_a_file_longer_than_the_api_takes_is_refused_without_being_read_whole(
    desk: Place, project: str, tmp_path: Path
) -> None:
    endless = tmp_path / "endless.txt"
    endless.symlink_to("/dev/zero")
    (row,) = run_import(desk, project, "long", str(endless), code=1)
    assert (row["status"], row["error"]) == ("failed", "The file is larger than 256 MiB.")


def test_text_output_has_a_line_for_each_file(desk: Place, project: str, tmp_path: Path) -> None:
    paths = written(tmp_path, {"a.txt": FORMS["lines.txt"], "b.json": "{"})
    done = desk.cli("import", *paths, "--project", project, "--end-user", "lines", check=False)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["imported", "failed"]
    assert "Traceback" not in done.stderr


def test_the_same_bytes_again_are_skipped(desk: Place, project: str, tmp_path: Path) -> None:
    first, other = written(tmp_path, {"a.vtt": FORMS["cues.vtt"], "renamed.vtt": FORMS["cues.vtt"]})
    (made,) = run_import(desk, project, "again", first)
    rows = run_import(desk, project, "again", first, other)
    assert rows == [{**made, "status": "skipped"}, {**made, "file": other, "status": "skipped"}]
    assert len(recordings_of(desk, project, "again")) == 1


def test_the_same_bytes_of_another_end_user_are_imported(desk: Place, project: str, tmp_path: Path) -> None:
    paths = written(tmp_path, {"a.vtt": FORMS["cues.vtt"]})
    assert column([*run_import(desk, project, "ann", *paths), *run_import(desk, project, "ben", *paths)], "status") == [
        "imported", "imported"]  # fmt: skip


def test_a_file_whose_recording_was_deleted_is_imported_again(desk: Place, project: str, tmp_path: Path) -> None:

    paths = written(tmp_path, {"a.vtt": FORMS["cues.vtt"]})
    (made,) = run_import(desk, project, "deleted", *paths)

    async def work(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, project, "live")
        await runtime.deletion.delete_recording(tenant, made["recording_id"])

    desk.run(work)
    assert column(run_import(desk, project, "deleted", *paths), "status") == ["imported"]


def test_a_native_file_brings_its_name_time_and_metadata(desk: Place, project: str, tmp_path: Path) -> None:
    more = {"name": "Kick-off", "recorded_at": "2026-05-20T12:00:00+02:00", "metadata": {"room": "4b"}}
    run_import(desk, project, "native", *written(tmp_path, {"a.json": native((0, LAUNCH), **more)}))
    (stored,) = recordings_of(desk, project, "native")
    assert (stored.name, stored.recorded_us) == ("Kick-off", 1_779_271_200_000_000)
    assert json.loads(stored.metadata_json or "") == {"room": "4b"}


def test_options_override_a_files_own_values(desk: Place, project: str, tmp_path: Path) -> None:
    paths = written(tmp_path, {"a.json": native((0, LAUNCH), name="Kick-off", recorded_at="2026-05-20T12:00:00Z")})
    flags = ("--name", "Mine", "--recorded-at", "2026-05-20T10:00:00Z")
    run_import(desk, project, "flags", *paths, *flags)
    (stored,) = recordings_of(desk, project, "flags")
    assert (stored.name, stored.recorded_us) == ("Mine", 1_779_271_200_000_000)


def test_a_name_of_the_maximum_length_is_accepted(desk: Place, project: str, tmp_path: Path) -> None:
    (path,) = written(tmp_path, {"a.txt": FORMS["lines.txt"]})
    run_import(desk, project, "named", path, "--name", "n" * 255)
    assert [one.name for one in recordings_of(desk, project, "named")] == ["n" * 255]


def test_a_name_over_the_maximum_length_is_refused(desk: Place, project: str, tmp_path: Path) -> None:
    (path,) = written(tmp_path, {"a.txt": FORMS["lines.txt"]})
    arguments = ("import", path, "--project", project, "--end-user", "long", "--name", "n" * 256)
    assert desk.cli(*arguments, check=False).returncode in (1, 2)
    assert recordings_of(desk, project, "long") == []


def test_an_external_id_over_the_maximum_length_is_refused(desk: Place, project: str, tmp_path: Path) -> None:
    (path,) = written(tmp_path, {"a.txt": FORMS["lines.txt"]})
    done = desk.cli("import", path, "--project", project, "--end-user", "e" * 256, check=False)
    assert done.returncode in (1, 2)
    assert recordings_of(desk, project, "e" * 256) == []


def test_test_data_is_separate_from_live_data(desk: Place, project: str, tmp_path: Path) -> None:
    paths = written(tmp_path, {"a.txt": FORMS["lines.txt"]})
    run_import(desk, project, "modes", *paths, "--mode", "test")
    assert recordings_of(desk, project, "modes", "live") == []
    assert len(recordings_of(desk, project, "modes", "test")) == 1


def test_importing_into_an_unknown_project_is_refused_in_one_sentence(desk: Place, tmp_path: Path) -> None:
    (path,) = written(tmp_path, {"a.txt": FORMS["lines.txt"]})
    done = desk.cli("import", path, "--project", "proj_unknown", "--end-user", "ada", check=False)
    assert "proj_unknown" in check_mistake(done, 1)


# ---- search and ask --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def asked(desk: Place, project: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Return the options for an end user with two recordings."""
    folder = tmp_path_factory.mktemp("asked")
    run_import(desk, project, "asker", *written(folder, {
        "Kick-off.json": native((0, "Good morning, everybody."), (61, LAUNCH)),
        "Budget.json": native((3_700, PRICE)),
    }))  # fmt: skip
    return ("--project", project, "--end-user", "asker")


def test_a_search_shows_where_each_moment_is(desk: Place, asked: tuple[str, ...]) -> None:
    out = desk.cli("search", "price of the lantern", *asked, "--limit", "1").stdout
    assert re.match(r"Budget @ 1:01:40  \d\.\d{3}\n", out)
    assert PRICE in out


def test_a_search_as_json_has_the_shape_of_the_api(desk: Place, asked: tuple[str, ...]) -> None:
    results = json.loads(desk.cli("search", "price of the lantern", *asked, "--json").stdout)["results"]
    assert {"chunk_id", "recording_id", "transcription_id", "chunk_text", "speaker", "start_ms", "end_ms",
            "recorded_at", "score"} <= set(results[0])  # fmt: skip
    assert (results[0]["chunk_text"], results[0]["start_ms"]) == (PRICE, 3_700_000)


def test_a_search_that_finds_nothing_says_so(desk: Place, project: str, tmp_path: Path) -> None:
    desk.cli("projects", "list")
    done = desk.cli("keys", "list", "--project", project)
    assert done.returncode == 0
    run_import(desk, project, "empty", str(tmp_path / "gone.txt"), code=1)
    out = desk.cli("search", "anything", "--project", project, "--end-user", "empty").stdout
    assert out == "Nothing found.\n"


def test_an_answer_cites_recording_and_minute(desk: Place, asked: tuple[str, ...]) -> None:
    out = desk.cli("ask", QUESTION, *asked).stdout
    assert f"“{LAUNCH}” [Kick-off @ 01:01]" in out


def test_an_answer_as_json_has_the_shape_of_the_api(desk: Place, asked: tuple[str, ...]) -> None:
    result = json.loads(desk.cli("ask", QUESTION, *asked, "--json").stdout)
    assert re.fullmatch("as_[A-Za-z0-9]{24}", result["session_id"])
    assert result["sources"]
    parts = result["message"]["parts"]
    assert result["message"]["content"] == "".join(part["text"] for part in parts if part["type"] == "text")
    assert any(part["type"] == "citation" and part["start_ms"] == 61_000 for part in parts)


def test_a_question_may_be_about_one_recording(desk: Place, project: str, asked: tuple[str, ...]) -> None:
    budget = next(one for one in recordings_of(desk, project, "asker") if one.name == "Budget")
    result = json.loads(desk.cli("ask", "What is the price?", *asked, "--recording", budget.id, "--json").stdout)
    cited = {part["recording_id"] for part in result["message"]["parts"] if part["type"] == "citation"}
    assert cited == {budget.id}


@pytest.fixture(scope="session")
def two_voices(desk: Place, project: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Return the options for an end user with a recording of two speakers."""
    lines = [
        ("Ada", "The plumber wants nine hundred euros."),
        ("Bo", "I think the plumber wants twelve hundred euros."),
    ]
    rows = [{"start": 5 * at, "end": 5 * at + 4, "speaker": who, "text": text} for at, (who, text) in enumerate(lines)]
    folder = tmp_path_factory.mktemp("voices")
    run_import(desk, project, "voices", *written(folder, {"House.json": json.dumps({"segments": rows})}))
    return ("--project", project, "--end-user", "voices")


@pytest.mark.parametrize(("speaker", "price"), [("Ada", "nine"), ("bo", "twelve")])
def test_a_question_may_be_about_what_one_person_says(
    desk: Place, two_voices: tuple[str, ...], speaker: str, price: str
) -> None:
    out = desk.cli("ask", "How much does the plumber want?", *two_voices, "--speaker", speaker).stdout
    assert f"{price} hundred" in out
    assert out.count("hundred") == 1
    refused = desk.cli("ask", "And?", *two_voices, "-c", "--speaker", speaker, check=False)
    assert "--speaker" in check_mistake(refused, 2)


def test_a_search_may_be_for_what_one_person_says(desk: Place, two_voices: tuple[str, ...]) -> None:
    assert "twelve hundred" in desk.cli("search", "plumber", *two_voices, "--speaker", "Bo").stdout
    assert desk.cli("search", "plumber", *two_voices, "--speaker", "Zoe").stdout == "Nothing found.\n"
    check_mistake(desk.cli("search", "plumber", *two_voices, "--speaker", "", check=False), 1)


def test_an_end_user_may_be_named_by_id(desk: Place, project: str, asked: tuple[str, ...]) -> None:
    owner = recordings_of(desk, project, "asker")[0].end_user_id
    found = json.loads(desk.cli("search", "price", "--project", project, "--end-user", owner, "--json").stdout)
    assert found["results"]


def test_an_external_id_equal_to_anothers_id_gives_no_access_to_that_end_user(
    desk: Place, fresh_project: str, tmp_path: Path
) -> None:
    first, second = written(tmp_path, {"a.vtt": FORMS["cues.vtt"], "b.txt": FORMS["lines.txt"]})
    run_import(desk, fresh_project, "ada", first)
    ada = recordings_of(desk, fresh_project, "ada")[0].end_user_id

    async def plant(runtime: Runtime) -> None:
        await create_end_user(await get_tenant(runtime.operator, fresh_project, "live"), external_id=ada)

    desk.run(plant)
    run_import(desk, fresh_project, ada, second)
    assert {one.name for one in recordings_of(desk, fresh_project, "ada")} == {"a", "b"}
    found = desk.cli("search", "price", "--project", fresh_project, "--end-user", ada, "--json").stdout
    assert json.loads(found)["results"]


def test_importing_by_id_creates_no_end_user(desk: Place, fresh_project: str, tmp_path: Path) -> None:
    first, second = written(tmp_path, {"a.vtt": FORMS["cues.vtt"], "b.txt": FORMS["lines.txt"]})
    run_import(desk, fresh_project, "ada", first)
    ada = recordings_of(desk, fresh_project, "ada")[0].end_user_id
    run_import(desk, fresh_project, ada, second)
    assert len(recordings_of(desk, fresh_project, "ada")) == 2


@pytest.mark.parametrize("command", ["search", "ask"])
def test_an_unknown_project_is_refused_in_one_sentence(desk: Place, command: str) -> None:
    done = desk.cli(command, QUESTION, "--project", "proj_unknown", "--end-user", "ada", "--json", check=False)
    assert "proj_unknown" in check_mistake(done, 1)


@pytest.mark.parametrize("command", ["search", "ask"])
@pytest.mark.parametrize("user", ["nobody", "eu_nobody"])
def test_an_unknown_end_user_is_refused_in_one_sentence(desk: Place, project: str, command: str, user: str) -> None:
    check_mistake(desk.cli(command, QUESTION, "--project", project, "--end-user", user, check=False), 1)


def test_another_persons_recording_is_refused_in_one_sentence(desk: Place, asked: tuple[str, ...]) -> None:
    check_mistake(desk.cli("ask", QUESTION, *asked, "--recording", "rec_unknown", check=False), 1)


def test_an_unknown_provider_is_refused_in_one_sentence(desk: Place, asked: tuple[str, ...]) -> None:
    check_mistake(desk.cli("ask", QUESTION, *asked, "--provider", "nobody", check=False), 1)


def test_a_blank_question_is_refused_in_one_sentence(desk: Place, asked: tuple[str, ...]) -> None:
    check_mistake(desk.cli("ask", "  ", *asked, check=False), 1)


# ---- wrong usage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["projects", "create"],
        ["projects", "create", "x", "--nonsense"],
        ["projects", "create", ""],
        ["projects", "create", "  "],
        ["projects", "create", "a\x1b[2Jb"],
        ["projects", "create", "a" * 256],
        ["keys", "create", "--project", "proj_x", "--label", "😀" * 128],
        ["keys", "create", "--project", "proj_x", "--label", ""],
        ["keys", "create"],
        ["keys", "create", "--project", "proj_x", "--mode", "lively"],
        ["keys", "create", "--project", "proj_x", "--expires-at", "tomorrow"],
        ["keys", "create", "--project", "proj_x", "--expires-at", "2020-01-01T00:00:00Z"],
        ["keys", "create", "--project", "proj_x", "--expires-at", "9999-12-31T23:59:59-01:00"],
        ["keys", "create", "--project", "proj_x", "--scope", "ask:everything"],
        ["keys", "rotate", "key_x", "--project", "proj_x", "--grace", "soon"],
        ["keys", "list"],
        ["import", "--project", "proj_x", "--end-user", "ada"],
        ["import", "a.txt", "--end-user", "ada"],
        ["import", "a.txt", "--project", "proj_x", "--end-user", "ada", "--recorded-at", "2026-05-20"],
        ["import", "a.txt", "--project", "proj_x", "--end-user", "ada", "--recorded-at", "0001-01-01T00:00:00+01:00"],
        ["search", "--project", "proj_x", "--end-user", "ada"],
        ["search", "x", "--project", "proj_x", "--end-user", "ada", "--limit", "0"],
        ["ask", "x", "--project", "proj_x"],
        ["ask", "x", "y", "--project", "proj_x", "--end-user", "ada"],
        ["serve", "--port", "70000"],
        ["serve", "--port", "x"],
        ["nonsense"],
        ["--nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_2_and_one_sentence(desk: Place, arguments: list[str]) -> None:
    check_mistake(desk.cli(*arguments, check=False), 2)


def test_an_option_out_of_range_is_named(desk: Place) -> None:
    done = desk.cli("search", "x", "--project", "proj_x", "--end-user", "ada", "--limit", "51", check=False)
    assert "--limit" in check_mistake(done, 2)


@pytest.mark.parametrize("arguments", [[], ["projects"], ["keys"]], ids=" ".join)
def test_a_command_alone_shows_its_help(desk: Place, arguments: list[str]) -> None:
    done = desk.cli(*arguments, check=False)
    assert done.returncode == 2
    assert "Usage: " in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARMARK_PORT", "many"),
        ("EARMARK_TURN_WAIT_S", "0"),
        ("EARMARK_EMBEDDING_THREADS", ""),
        ("EARMARK_CONFIG", "nowhere/earmark.toml"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(
    desk: Place, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert name in check_mistake(desk.cli("projects", "list", check=False), 1)


@pytest.mark.parametrize("command", ["doctor", "serve"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARMARK_SERVERS", "{sesame"),
        ("EARMARK_OPENAI", '{"api_key": "sesame…'),
        ("EARMARK_FALLBACK", "sesame"),
        ("EARMARK_TRUSTED_PROXIES", "sesame"),
    ],
)
def test_an_invalid_setting_is_named_without_its_value(
    desk: Place, monkeypatch: pytest.MonkeyPatch, command: str, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    check_setting_named(desk, command, name)


@pytest.mark.parametrize("command", [("doctor",), ("serve", "--port", "0"), ("serve", "--port", "0", "--workers", "2")])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARMARK_DEFAULT_PROVIDER", "gemini"),
        ("EARMARK_SPEECH_ENGINE", "nope"),
        ("EARMARK_FALLBACK", '["nope"]'),
        ("EARMARK_PROVIDER_ALIASES", '{"claude": "nope"}'),
        ("EARMARK_SPEECH_PROVIDER_ALIASES", '{"deepgram": "nope"}'),
    ],
)
def test_a_setting_that_names_what_is_not_configured_is_refused_before_anything_listens(
    desk: Place, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    done = desk.cli(*command, check=False)
    said = done.stdout + done.stderr
    assert (done.returncode, said.count("\n"), "listens" in said) == (1, 1, False), said
    assert said.startswith(f"FAIL settings: {name}: " if command[0] == "doctor" else f"earmark: {name}: ")
    assert "gemini" in said if value == "gemini" else "nope" in said


@pytest.mark.parametrize("command", ["doctor", "serve"])
@pytest.mark.parametrize("content", [b'port = = "sesame"', b'port = "sesame', b"\xff\xfesesame"])
def test_invalid_toml_is_reported_without_its_content(
    desk: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, content: bytes
) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    monkeypatch.setenv("EARMARK_CONFIG", str(file))
    assert str(file) in check_setting_named(desk, command, "EARMARK_CONFIG")


def check_setting_named(desk: Place, command: str, name: str) -> str:
    """`doctor` reports it as a finding, other commands in one sentence."""
    done = desk.cli(command, check=False)
    said = done.stdout + done.stderr
    assert (done.returncode, said.count("\n")) == (1, 1), said
    assert f"{name}: " in said
    assert "sesame" not in said
    return said


# ---- doctor and serve ------------------------------------------------------------------------------


def test_doctor_reports_success(desk: Place) -> None:
    findings = json_lines(desk.cli("doctor", "--json").stdout)
    assert {"settings", "database", "index", "embedder", "speech"} <= set(column(findings, "check"))
    assert all(column(findings, "ok"))


def test_doctor_says_which_part_of_the_speech_engine_is_missing(
    desk: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EARMARK_SPEECH_MODELS_DIR", str(tmp_path))
    done = desk.cli("doctor", "--json", check=False)
    (finding,) = [one for one in json_lines(done.stdout) if not one["ok"]]
    assert (done.returncode, finding["check"]) == (1, "speech")
    assert (
        "encoder_model.ort is missing. Install earmark-weights-speech; in a checkout, run `make install`"
        in finding["says"]
    )


@pytest.mark.parametrize(
    ("version", "is_old"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 53, 0), False)]
)
def test_doctor_warns_of_an_sqlite_whose_log_may_damage_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    version: tuple[int, ...], is_old: bool,
) -> None:  # fmt: skip
    migrate_sqlite(tmp_path / "sqlite" / "earmark.db")
    monkeypatch.setenv("EARMARK_DATA_DIR", str(tmp_path / "sqlite"))
    monkeypatch.setattr(doctor, "warn_of_version", lambda: warn_of_version(version))
    doctor.doctor(models=False, as_json=False)  # a failure would raise
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warn sqlite: SQLite 3.")]
    assert len(warnings) == is_old


def test_doctor_warns_of_an_old_sqlite_only_where_it_is_used(
    desk: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(doctor, "warn_of_version", lambda: warn_of_version((3, 40, 1)))
    doctor.doctor(models=False, as_json=False)
    assert ("warn sqlite" in capsys.readouterr().out) == (desk.database_url is None)


def _damage(path: Path, start: int) -> None:
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    size = path.stat().st_size
    with path.open("r+b") as handle:
        handle.seek(start)
        handle.write(b"\xa5" * (size - start))


@pytest.mark.parametrize("start", [0, 4_096 * 3], ids=["from its header on", "behind its schema"])
def test_doctor_finds_a_damaged_file(tmp_path: Path, start: int) -> None:
    place = Place(tmp_path / "sqlite")  # PostgreSQL checks its own files
    project = place.cli("projects", "create", "Damaged").stdout.strip()
    run_import(place, project, "ada", *written(tmp_path, {"a.txt": FORMS["lines.txt"]}))
    _damage(place.data_dir / "earmark.db", start)
    done = place.cli("doctor", "--json", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert False in column(json_lines(done.stdout), "ok")


def test_other_commands_report_a_damaged_file_in_one_sentence(tmp_path: Path) -> None:
    place = Place(tmp_path / "sqlite")
    place.cli("projects", "create", "Damaged")
    _damage(place.data_dir / "earmark.db", 0)
    check_mistake(place.cli("projects", "list", check=False), 1)


def test_a_port_in_use_is_reported_in_one_sentence(desk: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = check_mistake(desk.cli("serve", "--port", str(port), check=False), 1)
    assert f":{port}" in sentence


def test_commands_work_while_a_server_runs_on_the_same_data(fresh_place: Place, tmp_path: Path) -> None:
    with running(fresh_place) as server:
        project = fresh_place.cli("projects", "create", "Together").stdout.strip()
        key = fresh_place.cli("keys", "create", "--project", project).stdout.strip()
        (row,) = run_import(fresh_place, project, "ada", *written(tmp_path, {"a.txt": FORMS["lines.txt"]}))
        asked = json.loads(fresh_place.cli("ask", QUESTION, "--project", project, "--end-user", "ada", "--json").stdout)
        with server.client(key) as client:
            assert client.get(f"/v1/recordings/{row['recording_id']}").json()["status"] == "completed"
            assert client.get(f"/v1/ask/sessions/{asked['session_id']}").json()["message_count"] == 2

    async def work(runtime: Runtime) -> Recording:
        return await get_recording(await get_tenant(runtime.operator, project, "live"), row["recording_id"])

    assert fresh_place.run(work).name == "a"
