"""schemathesis against a running server, briefly; `python -m bench.fuzz` takes longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.fuzz import fuzz

from tests.server import Place


@pytest.mark.slow
def test_schemathesis_finds_no_fault_and_reaches_every_operation(fresh_place: Place, tmp_path: Path) -> None:
    done = fuzz(fresh_place, tmp_path, "--max-examples", "8", "--seed", "1", "--max-failures", "10")
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
