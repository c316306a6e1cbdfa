"""The summary of `make test`: whatever goes wrong in a stream is seen, and fails the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripts import rerun_failed_tests
from scripts.summarize_tests import main

from tests.meta.sources import REPOSITORY

REPORT = "-p no:cacheprovider -o junit_family=xunit1 -o junit_logging=all -o junit_log_passing_tests=false".split()
PASSING = "def test_one() -> None:\n    pass\n"
FAILING = "def test_two() -> None:\n    print('seen before it failed')\n    assert 1 == 2\n"
BROKEN = "import pytest\n\n@pytest.fixture\ndef world():\n    raise OSError('no world')\n\ndef test_three(world):\n    pass\n"
SKIPPED = "import pytest\n\ndef test_four():\n    pytest.skip('not here')\n"


def run(folder: Path, stream: str, tests: str) -> str:
    """Run tests as a stream of `make test`; return the argument that says how it ended."""
    file = folder / f"test_{stream}.py"
    file.write_text(tests, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", *REPORT, "-c", "/dev/null", "--rootdir", str(folder), str(file)]
    bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # plugins take a second to import
    with (folder / f"{stream}.log").open("w", encoding="utf-8") as log:
        ended = subprocess.run(
            [*command, "--junitxml", str(folder / f"{stream}.xml")], env=bare, stdout=log, stderr=log, check=False
        )
    return f"{stream}={ended.returncode}"


def test_the_summary_counts_every_stream_and_shows_what_failed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    streams = [run(tmp_path, "first", PASSING + FAILING), run(tmp_path, "second", PASSING + BROKEN + SKIPPED)]
    assert main(tmp_path, streams) == 1
    said = capsys.readouterr().out
    assert said.endswith("2 passed, 1 failed, 1 errors, 1 skipped\n")
    assert "FAILED test_first.py::test_two (first)\nERROR test_second.py::test_three (second)\n" in said
    assert said.count("assert 1 == 2") == 2  # the line and what pytest says of it
    assert said.count("OSError: no world") == 1
    assert "seen before it failed" in said
    assert "second:" in said
    assert "0 failed, 1 errors, 1 skipped (FAILED)" in said


def test_a_run_in_which_all_passed_shows_no_traceback_and_ends_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path, [run(tmp_path, "only", PASSING)]) == 0
    said = capsys.readouterr().out
    assert said.strip().startswith("=")
    assert "slowest tests" in said.splitlines()[0]
    assert "s  test_only.py::test_one (only)" in said


@pytest.mark.parametrize("report", [None, "", "<testsuites><testsuite"])
def test_a_stream_without_a_report_that_can_be_read_fails_the_run_and_its_output_is_shown(
    report: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.log").write_text("the last words\n", encoding="utf-8")
    if report is not None:
        (tmp_path / "cut.xml").write_text(report, encoding="utf-8")
    assert main(tmp_path, ["cut=0"]) == 1
    said = capsys.readouterr().out
    assert "the last words" in said
    assert "no report of its tests (FAILED)" in said


def test_a_stream_that_fails_although_its_tests_passed_fails_the_run(tmp_path: Path) -> None:
    run(tmp_path, "crashed", PASSING)
    assert main(tmp_path, ["crashed=3"]) == 1


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with tests of its own, which are run without this project's plugins and settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return tmp_path


def test_a_test_that_fails_beside_the_others_and_passes_alone_is_named_and_fails_nothing(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once = "import pathlib\n\ndef test_five():\n    seen = pathlib.Path('seen')\n    was, _ = seen.exists(), seen.touch()\n"
    stream = run(bare, "hasty", PASSING + once + "    assert was, 'too early'\n")
    assert stream == "hasty=1"
    assert main(bare, [stream]) == 1
    rerun_failed_tests.main(bare, ["hasty"])
    capsys.readouterr()
    assert main(bare, [stream]) == 0
    said = capsys.readouterr().out
    assert "AssertionError: too early" in said
    assert "UNSTEADY test_hasty.py::test_five (hasty): failed beside the others, passed alone\n2 passed" in said


def test_a_test_that_also_fails_alone_fails_the_run(bare: Path) -> None:
    streams = [run(bare, "steady", PASSING + FAILING), run(bare, "broken", PASSING + BROKEN)]
    rerun_failed_tests.main(bare, ["steady", "broken"])
    assert (bare / "steady-again.xml").exists()
    assert [main(bare, [one]) for one in streams] == [1, 1]


def test_many_failures_are_not_run_again(bare: Path) -> None:
    run(bare, "worse", "".join(FAILING.replace("two", f"n{n}") for n in range(rerun_failed_tests.MOST + 1)))
    rerun_failed_tests.main(bare, ["worse"])
    assert not (bare / "worse-again.xml").exists()


def test_a_stream_that_ran_no_test_fails_the_run(tmp_path: Path) -> None:
    assert main(tmp_path, [run(tmp_path, "empty", "")]) == 1


def test_make_test_summarizes_each_stream_that_it_runs() -> None:
    command = ["make", "-n", "-o", ".venv/.installed", "test"]
    planned = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert {f"build/tests/{one}.xml" in planned for one in ("postgresql", "commands", "http", "rest")} == {True}
    statuses = "postgresql=$(cat build/tests/postgresql.status) commands=$commands http=$http rest=$rest"
    assert f"summarize_tests.py build/tests {statuses}" in planned
    assert "rerun_failed_tests.py build/tests postgresql commands http rest" in planned
    assert all(option in planned for option in REPORT)
