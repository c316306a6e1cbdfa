"""`python -m tests.hearing_earmark …`: the command line, with engines that follow scripts (`hearing_server.py`)."""

from __future__ import annotations

from earmark.cli.main import run
from tests import hearing_server  # noqa: F401 (puts the scripted engines in place)

if __name__ == "__main__":
    run()
