"""Tests of PostgreSQL itself; collected only in the run on PostgreSQL (`make test` has both runs)."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--database") == "sqlite" else None
