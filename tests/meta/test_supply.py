"""What is installed: the page of licences is true, and locks are checked against advisories that are at hand."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from scripts import check_advisories
from scripts.write_licences import ELSEWHERE, LOCKS, PAGE, installed, licence_of, pins_of

from tests.meta.sources import REPOSITORY

ROWS = re.findall(r"^\| ([a-z0-9-]+) \| (\d\S*) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_of_licences_names_what_is_locked_and_nothing_else() -> None:
    locked = {(pin.name, pin.version) for lock in LOCKS for pin in pins_of(REPOSITORY / lock)}
    assert {(name, version) for name, version, _ in ROWS} == locked, "run `make docs`"


def test_the_page_of_licences_says_what_the_installed_packages_say() -> None:
    packages = installed()
    wrong = [
        (name, licence, licence_of(packages[name]))
        for name, version, licence in ROWS
        if ELSEWHERE not in licence and packages[name].version == version and licence_of(packages[name]) != licence
    ]
    assert wrong == [], "run `make docs`"
    missing = [(name, licence) for name, _, licence in ROWS if ELSEWHERE in licence]
    for_others = re.compile(r"python_full_version >= '3\.\d\d'|sys_platform == '(?:win32|emscripten)'")
    assert [name for name, marker in missing if not for_others.search(marker)] == []


def advisory(*, name: str = "Lantern_Lib", **affected: Any) -> dict[str, Any]:
    about = {"package": {"ecosystem": "PyPI", "name": name}, **affected}
    return {"id": "MADE-UP-1", "aliases": ["CVE-0000-1"], "summary": "A made-up fault.", "affected": [about]}


def ranged(*events: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return advisory(ranges=[{"type": kind, "events": [{name: at} for name, at in events]}])


FIXED = ranged(("introduced", "0"), ("fixed", "2.0"))
CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("1.9", FIXED, True),
    ("0.1.dev1", FIXED, True),
    ("2.0", FIXED, False),
    ("10.0", FIXED, False),
    ("2.0rc1", FIXED, True),
    ("1.0", ranged(("introduced", "1.0"), ("last_affected", "1.4")), True),
    ("1.4", ranged(("introduced", "1.0"), ("last_affected", "1.4")), True),
    ("1.4.1", ranged(("introduced", "1.0"), ("last_affected", "1.4")), False),
    ("3.1", ranged(("introduced", "1.0"), ("fixed", "2.0"), ("introduced", "3.0"), ("fixed", "3.2")), True),
    ("2.5", ranged(("introduced", "1.0"), ("fixed", "2.0"), ("introduced", "3.0"), ("fixed", "3.2")), False),
    ("1.0", advisory(versions=["1.0"]), True),
    ("1.1", advisory(versions=["1.0"]), False),
    ("1.0", ranged(("introduced", "0"), kind="GIT"), False),
    ("1.0", FIXED | {"withdrawn": "2026-01-01T00:00:00Z"}, False),
    ("1.0", advisory(name="other", versions=["1.0"]), False),
]


def written(folder: Path, version: str, *advisories: dict[str, Any]) -> tuple[Path, Path]:
    """Write a lock with one package and an advisory database, and return both."""
    lock, database = folder / "requirements.lock", folder / "osv"
    lock.write_text(f"lantern-lib=={version} ; python_version >= '3' \\\n    --hash=sha256:{'0' * 64}\n")
    database.mkdir()
    other = advisory(name="unrelated", versions=["7"]) | {"id": "MADE-UP-2"}
    for number, one in enumerate([*advisories, other]):
        (database / f"{number}.json").write_text(json.dumps(one))
    return lock, database


@pytest.mark.parametrize(("version", "one", "is_affected"), CASES)
def test_a_locked_version_that_an_advisory_affects_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str, one: dict[str, Any], is_affected: bool
) -> None:
    lock, database = written(tmp_path, version, one)
    assert check_advisories.main(str(database), str(lock)) == is_affected
    shown = capsys.readouterr().out
    assert (f"lantern-lib {version}: MADE-UP-1 (CVE-0000-1) A made-up fault." in shown) == is_affected


def test_advisories_may_lie_in_a_zip(tmp_path: Path) -> None:
    lock, database = written(tmp_path, "1.0", FIXED)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in database.iterdir():
            archive.write(path, path.name)
    assert check_advisories.main(str(tmp_path / "all.zip"), str(lock)) == 1


def test_a_database_without_an_advisory_about_python_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert check_advisories.main(str(tmp_path / "empty")) == 2


def test_the_real_locks_are_read_whole(tmp_path: Path) -> None:
    names = {pin.name for pin in pins_of(REPOSITORY / "requirements.lock")}
    assert len(names) > 40
    assert {"numpy", "sqlalchemy", "starlette", "uvicorn"} <= names
    _, database = written(
        tmp_path, "1.0", advisory(name="Starlette", ranges=[{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}])
    )
    assert check_advisories.main(str(database)) == 1


def test_make_advisories_needs_its_file() -> None:
    done = subprocess.run(["make", "advisories"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "FILE=" in done.stderr
