"""Runs once more, one after another, what failed in `make test` while its streams ran beside each other.

Usage: python scripts/rerun_failed_tests.py FOLDER STREAM...
Reads each stream's `STREAM.xml` in FOLDER and writes `STREAM-again.xml` for those of its tests that failed. More than
`MOST` failures are no accident of timing: then nothing is run. `summarize_tests.py` says what failed once and passed
alone (docs/decisions/2026-11-30-failed-tests-run-again-alone.md).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

if __package__:
    from scripts.summarize_tests import read_stream
else:
    from summarize_tests import read_stream

MOST = 5
# The streams that run on another database than the default; so does what is run again of them.
_OPTIONS = {"postgresql": ["--database", "postgresql"]}
_REPORT = ["-p", "no:cacheprovider", "-o", "junit_family=xunit1"]


def main(folder: Path, streams: list[str]) -> None:
    """Run what failed once more, unless too much did."""
    failed = {name: [case.name for case in read_stream(folder, name, 1).cases if case.is_bad] for name in streams}
    if not 0 < sum(map(len, failed.values())) <= MOST:
        return
    for stream, names in failed.items():
        if names:
            report = ["--junitxml", str(folder / f"{stream}-again.xml")]
            command = [sys.executable, "-m", "pytest", *_REPORT, *_OPTIONS.get(stream, []), *report, *names]
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
