"""Secure defaults: who can reach a new server, which origins may use it, and who can read its files."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from earmark.cli.data_folder import check_folder
from earmark.cli.serving import NoKeyError, check_keys, is_loopback
from earmark.data_dir import make_private
from earmark.identity.keys import create_key, revoke_key
from earmark.identity.projects import create_project, get_tenant
from earmark.runtime import Runtime
from earmark.storage.migrate import _back_up
from earmark.storage.sqlite import connect
from tests.http.conftest import TALK, Library, error_of
from tests.server import EARMARK, Place, new_project, running

# ---- who can reach it ------------------------------------------------------------------------------


def test_a_server_without_a_key_is_not_reachable_by_others(empty_place: Place) -> None:
    done = empty_place.cli("serve", "--host", "0.0.0.0", "--port", "0", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("earmark: Refusing to listen on 0.0.0.0")
    assert "earmark keys create" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1

    new_project(empty_place)
    process = subprocess.Popen(
        [*EARMARK, "serve", "--host", "0.0.0.0", "--port", "0"],
        env=empty_place.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("earmark listens on http://0.0.0.0:")
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


async def _ensure_refused(runtime: Runtime) -> None:
    with pytest.raises(NoKeyError):
        await check_keys(runtime.settings)


async def test_expired_and_revoked_keys_do_not_count(runtime: Runtime) -> None:
    await _ensure_refused(runtime)
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "keys")).id, "test")
    await _ensure_refused(runtime)
    await create_key(tenant, expires_us=1)
    await revoke_key(tenant, (await create_key(tenant)).id)
    await _ensure_refused(runtime)
    await create_key(tenant)
    await check_keys(runtime.settings)


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("", False), ("192.168.1.5", False), ("2001:db8::1", False), ("nowhere.invalid", False), ("x" * 300, False)],
)  # fmt: skip
def test_only_loopback_addresses_are_reachable_by_this_machine_only(host: str, is_own: bool) -> None:
    assert is_loopback(host) is is_own


# ---- which pages may use it ------------------------------------------------------------------------


def test_other_origins_may_use_the_api_only_where_a_setting_names_them(fresh_place: Place) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    with running(fresh_place, EARMARK_CORS_ORIGINS="https://ask.example, http://localhost:3000/") as server:
        key = new_project(fresh_place).live
        with server.client(key) as client:
            for origin, is_allowed in (
                ("https://ask.example", True), ("http://localhost:3000", True), ("https://ask.example.evil.test", False),
                ("null", False), ("https://ASK.example", False),
            ):  # fmt: skip
                shown = client.get("/v1/ask/sessions", headers={"Origin": origin}).headers
                assert shown.get("access-control-allow-origin") == (origin if is_allowed else None)
                assert shown["vary"] == "Origin"
                assert "access-control-allow-credentials" not in shown
                asked = client.options("/v1/ask/sessions", headers={"Origin": origin, **preflight})
                assert asked.status_code == (204 if is_allowed else 405)
                assert asked.headers.get("access-control-allow-origin") == (origin if is_allowed else None)
                assert ("authorization" in asked.headers.get("access-control-allow-headers", "").lower()) is is_allowed
            refused = client.get("/v1/ask/sessions?limit=0", headers={"Origin": "https://ask.example"})
            assert error_of(refused)["code"] == "invalid_request"
            assert refused.headers["access-control-allow-origin"] == "https://ask.example"


def test_without_the_setting_no_other_origin_may_use_the_api(client: httpx.Client) -> None:
    headers = {"Origin": "https://ask.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/v1/ask/sessions", headers=headers)
        assert answer.status_code == (200 if method == "GET" else 405)
        assert not [name for name in answer.headers if name.startswith("access-control")]


# ---- who can read its files ------------------------------------------------------------------------


@contextmanager
def open_umask() -> Iterator[None]:
    """Set a permissive umask: new files are readable by all unless created otherwise."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def modes_under(folder: Path) -> dict[str, str]:
    found = {".": stat.filemode(folder.stat().st_mode)}
    for path in folder.rglob("*"):
        found[path.relative_to(folder).as_posix()] = stat.filemode(path.stat().st_mode)
    return found


def test_nobody_else_can_read_the_data_folder_or_any_file_in_it(empty_place: Place, tmp_path: Path) -> None:
    transcript = tmp_path / "talk.txt"
    transcript.write_text("Ada: We move the launch.\n")
    with open_umask(), running(empty_place, "--workers", "2") as server:
        project = new_project(empty_place)
        with server.client(project.live) as client:
            library = Library(client)
            library.recording(library.user(), TALK)
        empty_place.cli("import", str(transcript), "--project", project.id, "--end-user", "ada")
        while_running = modes_under(empty_place.data_dir)
    for modes in (while_running, modes_under(empty_place.data_dir)):
        assert {mode for mode in modes.values() if mode not in ("drwx------", "-rw-------")} == set(), modes
    assert "rates.bin" in while_running


def test_a_data_folder_that_was_open_to_others_is_closed_at_start(empty_place: Place) -> None:
    empty_place.data_dir.mkdir(parents=True)
    empty_place.data_dir.chmod(0o777)
    with running(empty_place):
        assert stat.filemode(empty_place.data_dir.stat().st_mode) == "drwx------"


def test_doctor_reports_that_the_data_folder_was_accessible_to_others(empty_place: Place) -> None:
    empty_place.cli("projects", "create", "First")
    empty_place.data_dir.chmod(0o755)
    said = empty_place.cli("doctor").stdout
    assert "ok   data folder: was accessible to others (0755); now to its owner only\n" in said
    assert "ok   data folder: accessible to its owner only\n" in empty_place.cli("doctor").stdout


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_data_folder_of_another_owner_is_reported_and_left_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    (folder := tmp_path / "theirs").mkdir()
    folder.chmod(mode)
    if mode == 0o777:
        somebody_else = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    assert not make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == mode
    found = check_folder(folder)
    assert (found.is_ok, f"is accessible to others ({mode:04o}); run chmod 700" in found.says) == (False, True)


def _make_file(path: Path) -> None:
    path.write_text("x")


def _make_closed(path: Path) -> None:
    path.mkdir(mode=0o000)


def _make_read_only(path: Path) -> None:
    path.mkdir(mode=0o500)


@pytest.mark.parametrize(
    ("make", "says"),
    [(_make_file, "is a file, not a folder"), (_make_closed, "(0000)"), (_make_read_only, "(0500)")],
)
def test_doctor_says_why_a_data_folder_cant_be_used(tmp_path: Path, make: Callable[[Path], None], says: str) -> None:
    make(folder := tmp_path / "data")
    lines = Place(folder).cli("doctor", check=False).stdout.splitlines()
    folder.chmod(0o700)
    assert lines[1].startswith("FAIL data folder: ")
    assert says in lines[1]


def test_doctor_says_that_a_data_folder_cant_be_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (above := tmp_path / "above").mkdir()
    assert not check_folder(above / "data").is_ok
    monkeypatch.setattr(os, "access", lambda path, _: path != above)  # root may write anywhere
    assert (
        check_folder(above / "data").says
        == f"{above / 'data'} does not exist, and this user can't create it in {above}"
    )


def test_a_backup_before_a_migration_is_created_private(tmp_path: Path) -> None:
    target = tmp_path / "earmark.db.before"
    with open_umask(), closing(connect(tmp_path / "earmark.db")) as connection:
        connection.execute("CREATE TABLE words (text TEXT)")
        _back_up(connection, target)
    assert stat.filemode(target.stat().st_mode) == "-rw-------"
